import type { Metrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "../context.ts";
import { readStripeStatus, type StripeStatus } from "../inbox-upkeep.ts";

const gauges: Record<string, { help: string; read: (status: StripeStatus) => number }> = {
  headroom_stripe_pending_events: {
    help: "Stripe events that wait to be applied",
    read: ({ pending }) => pending,
  },
  headroom_stripe_oldest_pending_seconds: {
    help: "How long the oldest Stripe event that waits has been here",
    read: ({ oldestPendingSeconds }) => oldestPendingSeconds,
  },
  headroom_stripe_parked_events: {
    help: "Stripe events that wait for a link, a price or a version of Headroom",
    read: ({ unlinked, unknownPrice, unknownStatus }) => unlinked + unknownPrice + unknownStatus,
  },
  headroom_stripe_dead_events: {
    help: "Stripe events that were given up, kept until an operator looks",
    read: ({ dead }) => dead,
  },
  headroom_stripe_quarantined_events: {
    help: "Stripe events of the other mode than the key's",
    read: ({ quarantined }) => quarantined,
  },
  headroom_stripe_drift: {
    help: "How often a sweep found at Stripe what no event had brought",
    read: ({ drift }) => drift,
  },
  headroom_stripe_failing_customers: {
    help: "Customers whose last synchronization with Stripe failed",
    read: ({ failing }) => failing,
  },
};

/**
 * The metrics `headroom_stripe_…`, the same in every process that shows them: they are read from the database, once for
 * each reading of the metrics. @param context `db` as hr_worker or hr_webhook
 */
export function exposeStripe(context: Pick<ServiceContext, "db">, metrics: Metrics): void {
  metrics.exposeReadings(() => readStripeStatus(context), gauges);
}
