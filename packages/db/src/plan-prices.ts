import type { Tx } from "./tenancy.ts";

/** A price of a version of a plan, and what Stripe calls it. */
export interface PriceRow {
  planId: string;
  planVersion: number;
  role: "plan" | "seat" | "addon";
  interval: "month" | "year";
  currency: string;
  /** Decimal of minor units, with twelve places. */
  unitAmount: string;
  lookupKey: string;
  stripeProductId: string | null;
  stripePriceId: string | null;
}

/** The prices of the plans that can be bought now. */
export async function listCurrentPrices(tx: Tx): Promise<PriceRow[]> {
  const rows = await prices(tx)
    .where("plan.is_current", "=", true)
    .where("plan.active", "=", true)
    .orderBy("plan.position")
    .orderBy("plan_price.lookup_key")
    .execute();
  return rows.map(toPrice);
}

/** The prices of one version of a plan. */
export async function listPricesOf(tx: Tx, planId: string, version: number): Promise<PriceRow[]> {
  const rows = await prices(tx)
    .where("plan_price.plan_id", "=", planId)
    .where("plan_price.plan_version", "=", version)
    .execute();
  return rows.map(toPrice);
}

/** Remembers what Stripe calls a price. */
export async function linkPrice(
  tx: Tx,
  lookupKey: string,
  stripe: { productId: string; priceId: string },
): Promise<void> {
  await tx
    .updateTable("plan_price")
    .set({ stripe_product_id: stripe.productId, stripe_price_id: stripe.priceId })
    .where("lookup_key", "=", lookupKey)
    .execute();
}

function prices(tx: Tx) {
  return tx
    .selectFrom("plan_price")
    .innerJoin("plan", (join) =>
      join.onRef("plan.id", "=", "plan_price.plan_id").onRef("plan.version", "=", "plan_price.plan_version"),
    )
    .select([
      "plan_price.plan_id as planId",
      "plan_price.plan_version as planVersion",
      "plan_price.role",
      "plan_price.billing_interval as interval",
      "plan_price.currency",
      "plan_price.unit_amount as unitAmount",
      "plan_price.lookup_key as lookupKey",
      "plan_price.stripe_product_id as stripeProductId",
      "plan_price.stripe_price_id as stripePriceId",
    ]);
}

function toPrice(row: Omit<PriceRow, "role" | "interval"> & { role: string; interval: string }): PriceRow {
  return { ...row, role: row.role as PriceRow["role"], interval: row.interval as PriceRow["interval"] };
}
