import { isUsageRole, type PriceRole } from "./catalogue.ts";
import { plainPrice } from "./money.ts";
import { differencesOf, type FieldChange } from "./plan-differences.ts";

/** A price of a version of a plan, as we have it. */
export interface KnownPrice {
  planId: string;
  planVersion: number;
  role: PriceRole;
  interval: string;
  currency: string;
  /** Decimal of minor units. */
  unitAmount: string;
  lookupKey: string;
  stripeProductId: string | null;
  stripePriceId: string | null;
  stripeArchived: boolean;
}

/** A price as Stripe has it. */
export interface FoundPrice {
  id: string;
  productId: string;
  active: boolean;
  lookupKey: string | null;
  currency: string;
  /** null: it is no plain price for a month or a year. */
  interval: string | null;
  /** Decimal of minor units; null: it has tiers, or is the customer's to choose. */
  unitAmount: string | null;
  metadata: Readonly<Record<string, string>>;
  /** Stripe's id of the meter whose usage it bills; null: it is for a quantity. */
  meterId: string | null;
}

/** What is done about a price. `conflict`: Stripe has another price under its name, which is not touched nor used. */
export type PriceStep =
  | "created"
  | "linked"
  | "reactivated"
  | "repaired"
  | "archived"
  | "conflict"
  | "unchanged";

/** The metadata that says what a price of ours is. */
export function priceMetadata(price: Pick<KnownPrice, "planId" | "planVersion" | "role">) {
  return {
    headroom_plan: price.planId,
    headroom_role: price.role,
    headroom_plan_version: String(price.planVersion),
  };
}

/** What of a price's terms differs; these can't be changed at Stripe. */
export function termDifferences(known: KnownPrice, found: FoundPrice): FieldChange[] {
  const { currency, interval, unitAmount } = found;
  return differencesOf(
    {
      unitAmount: unitAmount === null ? null : plainPrice(unitAmount),
      currency,
      interval,
      ...metered(found.meterId !== null),
    },
    {
      unitAmount: plainPrice(known.unitAmount),
      currency: known.currency,
      interval: known.interval,
      ...metered(isUsageRole(known.role)),
    },
  );
}

/** What of a price differs that can be set right: its name, its metadata, whether it is open. */
export function labelDifferences(known: KnownPrice, found: FoundPrice, open: boolean): FieldChange[] {
  const metadata = priceMetadata(known);
  const labels = Object.fromEntries(Object.keys(metadata).map((name) => [name, found.metadata[name]]));
  return differencesOf(
    { lookupKey: found.lookupKey ?? undefined, metadata: labels, active: found.active },
    { lookupKey: known.lookupKey, metadata, active: open },
  );
}

/**
 * What a push does about a price: `open` ones can be bought, or are somebody's who may still add to them; the others are
 * archived. Of a price that is not needed and not there nothing is done.
 */
export function decidePrice(
  known: KnownPrice,
  found: FoundPrice | null,
  open: boolean,
): { step: PriceStep; fields: FieldChange[] } {
  if (found === null) {
    return { step: open ? "created" : "unchanged", fields: [] };
  }
  const terms = termDifferences(known, found);
  if (terms.length > 0) {
    return { step: "conflict", fields: terms };
  }
  const fields = labelDifferences(known, found, open);
  const linked = known.stripePriceId === found.id && known.stripeProductId === found.productId;
  if (fields.some(({ path }) => path === "active")) {
    return { step: open ? "reactivated" : "archived", fields };
  }
  if (fields.length > 0) {
    return { step: "repaired", fields };
  }
  return { step: linked && known.stripeArchived !== open ? "unchanged" : "linked", fields };
}

/** The price of ours among those that Stripe has: the one that the last push wrote down, else the one of its name. */
export function findPriceOf(known: KnownPrice, found: readonly FoundPrice[]): FoundPrice | null {
  const linked = found.find((one) => one.id === known.stripePriceId);
  return linked ?? found.find((one) => one.lookupKey === known.lookupKey) ?? null;
}

// Said only where it is so: that a price is for a quantity goes without saying.
function metered(isMetered: boolean): { metered?: true } {
  return isMetered ? { metered: true } : {};
}
