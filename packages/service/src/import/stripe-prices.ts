import { readClock } from "@headroom/db/clock";
import { listMeters } from "@headroom/db/configurations";
import { wakeUnknownPrices } from "@headroom/db/inbox-parking";
import { readCatalogue } from "@headroom/db/plans";
import { listPriceMappings, toCataloguePrice, writePriceMapping } from "@headroom/db/price-mappings";
import { type Tx, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import type { Catalogue } from "@headroom/domain/catalogue";
import { type PriceMapping, sameMapping } from "@headroom/domain/price-mappings";
import { type FieldFault, invalidFields } from "@headroom/domain/validation";
import type { ServiceContext } from "../context.ts";
import { recordOperatorAct } from "../operator-acts.ts";

export interface MappedPrice {
  /** Its id or lookup key. */
  price: string;
  change: "created" | "updated" | "unchanged";
}

/**
 * Registers what prices of others stand for, all or none; what waited for one of them is tried again. Answers the
 * catalogue with them, in a dry run too.
 * @param context `db` as hr_worker. @throws DomainError validation_failed for a plan's version or a meter that is none
 */
export async function mapPrices(
  { db }: Pick<ServiceContext, "db">,
  wanted: readonly PriceMapping[],
  { dryRun, operator }: { dryRun: boolean; operator: Actor },
): Promise<{ prices: MappedPrice[]; catalogue: Catalogue }> {
  return withSystem(db, async (tx) => {
    const catalogue = await readCatalogue(tx);
    await assertKnown(tx, catalogue, wanted);
    const known = await listPriceMappings(tx);
    const prices = wanted.map((mapping) => ({ mapping, change: changeOf(mapping, known) }));
    const changed = prices.filter(({ change }) => change !== "unchanged").map(({ mapping }) => mapping);
    if (!dryRun && changed.length > 0) {
      const now = await readClock(tx);
      for (const mapping of changed) {
        await writePriceMapping(tx, mapping, now);
      }
      const data = { prices: changed };
      await recordOperatorAct(tx, operator, { action: "stripe.prices_mapped", target: null, data });
      await wakeUnknownPrices(tx);
    }
    const replaced = new Set(wanted.map(({ name }) => name));
    const others = known.filter(({ name }) => !replaced.has(name));
    const own = catalogue.prices.slice(0, catalogue.prices.length - known.flatMap(toCataloguePrice).length);
    const merged = [...own, ...[...others, ...wanted].flatMap(toCataloguePrice)];
    return {
      prices: prices.map(({ mapping, change }) => ({ price: mapping.name, change })),
      catalogue: { ...catalogue, prices: merged },
    };
  });
}

function changeOf(mapping: PriceMapping, known: readonly PriceMapping[]): MappedPrice["change"] {
  const before = known.find(({ name }) => name === mapping.name);
  if (before === undefined) {
    return "created";
  }
  return sameMapping(before, mapping) ? "unchanged" : "updated";
}

async function assertKnown(tx: Tx, { plans }: Catalogue, wanted: readonly PriceMapping[]): Promise<void> {
  const meters = await listMeters(tx);
  const faults = wanted.flatMap((mapping, index): FieldFault[] => {
    const path = mapping.name;
    const others = wanted.slice(0, index).filter(({ name }) => name === mapping.name);
    if (others.some((other) => !sameMapping(other, mapping))) {
      return [{ path, message: "is mapped twice, to different things" }];
    }
    if (mapping.role === "overage") {
      return meters.some(({ name }) => name === mapping.meter)
        ? []
        : [{ path, message: `is mapped to ${mapping.meter}, which is no meter` }];
    }
    const { planId, planVersion } = mapping;
    return plans.some(({ id, version }) => id === planId && version === planVersion)
      ? []
      : [{ path, message: `is mapped to ${planId} version ${planVersion}, which is not in the catalogue` }];
  });
  if (faults.length > 0) {
    throw invalidFields(faults);
  }
}
