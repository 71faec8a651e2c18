import { linkPrice, listPrices, type PriceRow } from "@headroom/db/plan-prices";
import { withSystem } from "@headroom/db/tenancy";
import { plainPrice } from "@headroom/domain/money";
import type { FieldChange } from "@headroom/domain/plan-differences";
import {
  type FoundPrice,
  findPriceOf,
  labelDifferences,
  termDifferences,
} from "@headroom/domain/price-pushes";
import type { ServiceContext } from "./context.ts";
import type { StripeProduct } from "./stripe/gateway.ts";
import { requireStripe } from "./stripe/requirements.ts";

/**
 * How a price of ours stands at Stripe. `missing`: it does not have it; `differs`: it has another under its name, or has
 * another name or other metadata for it; `unlinked`: it has it, and we did not know.
 */
export interface PulledPrice {
  lookupKey: string;
  state: "linked" | "unlinked" | "differs" | "missing";
  stripePriceId: string | null;
  /** At Stripe: it takes nothing new. */
  archived: boolean;
  /** From ours to Stripe's. */
  fields: FieldChange[];
}

/** A product that Stripe sells and the catalogue lacks, as a configuration would have it. */
export interface UnknownPlan {
  /** What it could be called. */
  id: string;
  displayName: string;
  stripeProductId: string;
  prices: { interval: string; currency: string; unitAmount: string; stripePriceId: string }[];
}

export interface PlanPull {
  prices: PulledPrice[];
  unknown: UnknownPlan[];
}

/**
 * Compares Stripe's products and prices with the catalogue. Changes nothing at Stripe; with `writeLinks` it writes down
 * what Stripe calls the prices that it has as we do.
 * @param context `db` as hr_worker. @throws DomainError billing_not_configured, StripeFault
 */
export async function pullPlans(
  context: Pick<ServiceContext, "db" | "stripe">,
  { writeLinks }: { writeLinks: boolean },
): Promise<PlanPull> {
  const { db, stripe } = requireStripe(context);
  const [products, found] = [await stripe.listProducts(), await stripe.listPrices()];
  const rows = await withSystem(db, listPrices);
  const isOpen = ({ active, productId }: FoundPrice) =>
    active && products.some((product) => product.id === productId && product.active);
  const prices: PulledPrice[] = [];
  for (const row of rows) {
    const price = findPriceOf(row, found);
    const pulled = compare(row, price, price !== null && isOpen(price));
    prices.push(pulled);
    if (writeLinks && price !== null && pulled.state === "unlinked") {
      const link = { productId: price.productId, priceId: price.id, archived: pulled.archived };
      await withSystem(db, (tx) => linkPrice(tx, row.lookupKey, link));
    }
  }
  const ours = new Set(rows.map((row) => findPriceOf(row, found)?.id));
  const others = found.filter((price) => !ours.has(price.id) && isOpen(price));
  return { prices, unknown: unknownPlans(products, others) };
}

function compare(row: PriceRow, found: FoundPrice | null, open: boolean): PulledPrice {
  const { lookupKey, stripePriceId, stripeProductId } = row;
  if (found === null) {
    return { lookupKey, state: "missing", stripePriceId: null, archived: row.stripeArchived, fields: [] };
  }
  const fields = [...termDifferences(row, found), ...labelDifferences(row, found, found.active)].map(
    ({ path, from, to }) => ({ path, from: to, to: from }),
  );
  const isLinked = stripePriceId === found.id && stripeProductId === found.productId;
  const asNoted = isLinked && row.stripeArchived === !open;
  const state = fields.length > 0 ? "differs" : asNoted ? "linked" : "unlinked";
  return { lookupKey, state, stripePriceId: found.id, archived: !open, fields };
}

function unknownPlans(products: readonly StripeProduct[], prices: readonly FoundPrice[]): UnknownPlan[] {
  return products.flatMap(({ id, name, metadata }) => {
    const plain = prices.flatMap(({ id: stripePriceId, productId, interval, currency, unitAmount }) =>
      productId === id && interval !== null && unitAmount !== null
        ? [{ interval, currency, unitAmount: plainPrice(unitAmount), stripePriceId }]
        : [],
    );
    const planId = metadata.headroom_plan ?? toPlanId(name);
    return plain.length === 0 ? [] : [{ id: planId, displayName: name, stripeProductId: id, prices: plain }];
  });
}

// A plan's id starts with a letter and holds only a-z, 0-9, _ and -, at most 40.
function toPlanId(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "");
  return id.slice(0, 40) || "plan";
}
