/** What is read to judge whether Headroom and Stripe agree. Ages are seconds, 0 where nothing waits; `ago`: since then. */
export interface BillingSignals {
  /** Events of Stripe's that wait to be applied. */
  pending: number;
  oldestPendingSeconds: number;
  /** Events that wait for a link, a price, a version of Headroom. */
  unlinked: number;
  unknownPrice: number;
  unknownStatus: number;
  oldestParkedSeconds: number;
  /** Events that were given up. */
  dead: number;
  /** Events of the other mode than the key's, of connected accounts, and such as cannot be stored. */
  quarantined: number;
  /** How often a sweep found what no event had brought, and when last; null: never. */
  drift: number;
  driftedAgo: number | null;
  /** Customers whose last sync or sweep failed. */
  failing: number;
  /** The last backfill that came to its end; null: never. */
  backfill: { ago: number; listed: number; kept: number } | null;
  /** Billing is live: the worker changes something at Stripe. */
  live: boolean;
  /** Ended periods that are not closed and billed, and lines of the ledger that wait for nothing but us. */
  unsettled: number;
  oldestUnsettledSeconds: number;
  /** Lines that were made while billing was live, and wait until it is again; 0 while it is. */
  waitingLines: number;
  oldestWaitingSeconds: number;
  /** Periods that are not closed, have overage, and are billed by nobody as billing stands. */
  unbilled: number;
  /** Draft invoices whose finalization was moved out, until their overage is on them. */
  heldInvoices: number;
  oldestHeldSeconds: number;
  /** Meter events of which it is not known whether they arrived, and how long ago the oldest was sent. */
  ambiguousPushes: number;
  oldestAmbiguousSeconds: number;
  /** Meter events that Stripe did not count, ever, and when the last one was found; null: never. */
  rejectedPushes: number;
  rejectedAgo: number | null;
  /** Payments that a customer disputes, until Stripe says that it is over. */
  disputes: number;
  oldestDisputeSeconds: number;
  /** The last comparison of ledger, recount and Stripe's invoice lines; null: never. */
  ledger: Comparison | null;
  /** The last recount of usage; null: never. */
  usage: Comparison | null;
}

export interface Comparison {
  ago: number;
  differences: number;
}

/** Each has a runbook of its name. */
export const healthSignalNames = [
  "events_waiting",
  "events_parked",
  "events_dead",
  "events_quarantined",
  "customers_failing",
  "drift",
  "backfill",
  "periods_unsettled",
  "periods_unbilled",
  "lines_waiting",
  "invoices_held",
  "pushes_ambiguous",
  "pushes_rejected",
  "disputes",
  "ledger",
  "usage",
] as const;

export type HealthSignalName = (typeof healthSignalNames)[number];

/** `warning`: somebody should look today; `alert`: money or limits may be wrong by now. */
export type HealthState = "ok" | "warning" | "alert";

export interface HealthSignal {
  name: HealthSignalName;
  state: HealthState;
  /** How many there are; of `backfill` how many events the last one had to bring. */
  count: number;
  /** How long the oldest has waited, or the last look is ago; null: that says nothing here. */
  seconds: number | null;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** What waits this long is not on its way any more; the seconds of ordinary work are far below. */
const limits = {
  eventSeconds: 5 * minute,
  parkedSeconds: day,
  driftSeconds: day,
  backfillSeconds: 3 * hour,
  unsettled: { warning: 5 * minute, alert: 30 * minute },
  heldSeconds: 12 * hour,
  // A draft is final a day after it was made, and its line tells.
  ambiguousSeconds: 26 * hour,
  rejectedSeconds: 2 * day,
  checkSeconds: 2 * day,
  // Stripe takes an answer for a week at least.
  disputeSeconds: 3 * day,
};

/**
 * Judges the readings, in the order of `healthSignalNames`.
 * @param stripe whether there is a Stripe at all: without one, nothing of it can be late.
 */
export function judgeBilling(signals: BillingSignals, stripe: boolean): HealthSignal[] {
  const { driftedAgo, rejectedAgo } = signals;
  const backfillAgo = signals.backfill?.ago ?? null;
  const parked = signals.unlinked + signals.unknownPrice + signals.unknownStatus;
  const judged: Record<HealthSignalName, Omit<HealthSignal, "name">> = {
    events_waiting: {
      state: signals.oldestPendingSeconds > limits.eventSeconds ? "alert" : "ok",
      count: signals.pending,
      seconds: signals.oldestPendingSeconds,
    },
    events_parked: {
      state: parked === 0 ? "ok" : worse(signals.oldestParkedSeconds > limits.parkedSeconds),
      count: parked,
      seconds: signals.oldestParkedSeconds,
    },
    events_dead: { state: signals.dead === 0 ? "ok" : "alert", count: signals.dead, seconds: null },
    events_quarantined: {
      state: signals.quarantined === 0 ? "ok" : "warning",
      count: signals.quarantined,
      seconds: null,
    },
    customers_failing: {
      state: signals.failing === 0 ? "ok" : "warning",
      count: signals.failing,
      seconds: null,
    },
    drift: {
      state: driftedAgo !== null && driftedAgo < limits.driftSeconds ? "warning" : "ok",
      count: signals.drift,
      seconds: driftedAgo,
    },
    backfill: {
      state: stripe && (backfillAgo === null || backfillAgo > limits.backfillSeconds) ? "warning" : "ok",
      count: signals.backfill?.kept ?? 0,
      seconds: backfillAgo,
    },
    periods_unsettled: {
      state: unsettledState(signals.oldestUnsettledSeconds),
      count: signals.unsettled,
      seconds: signals.oldestUnsettledSeconds,
    },
    // In the shadow that is what is wanted; once live, it is overage that nobody bills.
    periods_unbilled: {
      state: signals.live && signals.unbilled > 0 ? "warning" : "ok",
      count: signals.unbilled,
      seconds: null,
    },
    lines_waiting: {
      state: signals.waitingLines > 0 ? "warning" : "ok",
      count: signals.waitingLines,
      seconds: signals.oldestWaitingSeconds,
    },
    // In the shadow nobody gives a draft back: Stripe finalizes it within a day.
    invoices_held: {
      state:
        signals.heldInvoices === 0 || !signals.live
          ? "ok"
          : worse(signals.oldestHeldSeconds > limits.heldSeconds),
      count: signals.heldInvoices,
      seconds: signals.oldestHeldSeconds,
    },
    pushes_ambiguous: {
      state:
        signals.ambiguousPushes === 0
          ? "ok"
          : worse(signals.oldestAmbiguousSeconds > limits.ambiguousSeconds),
      count: signals.ambiguousPushes,
      seconds: signals.oldestAmbiguousSeconds,
    },
    pushes_rejected: {
      state: rejectedAgo !== null && rejectedAgo < limits.rejectedSeconds ? "warning" : "ok",
      count: signals.rejectedPushes,
      seconds: rejectedAgo,
    },
    disputes: {
      state: signals.disputes === 0 ? "ok" : worse(signals.oldestDisputeSeconds > limits.disputeSeconds),
      count: signals.disputes,
      seconds: signals.oldestDisputeSeconds,
    },
    ledger: compared(signals.ledger),
    usage: compared(signals.usage),
  };
  return healthSignalNames.map((name) => ({ name, ...judged[name] }));
}

/** The worst of them. */
export function worstState(signals: readonly Pick<HealthSignal, "state">[]): HealthState {
  const has = (state: HealthState) => signals.some((one) => one.state === state);
  return has("alert") ? "alert" : has("warning") ? "warning" : "ok";
}

function worse(isLong: boolean): HealthState {
  return isLong ? "alert" : "warning";
}

function unsettledState(seconds: number): HealthState {
  if (seconds > limits.unsettled.alert) {
    return "alert";
  }
  return seconds > limits.unsettled.warning ? "warning" : "ok";
}

/** Compared once a day. Never yet, as on the first day, is no fault; not any more is one, whatever was seen then. */
function compared(check: Comparison | null): Omit<HealthSignal, "name"> {
  const count = check?.differences ?? 0;
  const seconds = check?.ago ?? null;
  const isLate = seconds !== null && seconds > limits.checkSeconds;
  return { state: count > 0 ? "alert" : isLate ? "warning" : "ok", count, seconds };
}
