import type { ItemSnapshot, SubscriptionSnapshot } from "./subscriptions.ts";

export type PriceRole = "plan" | "seat" | "addon" | UsageRole;

/** Of a metered price: the meter whose overage it bills. */
export type UsageRole = `overage:${string}`;

/** True for the metered price of some meter's overage: neither a plan nor seats, and without a quantity. */
export function isUsageRole(role: string): role is UsageRole {
  return role.startsWith("overage:");
}

export interface CataloguePrice {
  priceId: string | null;
  /** null: it is known by its id alone, or the other way round. */
  lookupKey: string | null;
  role: PriceRole;
  planId: string;
  planVersion: number;
}

/** What the reduction must know of the plans. */
export interface Catalogue {
  plans: readonly { id: string; version: number; graceDays: number }[];
  prices: readonly CataloguePrice[];
  /** Policy `overage.whilePastDue: allow`. */
  overageWhilePastDue: boolean;
}

/** An item whose price is one of ours. */
export interface MappedItem {
  item: ItemSnapshot;
  role: PriceRole;
  planId: string;
  planVersion: number;
}

/** The item that carries the plan, when its plan and version are ours. */
export function planItemOf(subscription: SubscriptionSnapshot, catalogue: Catalogue): MappedItem | null {
  const items = subscription.items
    .map((item) => mapItem(item, catalogue))
    .filter((mapped) => mapped?.role === "plan" && catalogue.plans.some((plan) => isVersion(plan, mapped)))
    .sort((a, b) => compare(a?.item.id ?? "", b?.item.id ?? ""));
  return items[0] ?? null;
}

/** What an item is: by its price's metadata, else by lookup key, else by the id that a push wrote down. */
export function mapItem(item: ItemSnapshot, catalogue: Catalogue): MappedItem | null {
  const { headroom_role: role, headroom_plan: planId, headroom_plan_version: version } = item.metadata;
  if (planId && (role === "plan" || role === "seat" || role === "addon")) {
    return { item, role, planId, planVersion: Number(version) };
  }
  const price =
    catalogue.prices.find((one) => item.lookupKey !== null && one.lookupKey === item.lookupKey) ??
    catalogue.prices.find((one) => one.priceId === item.priceId);
  return price ? { item, role: price.role, planId: price.planId, planVersion: price.planVersion } : null;
}

export function isVersion(
  plan: { id: string; version: number },
  mapped: Pick<MappedItem, "planId" | "planVersion">,
): boolean {
  return plan.id === mapped.planId && plan.version === mapped.planVersion;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
