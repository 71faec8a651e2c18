import type { CataloguePrice } from "@headroom/domain/catalogue";
import type { PriceMapping } from "@headroom/domain/price-mappings";
import type { Tx } from "./tenancy.ts";

/** Prices of others that stand for plans of ours, or for what another system bills overage by. */
export async function listPriceMappings(tx: Tx): Promise<PriceMapping[]> {
  const rows = await tx.selectFrom("price_mapping").selectAll().orderBy("name").execute();
  return rows.map((row) => ({
    name: row.name,
    isLookupKey: row.is_lookup_key,
    ...(row.role === "overage"
      ? { role: "overage", meter: row.meter ?? "" }
      : {
          role: row.role as CataloguePrice["role"],
          planId: row.plan_id ?? "",
          planVersion: row.plan_version ?? 0,
        }),
  }));
}

/** Writes a mapping, in place of what the same price was mapped to before. As hr_worker. */
export async function writePriceMapping(tx: Tx, mapping: PriceMapping, now: Date): Promise<void> {
  const isOverage = mapping.role === "overage";
  const values = {
    is_lookup_key: mapping.isLookupKey,
    role: mapping.role,
    plan_id: isOverage ? null : mapping.planId,
    plan_version: isOverage ? null : mapping.planVersion,
    meter: isOverage ? mapping.meter : null,
  };
  await tx
    .insertInto("price_mapping")
    .values({ name: mapping.name, created_at: now, ...values })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(values))
    .execute();
}

/** A mapping as the reduction of subscriptions reads it; none for what is only compared. */
export function toCataloguePrice(mapping: PriceMapping): CataloguePrice[] {
  if (mapping.role === "overage") {
    return [];
  }
  const { name, isLookupKey, role, planId, planVersion } = mapping;
  const found = isLookupKey ? { priceId: null, lookupKey: name } : { priceId: name, lookupKey: null };
  return [{ ...found, role, planId, planVersion }];
}
