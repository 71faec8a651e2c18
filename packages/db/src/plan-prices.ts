import type { PriceRole } from "@headroom/domain/catalogue";
import type { CatalogueEntry } from "@headroom/domain/plans";
import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** A price of a version of a plan, and what Stripe calls it. */
export interface PriceRow {
  planId: string;
  planVersion: number;
  role: PriceRole;
  interval: "month" | "year";
  currency: string;
  /** Decimal of minor units, with twelve places. */
  unitAmount: string;
  lookupKey: string;
  stripeProductId: string | null;
  stripePriceId: string | null;
  /** Stripe takes nothing new on it. */
  stripeArchived: boolean;
}

/** The prices of every version of every plan, in the catalogue's order, the newest version first. */
export async function listPrices(tx: Tx): Promise<PriceRow[]> {
  const rows = await prices(tx)
    .innerJoin("plan as current", (join) =>
      join.onRef("current.id", "=", "plan.id").on("current.is_current", "=", true),
    )
    .orderBy("current.position")
    .orderBy("plan.id")
    .orderBy("plan.version", "desc")
    .orderBy("plan_price.role")
    .orderBy("plan_price.lookup_key")
    .execute();
  return rows.map(toPrice);
}

/** Prices by what Stripe calls them or their product, or by our name for them. */
export async function listPricesBy(
  tx: Tx,
  wish: { productId?: string; priceId?: string; lookupKey?: string | null },
): Promise<PriceRow[]> {
  const rows = await prices(tx)
    .where((eb) =>
      eb.or([
        eb("plan_price.stripe_product_id", "=", wish.productId ?? ""),
        eb("plan_price.stripe_price_id", "=", wish.priceId ?? ""),
        eb("plan_price.lookup_key", "=", wish.lookupKey ?? ""),
      ]),
    )
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

/** Remembers what Stripe calls a price, and whether it takes anything new. Answers whether that is news. */
export async function linkPrice(
  tx: Tx,
  lookupKey: string,
  stripe: { productId: string; priceId: string; archived: boolean },
): Promise<boolean> {
  const { productId, priceId, archived } = stripe;
  const { rows } = await sql`
    update plan_price
    set stripe_product_id = ${productId}, stripe_price_id = ${priceId}, stripe_archived = ${archived}
    where lookup_key = ${lookupKey} and (stripe_product_id, stripe_price_id, stripe_archived)
      is distinct from (${productId}, ${priceId}, ${archived}::boolean)
    returning lookup_key`.execute(tx);
  return rows.length > 0;
}

/** Adds prices of versions that were written without them; what is there stays. */
export async function addPrices(tx: Tx, prices: readonly CatalogueEntry[]): Promise<void> {
  for (const price of prices) {
    await tx
      .insertInto("plan_price")
      .values({
        plan_id: price.planId,
        plan_version: price.planVersion,
        role: price.role,
        billing_interval: price.interval,
        currency: price.currency,
        unit_amount: price.unitAmount,
        lookup_key: price.lookupKey,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Forgets a price of Stripe's that is not what we sell under this name. */
export async function unlinkPrice(tx: Tx, lookupKey: string, priceId: string): Promise<void> {
  await tx
    .updateTable("plan_price")
    .set({ stripe_product_id: null, stripe_price_id: null, stripe_archived: false })
    .where("lookup_key", "=", lookupKey)
    .where("stripe_price_id", "=", priceId)
    .execute();
}

/** How many organizations are on a version of a plan. */
export interface VersionUse {
  planId: string;
  planVersion: number;
  /** Have it while no subscription gives them another. */
  base: number;
  /** By a subscription at Stripe, also one that waits for the end of what is paid. */
  subscribed: number;
  /** By an operator, also one that waits for its start. */
  assigned: number;
  /** Are paying for it at this moment. */
  checkouts: number;
}

/** The versions that anybody is on. As hr_worker. */
export async function listVersionUses(tx: Tx): Promise<VersionUse[]> {
  const { rows } = await sql<VersionUse>`
    select plan_id as "planId", plan_version as "planVersion", base, subscribed, assigned, checkouts
    from plan_version_uses()`.execute(tx);
  return rows;
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
      "plan_price.stripe_archived as stripeArchived",
    ]);
}

function toPrice(row: Omit<PriceRow, "role" | "interval"> & { role: string; interval: string }): PriceRow {
  return { ...row, role: row.role as PriceRow["role"], interval: row.interval as PriceRow["interval"] };
}
