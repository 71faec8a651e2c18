import { listPricesOf, type PriceRow } from "@headroom/db/plan-prices";
import { findPlan, type PlanRow } from "@headroom/db/plans";
import { readSeatCounts } from "@headroom/db/seats";
import { findSeatsOnItems } from "@headroom/db/subscription-intents";
import { readSubscription } from "@headroom/db/subscriptions";
import type { Tx } from "@headroom/db/tenancy";
import { isUsageRole } from "@headroom/domain/catalogue";
import type { PlanPrice } from "@headroom/domain/configuration";
import { DomainError } from "@headroom/domain/errors";
import {
  decidePlanChange,
  type ItemChange,
  itemsOf,
  type PlanChangeKind,
  runs,
  seatsToBuy,
} from "@headroom/domain/plan-changes";
import { choosePrice, isFree } from "@headroom/domain/plans";
import { type Seats, seatsOf } from "@headroom/domain/seats";
import { planAt, type SubscriptionFacts, waitingInItems } from "@headroom/domain/subscriptions";
import type { ServiceContext } from "./context.ts";

export interface PlanWish {
  planId: string;
  interval?: PlanPrice["interval"] | undefined;
  currency?: string | undefined;
  /** Seats on top of the plan's own; default: those bought now. */
  seats?: number | undefined;
}

/** A plan as it was asked for, and what that comes to, decided under the organization's lock. */
export interface PlanChange {
  kind: PlanChangeKind;
  plan: PlanRow;
  facts: SubscriptionFacts;
  base: { planId: string; planVersion: number };
  /** The plan whose limits hold now. */
  current: { planId: string; planVersion: number };
  /** What the plan is paid by; null: it is free. */
  price: PlanPrice | null;
  seats: number;
  /** The subscription's items under the plan; empty where none runs, for a free plan, and where they stay as they are. */
  items: ItemChange[];
  /** The metered prices that the subscription has beside it; null: those that it has stay. */
  usagePrices: string[] | null;
  /** The seats under the plan where they do not hold the members; nobody is removed. */
  overLimit: SeatShortage | null;
  now: Date;
}

export type SeatShortage = Pick<Seats, "members" | "pending" | "used"> & { limit: number };

type Context = Pick<ServiceContext, "configuration">;

/**
 * What a wish for a plan comes to.
 * @throws DomainError plan_not_found (404), plan_not_available and validation_failed (400), active_subscription,
 *   currency_fixed (409), billing_not_configured (503) for prices that Stripe does not have
 */
export async function decideChange(
  { configuration }: Context,
  tx: Tx,
  organizationId: string,
  wish: PlanWish,
  now: Date,
): Promise<PlanChange> {
  const { facts, base } = await readSubscription(tx, organizationId);
  const plan = await findWanted(tx, wish.planId, facts);
  const price = isFree(plan.definition) ? null : priceOf(plan, facts, wish);
  const rows = await listPricesOf(tx, plan.id, plan.version);
  const kind = decidePlanChange({
    facts,
    base,
    plan,
    interval: wish.interval,
    prices: { current: await costNow(tx, facts, price), asked: price?.unitAmount ?? null },
    now: now.getTime(),
  });
  const counts = await readSeatCounts(tx, organizationId);
  const { policies } = configuration;
  const { members } = seatsOf({ ...counts, policies });
  // What is taken back leaves the seats as they were bought.
  const stays = kind === "withdraw" && wish.seats === undefined;
  const waits = wish.seats === undefined && waitingInItems(facts)?.planId === plan.id;
  const left =
    waits && facts.subscriptionId !== null
      ? await findSeatsOnItems(tx, organizationId, facts.subscriptionId)
      : null;
  const bought = left ?? (counts.plan.kind === "licensed" || stays ? facts.seatsPurchased : null);
  const seats = stays
    ? facts.seatsPurchased
    : seatsToBuy(plan.definition.seats, { wished: wish.seats, bought: runs(facts) ? bought : 0, members });
  // Its items are there already, with the seats that were bought for it.
  const asItWaits = waits && kind === "period_end" && waitingInItems(facts)?.planVersion === plan.version;
  const terms = plan.definition.seats;
  const under = seatsOf({
    ...counts,
    policies,
    plan: { kind: terms.kind, included: terms.included, max: terms.kind === "auto" ? terms.maxSeats : null },
    purchased: seats,
  });
  return {
    kind,
    plan,
    facts,
    base,
    current: planAt(facts, base, now.getTime()),
    price,
    seats,
    items: runs(facts) && price !== null && !asItWaits ? itemsFor(facts, rows, price, seats) : [],
    usagePrices: price === null ? null : usagePricesIn(configuration, rows, price),
    overLimit: shortageOf(under),
    now,
  };
}

/** The plan of the subscription in the version that it has; any other in its current one. */
async function findWanted(tx: Tx, planId: string, facts: SubscriptionFacts): Promise<PlanRow> {
  const version = planId === facts.planId ? (facts.planVersion ?? undefined) : undefined;
  const plan = await findPlan(tx, planId, version);
  if (!plan) {
    throw new DomainError("plan_not_found", "There is no such plan.", { planId });
  }
  return plan;
}

/** The price that is meant: at the interval that is paid now, if the plan is sold like that and no other is named. */
function priceOf(plan: PlanRow, facts: SubscriptionFacts, wish: PlanWish): PlanPrice {
  const currency = fixedCurrency(facts, wish.currency);
  const isSold = (interval: string | null) =>
    plan.definition.prices.some((one) => one.interval === interval && one.currency === currency);
  const asNow = runs(facts) && isSold(facts.interval) ? (facts.interval as PlanPrice["interval"]) : undefined;
  return choosePrice(plan.id, plan.definition, { interval: wish.interval ?? asNow, currency });
}

/** A Stripe customer pays in one currency for ever. @throws DomainError currency_fixed (409) */
export function fixedCurrency(
  { currency }: Pick<SubscriptionFacts, "currency">,
  wished: string | undefined,
): string | undefined {
  if (wished !== undefined && currency !== null && wished !== currency) {
    throw new DomainError("currency_fixed", "The organization pays in another currency already.", {
      currency,
    });
  }
  return currency ?? wished;
}

/** What the plan now costs where the other would be paid alike; null: nothing to compare. */
async function costNow(tx: Tx, facts: SubscriptionFacts, price: PlanPrice | null): Promise<string | null> {
  if (price === null || facts.planId === null || facts.planVersion === null) {
    return null;
  }
  const rows = await listPricesOf(tx, facts.planId, facts.planVersion);
  return findPrice(rows, "plan", price)?.unitAmount ?? null;
}

function findPrice(
  rows: readonly PriceRow[],
  role: PriceRow["role"],
  { interval, currency }: Pick<PlanPrice, "interval" | "currency">,
): PriceRow | undefined {
  return rows.find((one) => one.role === role && one.interval === interval && one.currency === currency);
}

function itemsFor(
  facts: SubscriptionFacts,
  rows: readonly PriceRow[],
  price: PlanPrice,
  seats: number,
): ItemChange[] {
  const seat = findPrice(rows, "seat", price);
  return itemsOf(
    facts,
    {
      plan: stripePrice(findPrice(rows, "plan", price)),
      seat: seat === undefined ? null : stripePrice(seat),
    },
    seats,
  );
}

/**
 * The metered prices of a version that a subscription has beside its plan, sorted; null where overage goes by invoice
 * items, and what is there is left alone. @throws DomainError billing_not_configured (503) where they were never pushed
 */
export function usagePricesIn(
  { policies }: Pick<ServiceContext["configuration"], "policies">,
  rows: readonly PriceRow[],
  { interval, currency }: Pick<PlanPrice, "interval" | "currency">,
): string[] | null {
  if (policies.overage.sink !== "meter") {
    return null;
  }
  const monthly = rows.filter((row) => isUsageRole(row.role) && row.currency === currency);
  return interval === "month" ? monthly.map(stripePrice).sort() : [];
}

/** What Stripe calls a price. @throws DomainError billing_not_configured (503) where it was never pushed */
export function stripePrice(row: PriceRow | undefined): string {
  if (!row?.stripePriceId) {
    throw new DomainError(
      "billing_not_configured",
      "Stripe does not have this plan's prices: push the plans.",
      {},
    );
  }
  return row.stripePriceId;
}

/** The seats when they are fewer than the members; null: they hold them. */
export function shortageOf({ limit, members, pending, used, overLimit }: Seats): SeatShortage | null {
  return overLimit && limit !== null ? { limit, members, pending, used } : null;
}
