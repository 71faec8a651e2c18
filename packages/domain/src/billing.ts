import { type Catalogue, isVersion, type MappedItem, mapItem, planItemOf } from "./catalogue.ts";
import {
  type ComingPhase,
  type Instant,
  type InvoiceSnapshot,
  noSubscription,
  type SubscriptionFacts,
  type SubscriptionSnapshot,
  waitingInItems,
} from "./subscriptions.ts";

export interface Reduction {
  facts: SubscriptionFacts;
  /** Where a usage period starts that the previous facts did not know; null: the running one goes on. */
  periodStart: Instant | null;
}

const day = 86_400_000;

// The order in which live subscriptions win. A status that this code does not know yet stands behind `unpaid`.
const ranking = ["active", "trialing", "past_due", "paused", "unpaid", "unknown", "incomplete"];
const terminal: readonly string[] = ["canceled", "incomplete_expired"];

/**
 * Reduces everything that Stripe has of one customer to the facts that limits follow from. Pure: the same snapshot
 * gives the same facts in whatever order events came, and applying it twice changes nothing.
 */
export function reduceSubscription(
  subscriptions: readonly SubscriptionSnapshot[],
  catalogue: Catalogue,
  previous: SubscriptionFacts,
  now: Instant,
): Reduction {
  const isKnown = (one: SubscriptionSnapshot) => one.id === previous.subscriptionId;
  const ours = subscriptions.filter((one) => isBase(one, catalogue) || isKnown(one)).sort(byRank);
  const trialUsed = previous.trialUsed || ours.some((one) => one.trialEnd !== null);
  const live = ours.filter((one) => !terminal.includes(one.status));
  const winner = live[0];
  const kept = { ...previous, trialUsed };
  if (!winner || winner.status === "incomplete") {
    const before = subscriptions.find((one) => one.id === previous.subscriptionId);
    return ended(winner ?? ours[0] ?? null, kept, endOf(before?.endedAt ?? null, now));
  }
  const plan = planItemOf(winner, catalogue);
  if (!plan) {
    return { facts: { ...kept, attention: "unknown_price" }, periodStart: null };
  }
  if (rankOf(winner) === "unknown") {
    return { facts: { ...kept, attention: "unknown_status" }, periodStart: null };
  }
  const facts = running(winner, plan, catalogue, kept, now);
  // Without the known one that names no plan any more: the next reduction does not know it.
  const rivals = live.filter((one) => one.status !== "incomplete" && isBase(one, catalogue));
  const started = facts.subscriptionId !== previous.subscriptionId || previous.anchor === null;
  return {
    facts: { ...facts, attention: rivals.length > 1 ? "multiple_subscriptions" : facts.attention },
    periodStart: started || facts.periodStart !== previous.periodStart ? facts.periodStart : null,
  };
}

// Stripe names the second in which a subscription ended: what was used within it was used before.
function endOf(endedAt: Instant | null, now: Instant): Instant {
  return endedAt === null ? now : Math.min(endedAt + 999, Math.max(now, endedAt));
}

// An operator's assignment is not Stripe's to end.
function ended(last: SubscriptionSnapshot | null, previous: SubscriptionFacts, at: Instant): Reduction {
  const hasNothing = last === null && previous.source === "none" && previous.state !== "incomplete";
  if (previous.source === "operator" || hasNothing) {
    // Nothing is left that anybody could see to.
    return { facts: { ...previous, attention: null }, periodStart: null };
  }
  const facts: SubscriptionFacts = {
    ...noSubscription,
    state: last?.status === "incomplete" ? "incomplete" : "ended",
    currency: previous.currency,
    trialUsed: previous.trialUsed,
    subscriptionId: last?.id ?? previous.subscriptionId,
    status: last?.status ?? "deleted",
  };
  return { facts, periodStart: previous.anchor === null ? null : at };
}

function running(
  subscription: SubscriptionSnapshot,
  plan: MappedItem,
  catalogue: Catalogue,
  previous: SubscriptionFacts,
  now: Instant,
): SubscriptionFacts {
  const same = previous.subscriptionId === subscription.id ? previous : null;
  const cancelAt = subscription.cancelAt ?? (subscription.cancelAtPeriodEnd ? plan.item.periodEnd : null);
  const graceDays = catalogue.plans.find((one) => isVersion(one, plan))?.graceDays ?? 0;
  const seats = subscription.items
    .map((item) => mapItem(item, catalogue))
    .filter((mapped) => mapped?.role === "seat");
  const plans = plansOf(subscription, plan, catalogue);
  const keptSeats = waitingInItems(plans) === null ? null : (subscription.kept?.seats ?? null);
  const seatsPurchased = keptSeats ?? seats.reduce((sum, seat) => sum + (seat?.item.quantity ?? 0), 0);
  // Raised where members are counted, and true for as long as nobody changes the quantity.
  const differs = same?.attention === "seats_differ" && same.seatsPurchased === seatsPurchased;
  return {
    ...standing(
      subscription,
      { same, behindSince: behindSince(subscription, plan), cancelAt, now },
      { graceDays, overageWhilePastDue: catalogue.overageWhilePastDue },
    ),
    source: "stripe",
    ...plans,
    seatsPurchased,
    anchor: subscription.anchor,
    periodStart: plan.item.periodStart,
    periodEnd: plan.item.periodEnd,
    interval: plan.item.interval,
    currency: subscription.currency,
    trialEnd: subscription.trialEnd,
    trialUsed: previous.trialUsed,
    cancelAt,
    attention: differs ? "seats_differ" : null,
    subscriptionId: subscription.id,
    status: subscription.status,
    pausedFor: subscription.pausedFor,
    planItemId: plan.item.id,
    seatItemId: seats.map((seat) => seat?.item.id ?? "").sort()[0] ?? null,
  };
}

/**
 * The plan that holds and the one that waits. What is kept is kept for the period that it was kept for, no other, and
 * goes before what a schedule plans.
 */
function plansOf(
  { kept, coming }: SubscriptionSnapshot,
  { planId, planVersion, item }: MappedItem,
  catalogue: Catalogue,
): Pick<SubscriptionFacts, "planId" | "planVersion" | "pending"> {
  const isKept = kept !== null && kept.until === item.periodEnd;
  if (!isKept || !catalogue.plans.some((one) => one.id === kept.planId && one.version === kept.planVersion)) {
    return { planId, planVersion, pending: scheduled(coming, { planId, planVersion }, catalogue) };
  }
  const pending = { planId, planVersion, at: kept.until, scheduled: false };
  return { planId: kept.planId, planVersion: kept.planVersion, pending };
}

/**
 * The first coming phase with another plan, by the prices that were pushed. Other seats alone are no other plan: they
 * count from when the phase begins.
 */
function scheduled(
  coming: readonly ComingPhase[],
  now: { planId: string; planVersion: number },
  catalogue: Catalogue,
): SubscriptionFacts["pending"] {
  for (const { at, priceIds } of coming) {
    const price = catalogue.prices
      .filter((one) => one.role === "plan" && one.priceId !== null && priceIds.includes(one.priceId))
      .sort((a, b) => ((a.priceId ?? "") < (b.priceId ?? "") ? -1 : 1))[0];
    const known = price && catalogue.plans.some((one) => isVersion(one, price));
    if (known && (price.planId !== now.planId || price.planVersion !== now.planVersion)) {
      return { planId: price.planId, planVersion: price.planVersion, at, scheduled: true };
    }
  }
  return null;
}

type Standing = Pick<SubscriptionFacts, "state" | "limitsUntil" | "overageAllowed" | "pastDueSince">;

/** The table "status → limits": how long the plan's limits hold, and whether overage is taken. */
function standing(
  { status }: SubscriptionSnapshot,
  known: { same: SubscriptionFacts | null; behindSince: Instant; cancelAt: Instant | null; now: Instant },
  terms: { graceDays: number; overageWhilePastDue: boolean },
): Standing {
  const { same, behindSince: pastDueSince, cancelAt, now } = known;
  switch (status) {
    case "trialing":
      return { state: "trialing", limitsUntil: cancelAt, overageAllowed: false, pastDueSince: null };
    case "active":
      return { state: "active", limitsUntil: cancelAt, overageAllowed: true, pastDueSince: null };
    case "past_due": {
      const graceEnd = pastDueSince + terms.graceDays * day;
      const limitsUntil = cancelAt === null ? graceEnd : Math.min(graceEnd, cancelAt);
      return { state: "past_due", limitsUntil, overageAllowed: terms.overageWhilePastDue, pastDueSince };
    }
    default: {
      // Past limits, from the moment that it was first seen.
      const since = same?.limitsUntil ?? now;
      return {
        state: status === "paused" ? "suspended" : "restricted",
        limitsUntil: Math.min(since, now),
        overageAllowed: false,
        pastDueSince: status === "unpaid" ? pastDueSince : null,
      };
    }
  }
}

/**
 * Stripe does not say when a subscription fell behind. Its oldest open invoice does, from the due date where one was sent;
 * where none is open any more the newest one. Nothing that was seen before counts: whoever looks later comes to the same.
 */
function behindSince({ openInvoices, latestInvoice }: SubscriptionSnapshot, { item }: MappedItem): Instant {
  const from = (invoice: InvoiceSnapshot | null) => invoice?.dueAt ?? invoice?.finalizedAt ?? null;
  const open = openInvoices.map(from).filter((one) => one !== null);
  return open.length > 0 ? Math.min(...open) : (from(latestInvoice) ?? item.periodStart);
}

/** True for a subscription that our checkout made, or that has a price of ours. */
export function isOurs(one: SubscriptionSnapshot, catalogue: Catalogue): boolean {
  return one.claimed || one.items.some((item) => mapItem(item, catalogue) !== null);
}

/** False for one of extras alone, which says nothing of the plan and must not keep the plan's own from being read. */
function isBase(one: SubscriptionSnapshot, catalogue: Catalogue): boolean {
  const isExtra = (item: SubscriptionSnapshot["items"][number]) =>
    (mapItem(item, catalogue)?.role ?? "plan") !== "plan";
  return isOurs(one, catalogue) && (one.claimed || !one.items.every(isExtra));
}

function rankOf({ status }: SubscriptionSnapshot): string {
  return ranking.includes(status) ? status : "unknown";
}

// Live before ended, then by rank, then the newest; the id decides between twins, so that order never does.
function byRank(a: SubscriptionSnapshot, b: SubscriptionSnapshot): number {
  return placeOf(a) - placeOf(b) || b.created - a.created || (a.id < b.id ? -1 : 1);
}

function placeOf(one: SubscriptionSnapshot): number {
  return terminal.includes(one.status) ? ranking.length : ranking.indexOf(rankOf(one));
}
