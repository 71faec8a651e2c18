import type { Catalogue, MappedItem } from "./catalogue.ts";
import { isUsageRole, mapItem, planItemOf } from "./catalogue.ts";
import type { Proration } from "./configuration.ts";
import type { KeptPlan, SubscriptionSnapshot } from "./subscriptions.ts";

/** From which versions of a plan to which, and when what is paid for changes. */
export interface MigrationTerms {
  planId: string;
  from: readonly number[];
  to: number;
  at: "now" | "period_end";
  /** The plan's own, of changes at once. */
  proration: Proration;
  /** Overage goes by billing meters: the version's metered prices come along. */
  byMeter: boolean;
}

/** A price of the version that is moved to. */
export interface TargetPrice {
  role: string;
  interval: string;
  currency: string;
  stripePriceId: string | null;
  stripeArchived: boolean;
}

/** Why a subscription stays where it is. usage_unbilled: a draft still counts what its metered prices were told. */
export type MigrationSkip =
  | "moved_already"
  | "subscription_not_running"
  | "plan_change_pending"
  | "not_sold_like_this"
  | "seats_not_sold"
  | "prices_not_pushed"
  | "usage_unbilled";

export interface SubscriptionMove {
  /** A new one has no id, a metered one no quantity. */
  items: { id: string | null; priceId?: string; quantity: number | null; remove?: true }[];
  proration: Proration;
  /** Holds until the paid period ends; absent: nothing is kept. */
  kept?: KeptPlan;
}

const running = ["active", "trialing", "past_due"];

/**
 * What moves a subscription to another version of its plan: each item of ours, by its id, to the price for the same
 * interval and currency, with the quantity that it has; and the metered prices of that version in place of those of others.
 */
export function decideMigration(
  subscription: SubscriptionSnapshot | undefined,
  catalogue: Catalogue,
  prices: readonly TargetPrice[],
  terms: MigrationTerms,
): SubscriptionMove | MigrationSkip {
  const plan = subscription && planItemOf(subscription, catalogue);
  if (!subscription || !plan || !running.includes(subscription.status)) {
    return "subscription_not_running";
  }
  if (subscription.kept !== null && subscription.kept.until === plan.item.periodEnd) {
    return "plan_change_pending";
  }
  if (plan.planId !== terms.planId || !terms.from.includes(plan.planVersion)) {
    return "moved_already";
  }
  const seats = subscription.items
    .map((item) => mapItem(item, catalogue))
    .filter((mapped): mapped is MappedItem => mapped?.role === "seat");
  const items: SubscriptionMove["items"] = [];
  for (const { item, role } of [plan, ...seats]) {
    const price = prices.find(
      (one) => one.role === role && one.interval === item.interval && one.currency === subscription.currency,
    );
    if (!price) {
      return role === "seat" ? "seats_not_sold" : "not_sold_like_this";
    }
    if (price.stripePriceId === null || price.stripeArchived) {
      return "prices_not_pushed";
    }
    items.push({ id: item.id, priceId: price.stripePriceId, quantity: item.quantity });
  }
  const usage = terms.byMeter ? usageItems(subscription, plan.item.interval, prices) : [];
  if (usage === "prices_not_pushed") {
    return usage;
  }
  items.push(...usage);
  if (terms.at === "now") {
    return { items, proration: terms.proration };
  }
  const { planId, planVersion, item } = plan;
  return { items, proration: "none", kept: { planId, planVersion, until: item.periodEnd, seats: null } };
}

// In the same call as the others: there is no moment at which nothing, or two prices, would bill a unit.
function usageItems(
  { items, currency }: SubscriptionSnapshot,
  interval: string,
  prices: readonly TargetPrice[],
): SubscriptionMove["items"] | "prices_not_pushed" {
  const wanted = prices.filter(
    (price) => isUsageRole(price.role) && price.currency === currency && price.interval === interval,
  );
  if (wanted.some(({ stripePriceId, stripeArchived }) => stripePriceId === null || stripeArchived)) {
    return "prices_not_pushed";
  }
  const there = items.filter(({ metadata }) => isUsageRole(metadata.headroom_role ?? ""));
  const added = wanted.flatMap(({ stripePriceId: priceId }) =>
    priceId === null || there.some((item) => item.priceId === priceId)
      ? []
      : [{ id: null, priceId, quantity: null }],
  );
  const removed = there
    .filter((item) => !wanted.some(({ stripePriceId }) => stripePriceId === item.priceId))
    .map(({ id }) => ({ id, quantity: null, remove: true as const }));
  return [...added, ...removed];
}
