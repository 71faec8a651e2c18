import type { AuditAction } from "./audit-actions.ts";
/** Instants are milliseconds since 1970 in UTC. */
export type Instant = number;

/** One item of a subscription as Stripe has it, with what its price says of itself. */
export interface ItemSnapshot {
  id: string;
  priceId: string;
  lookupKey: string | null;
  /** The price's metadata. */
  metadata: Readonly<Record<string, string>>;
  quantity: number;
  interval: string;
  periodStart: Instant;
  periodEnd: Instant;
}

/**
 * A change to a cheaper plan waits for the end of the paid period: Stripe's items have the new plan at once, so that the
 * renewal bills it whatever happens to us meanwhile, and the subscription's metadata says what holds until then.
 */
export interface KeptPlan {
  planId: string;
  planVersion: number;
  until: Instant;
  /** Seats bought that hold as long as the plan does; null: as many as the items say. */
  seats: number | null;
}

/** A phase of a schedule that has not begun. */
export interface ComingPhase {
  at: Instant;
  /** The ids of its items' prices. */
  priceIds: readonly string[];
}

/** When an invoice was finalized, and when it is due (sent invoices only). */
export interface InvoiceSnapshot {
  finalizedAt: Instant | null;
  dueAt: Instant | null;
}

/** A subscription as Stripe has it now. */
export interface SubscriptionSnapshot {
  id: string;
  /** Stripe's word; it may be one that this code does not know yet. */
  status: string;
  created: Instant;
  /** The subscription's own metadata names one of our organizations: our checkout made it. */
  claimed: boolean;
  currency: string;
  anchor: Instant;
  trialEnd: Instant | null;
  cancelAt: Instant | null;
  cancelAtPeriodEnd: boolean;
  endedAt: Instant | null;
  /** The plan that was paid for and holds until an instant, although the items carry the next one already. */
  kept: KeptPlan | null;
  /** What the schedule that manages it has planned, in its order; none without a running schedule. */
  coming: readonly ComingPhase[];
  /** Stripe's word for why it is paused; null: it is not. */
  pausedFor: string | null;
  /** The newest invoice. */
  latestInvoice: InvoiceSnapshot | null;
  /** Its open invoices, in any order; asked for only where it is past due or unpaid, else none. */
  openInvoices: readonly InvoiceSnapshot[];
  items: readonly ItemSnapshot[];
}

export type SubscriptionState =
  | "none"
  | "incomplete"
  | "trialing"
  | "active"
  | "past_due"
  | "restricted"
  | "suspended"
  | "ended";

/** `seats_differ`: somebody sets the seats of an `auto` plan at Stripe again and again, and we gave in. */
export type Attention = "unknown_price" | "unknown_status" | "multiple_subscriptions" | "seats_differ";

/** What an organization's subscription comes to. The plan holds until `limitsUntil`, then the base plan does. */
export interface SubscriptionFacts {
  source: "none" | "stripe" | "operator";
  state: SubscriptionState;
  planId: string | null;
  planVersion: number | null;
  /**
   * The plan that takes over at an instant, while one waits. `scheduled`: a schedule at Stripe brings it, and the items
   * are those of the plan that holds until then; otherwise the items are those of the plan that waits.
   */
  pending: { planId: string; planVersion: number; at: Instant; scheduled: boolean } | null;
  limitsUntil: Instant | null;
  overageAllowed: boolean;
  seatsPurchased: number;
  /** Where months are counted from; null: no subscription runs. */
  anchor: Instant | null;
  periodStart: Instant | null;
  periodEnd: Instant | null;
  interval: string | null;
  currency: string | null;
  trialEnd: Instant | null;
  trialUsed: boolean;
  cancelAt: Instant | null;
  pastDueSince: Instant | null;
  attention: Attention | null;
  subscriptionId: string | null;
  status: string | null;
  /** Stripe's word for why it is paused. */
  pausedFor: string | null;
  planItemId: string | null;
  seatItemId: string | null;
}

/** The facts of an organization that never had a subscription. */
export const noSubscription: SubscriptionFacts = {
  source: "none",
  state: "none",
  planId: null,
  planVersion: null,
  pending: null,
  limitsUntil: null,
  overageAllowed: false,
  seatsPurchased: 0,
  anchor: null,
  periodStart: null,
  periodEnd: null,
  interval: null,
  currency: null,
  trialEnd: null,
  trialUsed: false,
  cancelAt: null,
  pastDueSince: null,
  attention: null,
  subscriptionId: null,
  status: null,
  pausedFor: null,
  planItemId: null,
  seatItemId: null,
};

/** The names of the facts in which two states differ. */
export function differingFacts(before: SubscriptionFacts, after: SubscriptionFacts): string[] {
  const names = Object.keys(after) as (keyof SubscriptionFacts)[];
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name])).sort();
}

const overAtStripe: readonly string[] = ["canceled", "incomplete_expired", "deleted"];

/**
 * True while Stripe has a subscription that it may still charge for, also one that could not be read: what is kept instead is
 * what was before, which may be nothing.
 */
export function isLiveAtStripe({ subscriptionId, status, attention }: SubscriptionFacts): boolean {
  const isUnread = attention === "unknown_price" || attention === "unknown_status";
  return isUnread || (subscriptionId !== null && !overAtStripe.includes(status ?? "deleted"));
}

/** The plan that waits and that Stripe's items name already; null: the items name the plan that holds. */
export function waitingInItems({
  pending,
}: Pick<SubscriptionFacts, "pending">): SubscriptionFacts["pending"] {
  return pending === null || pending.scheduled ? null : pending;
}

/** The state at an instant: grace and scheduled cancellation run out without an event. */
export function stateAt(
  facts: Pick<SubscriptionFacts, "state" | "limitsUntil">,
  now: Instant,
): SubscriptionState {
  if (facts.limitsUntil === null || now < facts.limitsUntil) {
    return facts.state;
  }
  if (facts.state === "active" || facts.state === "trialing") {
    return "ended";
  }
  return facts.state === "past_due" ? "restricted" : facts.state;
}

/**
 * The plan whose limits hold at an instant: the subscription's, the pending one from its instant on, or the base plan once
 * the limits have run out. `plan_in_force` is the same in SQL.
 */
export function planAt(
  facts: Pick<SubscriptionFacts, "planId" | "planVersion" | "pending" | "limitsUntil">,
  base: { planId: string; planVersion: number },
  now: Instant,
): { planId: string; planVersion: number } {
  const { planId, planVersion, pending, limitsUntil } = facts;
  const holds = limitsUntil === null || now < limitsUntil;
  if (!holds || planId === null || planVersion === null) {
    return base;
  }
  return pending !== null && now >= pending.at
    ? { planId: pending.planId, planVersion: pending.planVersion }
    : { planId, planVersion };
}

/** Something about a subscription that the audit trail tells. */
export interface Transition {
  action: AuditAction & `subscription.${string}`;
  data: Record<string, string | number | null>;
}

/** What changed between two states, in words for the audit trail; nothing when nothing did. */
export function transitionsOf(previous: SubscriptionFacts, next: SubscriptionFacts): Transition[] {
  const found: Transition[] = [];
  const tell = (action: Transition["action"], data: Transition["data"]) => found.push({ action, data });
  if (previous.planId !== next.planId || previous.planVersion !== next.planVersion) {
    const plans = { from: previous.planId, to: next.planId, version: next.planVersion };
    tell(planAction(previous, next), { ...plans, subscription: next.subscriptionId });
  }
  if (
    next.planId !== null &&
    (previous.pending?.planId !== next.pending?.planId || previous.pending?.at !== next.pending?.at)
  ) {
    tell(next.pending === null ? "subscription.plan_change_ended" : "subscription.plan_change_scheduled", {
      from: next.planId,
      to: next.pending?.planId ?? null,
      at: next.pending?.at ?? null,
    });
  }
  if (previous.state !== next.state) {
    const change: Transition["data"] = { from: previous.state, to: next.state };
    if (next.pausedFor !== null) {
      change.reason = next.pausedFor;
    }
    tell("subscription.state_changed", change);
  }
  if (previous.seatsPurchased !== next.seatsPurchased) {
    tell("subscription.seats_changed", { from: previous.seatsPurchased, to: next.seatsPurchased });
  }
  if (previous.cancelAt !== next.cancelAt && next.anchor !== null) {
    tell(next.cancelAt === null ? "subscription.cancel_withdrawn" : "subscription.cancel_scheduled", {
      cancelAt: next.cancelAt,
    });
  }
  if (next.attention !== null && previous.attention !== next.attention) {
    tell("subscription.attention_raised", { attention: next.attention, status: next.status });
  }
  return found;
}

function planAction(previous: SubscriptionFacts, next: SubscriptionFacts): Transition["action"] {
  if (previous.planId === null) {
    return "subscription.started";
  }
  return next.planId === null ? "subscription.ended" : "subscription.plan_changed";
}
