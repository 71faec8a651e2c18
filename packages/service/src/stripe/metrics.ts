import type { BillingSignals, HealthState } from "@headroom/domain/billing-health";
import type { Metrics } from "@headroom/platform/metrics";
import { type BillingHealth, readBillingHealth } from "../billing-health.ts";
import type { ServiceContext } from "../context.ts";

const gauges: Record<string, { help: string; read: (signals: BillingSignals) => number }> = {
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
  headroom_stripe_oldest_parked_seconds: {
    help: "How long the Stripe event that is parked longest has been so",
    read: ({ oldestParkedSeconds }) => oldestParkedSeconds,
  },
  headroom_stripe_dead_events: {
    help: "Stripe events that were given up, kept until an operator looks",
    read: ({ dead }) => dead,
  },
  headroom_stripe_quarantined_events: {
    help: "Stripe events of the other mode than the key's, of connected accounts, and such as cannot be stored",
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
  headroom_billing_unsettled: {
    help: "Ended periods that are not closed and billed, and ledger lines that wait for nothing but Headroom",
    read: ({ unsettled }) => unsettled,
  },
  headroom_billing_oldest_unsettled_seconds: {
    help: "How long the oldest of them has waited",
    read: ({ oldestUnsettledSeconds }) => oldestUnsettledSeconds,
  },
  headroom_billing_unbilled_periods: {
    help: "Open periods with overage that nobody bills: billing is not live, or was not when they began",
    read: ({ unbilled }) => unbilled,
  },
  headroom_billing_waiting_lines: {
    help: "Ledger lines that wait until billing is live again",
    read: ({ waitingLines }) => waitingLines,
  },
};

const states: readonly Exclude<HealthState, "ok">[] = ["warning", "alert"];

/**
 * The metrics `headroom_stripe_…` and `headroom_billing_…`, the same in every process that shows them: they are read from the
 * database, once for each reading of the metrics. @param context `db` as hr_worker or hr_webhook
 */
export function exposeStripe(context: Pick<ServiceContext, "db" | "stripe">, metrics: Metrics): void {
  const readings = Object.entries(gauges).map(
    ([name, { help, read }]) =>
      [name, { help, read: (health: BillingHealth) => read(health.readings) }] as const,
  );
  const counts = states.map((state) => {
    const help = `Signals of billing's health that are at "${state}"`;
    const read = ({ signals }: BillingHealth) => signals.filter((one) => one.state === state).length;
    return [`headroom_billing_${state}s`, { help, read }] as const;
  });
  metrics.exposeReadings(() => readBillingHealth(context), Object.fromEntries([...readings, ...counts]));
}
