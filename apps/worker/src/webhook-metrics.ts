import type { Database } from "@headroom/db/client";
import type { Metrics } from "@headroom/platform/metrics";
import { type AttemptObserver, webhookState } from "@headroom/service/webhook-delivery";
import { Counter } from "prom-client";

type WebhookState = NonNullable<Awaited<ReturnType<typeof webhookState>>>;

const gauges: Record<string, { help: string; read: (state: WebhookState) => number }> = {
  headroom_webhook_waiting_deliveries: {
    help: "Deliveries to enabled endpoints that are to be made, retries too",
    read: ({ waiting }) => waiting,
  },
  headroom_webhook_oldest_waiting_seconds: {
    help: "How long the oldest of them has been there",
    read: ({ oldestWaitingSeconds }) => oldestWaitingSeconds,
  },
  headroom_webhook_failed_deliveries: {
    help: "Deliveries that were given up, as long as they are kept",
    read: ({ failed }) => failed,
  },
  headroom_webhook_endpoints: { help: "Endpoints", read: ({ endpoints }) => endpoints },
  headroom_webhook_failing_endpoints: {
    help: "Enabled endpoints whose latest attempt failed",
    read: ({ failing }) => failing,
  },
  headroom_webhook_disabled_endpoints: {
    help: "Endpoints that are disabled, by whomever",
    read: ({ disabled }) => disabled,
  },
  headroom_webhook_given_up_endpoints: {
    help: "Endpoints that Headroom disabled, because they failed for days or said that they are gone",
    read: ({ disabledByUs }) => disabledByUs,
  },
};

/**
 * The metrics `headroom_webhook_…`. The gauges are read from the database and the same in every worker; the counters are of this process.
 * @param database as hr_worker. @returns what counts the attempts
 */
export function exposeWebhooks(database: Database, metrics: Metrics): AttemptObserver {
  metrics.exposeReadings(() => webhookState({ db: database }), gauges);
  const attempts = new Counter({
    name: "headroom_webhook_attempts_total",
    help: "Attempts to deliver, by outcome: delivered or failed",
    labelNames: ["outcome"],
    registers: [metrics.registry],
  });
  const failures = new Counter({
    name: "headroom_webhook_failures_total",
    help: "Attempts that failed, by reason: the answer's class, such as 5xx, or why there was none",
    labelNames: ["reason"],
    registers: [metrics.registry],
  });
  for (const outcome of ["delivered", "failed"]) {
    attempts.inc({ outcome }, 0);
  }
  return ({ failure }) => {
    attempts.inc({ outcome: failure === null ? "delivered" : "failed" });
    if (failure !== null) {
      failures.inc({ reason: failure });
    }
  };
}
