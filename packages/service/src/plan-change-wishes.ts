import { listPricesOf } from "@headroom/db/plan-prices";
import { findSeatsOnItems, findWaitingPlan } from "@headroom/db/subscription-intents";
import { readSubscription } from "@headroom/db/subscriptions";
import type { Tx } from "@headroom/db/tenancy";
import type { Proration } from "@headroom/domain/configuration";
import { type ItemChange, itemsOf } from "@headroom/domain/plan-changes";
import { type KeptPlan, type SubscriptionFacts, waitingInItems } from "@headroom/domain/subscriptions";
import { type PlanChange, stripePrice } from "./plan-change-terms.ts";
import type { SubscriptionChange } from "./stripe/gateway.ts";
import type { StripeStep } from "./stripe/steps.ts";
import type { Wish } from "./subscription-changes.ts";

/** How a change is settled: what waits for the period's end is paid until then, and a trial owes nothing. */
function prorationOf({ kind, plan, facts }: PlanChange): Proration {
  return kind === "now" && facts.state !== "trialing" ? plan.definition.proration : "none";
}

/** True where the change takes effect by a new period that is billed at once. */
export function startsPeriod({ kind, facts, price }: PlanChange): boolean {
  return kind === "now" && facts.state !== "trialing" && price?.interval !== facts.interval;
}

/** 2 where the plan that was paid for has to come back before the change, 1 or 0 otherwise. */
export function callsFor(change: PlanChange): number {
  const { kind, facts } = change;
  const settled = prorationOf(change) !== "none" || startsPeriod(change);
  return kind === "now" && waitingInItems(facts) !== null && settled ? 2 : Number(stepOf(change) !== null);
}

/** What is to be done at Stripe for a change; null: nothing. */
export function wishFor(change: PlanChange): Wish | null {
  const { kind, plan, facts, seats, price } = change;
  const step = stepOf(change);
  if (facts.subscriptionId === null || (step === null && kind !== "cancel")) {
    return null;
  }
  const asked = { planId: plan.id, planVersion: plan.version };
  const data = {
    from: facts.planId,
    to: plan.id,
    version: plan.version,
    interval: price?.interval ?? null,
    seats,
    effect: kind,
  };
  return {
    kind: "change_plan",
    subscriptionId: facts.subscriptionId,
    steps: step === null ? [] : [step, ...usageSteps(change)],
    // An end leaves the seats that the items have.
    details: kind === "cancel" ? asked : { ...asked, seats },
    audit: { action: "plan.change_requested", data },
    ...(kind === "cancel" ? { base: asked } : {}),
  };
}

// After the change itself: a process that dies between them leaves overage to invoice items, and bills it all the same.
function usageSteps({ kind, usagePrices }: PlanChange): StripeStep[] {
  const changes = kind === "now" || kind === "period_end" || kind === "withdraw";
  return changes && usagePrices !== null ? [{ call: "usage_prices", priceIds: usagePrices }] : [];
}

function stepOf(change: PlanChange): StripeStep | null {
  const { kind, facts, items } = change;
  const proration = prorationOf(change);
  const resume = facts.cancelAt === null ? {} : { resume: true as const };
  switch (kind) {
    case "now": {
      const paid = startsPeriod(change) ? { mustBePaid: true as const } : {};
      const kept = waitingInItems(facts) === null ? {} : { kept: null };
      return { call: "update", change: { items, proration, ...kept, ...paid, ...resume } };
    }
    case "period_end":
      return {
        call: "update",
        change: {
          ...(items.length === 0 ? {} : { items: items.map(emptied) }),
          proration,
          kept: keptFor(facts),
          ...resume,
        },
      };
    case "withdraw":
      return { call: "update", change: withdrawal(change, resume) };
    case "cancel":
      return facts.cancelAt === null ? { call: "cancel", when: "period_end" } : null;
    default:
      return null;
  }
}

// What was paid for an item is credited with it: one that comes back as a new one would be paid twice.
function emptied(item: ItemChange): Omit<ItemChange, "priceId"> & { priceId?: string } {
  return item.remove ? { id: item.id, quantity: 0 } : item;
}

function withdrawal({ facts, items }: PlanChange, resume: { resume?: true }): SubscriptionChange {
  return waitingInItems(facts) === null
    ? { proration: "none", ...resume }
    : { items, proration: "none", kept: null, ...resume };
}

/** What holds until the paid period is over. */
export function keptFor(facts: SubscriptionFacts, seats = facts.seatsPurchased): KeptPlan | null {
  const { planId, planVersion, periodEnd } = facts;
  return planId === null || planVersion === null || periodEnd === null
    ? null
    : { planId, planVersion, until: periodEnd, seats };
}

/** Brings the items of the plan that was paid for back in place of those of the one that waits, for another one to come. */
export async function undoing(tx: Tx, organizationId: string, { facts }: PlanChange): Promise<Wish | null> {
  const { planId, planVersion } = facts;
  const wish = await rewriting(tx, facts, {
    planId,
    planVersion,
    seats: facts.seatsPurchased,
    kept: null,
  });
  const pending = waitingInItems(facts);
  if (wish === null || pending === null || planId === null || planVersion === null) {
    return wish;
  }
  const behind = { planId, planVersion };
  const left = await findSeatsOnItems(tx, organizationId, wish.subscriptionId);
  const paid = facts.seatsPurchased;
  const restores = { planId: pending.planId, planVersion: pending.planVersion, behind };
  return { ...wish, restores: left === null ? restores : { ...restores, seats: { waiting: left, paid } } };
}

/**
 * Lets the plan wait again that waited before: the change that should have taken its place was not made. Null: there is
 * none, or the subscription is not as it was left.
 */
export async function restoring(tx: Tx, organizationId: string): Promise<Wish | null> {
  const waiting = await findWaitingPlan(tx, organizationId);
  const { facts } = await readSubscription(tx, organizationId);
  const isLeft =
    facts.planId === waiting?.behind.planId &&
    facts.planVersion === waiting.behind.planVersion &&
    facts.pending === null &&
    facts.cancelAt === null;
  if (waiting === null || !isLeft) {
    return null;
  }
  const { planId, planVersion } = waiting;
  // Seats that were bought since are bought for both.
  const seats = waiting.seats?.paid === facts.seatsPurchased ? waiting.seats.waiting : facts.seatsPurchased;
  const wish = await rewriting(tx, facts, { planId, planVersion, seats, kept: keptFor(facts) });
  return wish && { ...wish, keepsWaiting: true };
}

async function rewriting(
  tx: Tx,
  facts: SubscriptionFacts,
  plan: { planId: string | null; planVersion: number | null; seats: number; kept: KeptPlan | null },
): Promise<Wish | null> {
  const { subscriptionId, interval, currency } = facts;
  const { planId, planVersion, seats, kept } = plan;
  if (subscriptionId === null || planId === null || planVersion === null) {
    return null;
  }
  const rows = (await listPricesOf(tx, planId, planVersion)).filter(
    (row) => row.interval === interval && row.currency === currency,
  );
  const seat = rows.find((row) => row.role === "seat");
  const prices = {
    plan: stripePrice(rows.find((row) => row.role === "plan")),
    seat: seat === undefined ? null : stripePrice(seat),
  };
  const whole = itemsOf(facts, prices, seats);
  // What waits keeps the items of what it waits behind: their credit is theirs.
  const items = kept === null ? whole : whole.map(emptied);
  return {
    kind: "change_plan",
    subscriptionId,
    steps: [{ call: "update", change: { items, proration: "none", kept } }],
    details: { planId, planVersion },
    audit: {
      action: "plan.change_requested",
      data: {
        from: facts.planId,
        to: planId,
        version: planVersion,
        effect: kept === null ? "withdraw" : "period_end",
      },
    },
  };
}
