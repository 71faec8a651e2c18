import type { PlanDefinition, PlanSeats, Proration, SeatProration } from "./configuration.ts";
import { DomainError } from "./errors.ts";
import { isCheaper } from "./money.ts";
import { assertAvailable, isFree } from "./plans.ts";
import { type Instant, type SubscriptionFacts, stateAt } from "./subscriptions.ts";
import { invalidField } from "./validation.ts";

type Interval = "month" | "year";

/**
 * How a change of plan comes about. `base`: to another free plan, at once and without Stripe; `checkout`: by paying first;
 * `withdraw`: what waits is taken back; `cancel`: the paid plan runs out; `now` and `period_end`: the subscription changes.
 */
export type PlanChangeKind = "unchanged" | "base" | "checkout" | "withdraw" | "cancel" | "now" | "period_end";

export interface PlanChangeFacts {
  facts: SubscriptionFacts;
  /** The plan that holds while no subscription does. */
  base: { planId: string };
  /** The plan that is asked for. */
  plan: { id: string; active: boolean; public: boolean; definition: PlanDefinition };
  /** The interval that is asked for; undefined: as now. */
  interval: Interval | undefined;
  /** Decimals of minor units: what the plan now costs and what the other would, at the same interval and currency. */
  prices: { current: string | null; asked: string | null };
  now: Instant;
}

/** True while a subscription of Stripe's gives the plan. */
export function runs(facts: Pick<SubscriptionFacts, "source" | "anchor">): boolean {
  return facts.source === "stripe" && facts.anchor !== null;
}

/** @throws DomainError plan_not_available (400), active_subscription (409) where the subscription cannot be changed now */
export function decidePlanChange(change: PlanChangeFacts): PlanChangeKind {
  const { facts, base, plan } = change;
  if (facts.source === "operator") {
    if (plan.id === facts.planId) {
      return "unchanged";
    }
    throw cannotChange(facts, "The plan was assigned by the operator, who alone can change it.");
  }
  if (runs(facts)) {
    return decideRunning(change);
  }
  if (plan.id === base.planId) {
    return "unchanged";
  }
  assertAvailable(plan);
  return isFree(plan.definition) ? "base" : "checkout";
}

function decideRunning({ facts, base, plan, interval, prices, now }: PlanChangeFacts): PlanChangeKind {
  const sameInterval = interval === undefined || interval === facts.interval;
  if (plan.id === facts.planId && sameInterval) {
    assertNotScheduled(facts);
    return facts.pending === null && facts.cancelAt === null ? "unchanged" : "withdraw";
  }
  if (plan.id !== facts.planId) {
    assertAvailable(plan);
  }
  if (isFree(plan.definition)) {
    return facts.cancelAt !== null && base.planId === plan.id ? "unchanged" : "cancel";
  }
  assertChangeable(facts, now);
  if (facts.pending?.planId === plan.id && sameInterval && facts.cancelAt === null) {
    return "unchanged";
  }
  assertNotScheduled(facts);
  const cheaper = prices.current !== null && prices.asked !== null && isCheaper(prices.asked, prices.current);
  const waits = cheaper && plan.definition.downgrade === "period_end" && sameInterval;
  return waits && facts.state !== "trialing" ? "period_end" : "now";
}

/**
 * A subscription whose payments are in order can be changed; any other is to be paid first.
 * @throws DomainError active_subscription
 */
export function assertChangeable(facts: SubscriptionFacts, now: Instant): void {
  const state = stateAt(facts, now);
  if (state !== "active" && state !== "trialing") {
    throw cannotChange(facts, "The subscription cannot be changed in its state: settle its payment first.");
  }
  if (facts.attention === "unknown_price" || facts.attention === "unknown_status") {
    throw cannotChange(facts, "The subscription was changed elsewhere and needs a look first.");
  }
}

/** What a schedule at Stripe plans is changed there. @throws DomainError active_subscription */
function assertNotScheduled(facts: SubscriptionFacts): void {
  if (facts.pending?.scheduled) {
    throw cannotChange(facts, "A schedule at Stripe brings another plan: release it there first.");
  }
}

function cannotChange(facts: SubscriptionFacts, message: string): DomainError {
  return new DomainError("active_subscription", message, { planId: facts.planId, status: facts.state });
}

/** The call is about a subscription, and there is none. */
export function noSubscriptionError(): DomainError {
  return new DomainError("no_subscription", "The organization has no subscription.");
}

/** An item of a subscription as it shall be. `id` null: a new one. */
export interface ItemChange {
  id: string | null;
  priceId: string;
  quantity: number;
  remove?: true;
}

/** The items of a plan: one of the plan, and one of the seats on top where there are any. */
export function itemsOf(
  facts: Pick<SubscriptionFacts, "planItemId" | "seatItemId">,
  prices: { plan: string; seat: string | null },
  seats: number,
): ItemChange[] {
  const plan = { id: facts.planItemId, priceId: prices.plan, quantity: 1 };
  return [plan, ...seatItemsOf(facts, prices.seat, seats)];
}

/** The item of the seats bought: none for no seats, or where the plan sells none. */
export function seatItemsOf(
  { seatItemId: id }: Pick<SubscriptionFacts, "seatItemId">,
  priceId: string | null,
  seats: number,
): ItemChange[] {
  if (priceId !== null && seats > 0) {
    return [{ id, priceId, quantity: seats }];
  }
  return id === null ? [] : [{ id, priceId: "", quantity: 0, remove: true }];
}

/**
 * The seats to pay for on top of a plan's own: those wished for, else those bought so far, and where seats follow the
 * members, those that the members need.
 * @param members that take a seat. @throws DomainError validation_failed for a wish where no seats are sold ahead
 */
export function seatsToBuy(
  { kind, included, prices }: PlanSeats,
  { wished, bought, members }: { wished: number | undefined; bought: number | null; members: number },
): number {
  if (wished !== undefined && (kind === "auto" || prices.length === 0)) {
    throw invalidField("seats", "This plan does not sell seats ahead");
  }
  if (prices.length === 0) {
    return 0;
  }
  const needed = Math.max(0, members - included);
  return kind === "auto" ? needed : (wished ?? bought ?? needed);
}

/** How a change of seats is settled, step by step. */
export interface SeatStep {
  seats: number;
  proration: Proration;
}

/**
 * The steps from one number of seats to another. Under `high_water` seats that were paid for in this period already cost
 * nothing more, and fewer bring nothing back.
 * @param peak the most seats that were paid for in this period.
 */
export function seatSteps(from: number, to: number, proration: SeatProration, peak: number): SeatStep[] {
  if (from === to) {
    return [];
  }
  if (proration !== "high_water") {
    return [{ seats: to, proration }];
  }
  const paid = Math.max(from, peak);
  if (to <= paid) {
    return [{ seats: to, proration: "none" }];
  }
  const last: SeatStep = { seats: to, proration: "next_invoice" };
  return paid === from ? [last] : [{ seats: paid, proration: "none" }, last];
}
