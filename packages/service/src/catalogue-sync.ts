import { linkPrice, listPricesBy, type PriceRow, unlinkPrice } from "@headroom/db/plan-prices";
import { readCatalogue } from "@headroom/db/plans";
import { type Tx, withSystem } from "@headroom/db/tenancy";
import { isVersion, mapItem } from "@headroom/domain/catalogue";
import { type FoundPrice, termDifferences } from "@headroom/domain/price-pushes";
import type { ServiceContext } from "./context.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { requireStripe } from "./stripe/requirements.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;

/** What a product or price event names. */
export type CatalogueObject = { productId: string } | { priceId: string };

/**
 * Asks Stripe for a product or a price anew and writes down what became of it: linked to the price of ours that it is,
 * archived or open. One that has our name and other terms is told of and not used. Order and number of the events do not
 * matter: only what Stripe has now counts.
 * @param context `db` as hr_webhook or hr_worker.
 * @returns changed: subscriptions whose price was unknown may be known now: wake them.
 * @throws StripeFault, DomainError billing_not_configured
 */
export async function syncCatalogueObject(
  context: Context,
  object: CatalogueObject,
): Promise<{ changed: boolean }> {
  const { stripe, ...rest } = requireStripe(context);
  const prices = await readPrices({ ...rest, stripe }, object);
  let changed = false;
  for (const { id, found } of prices) {
    changed = (await syncPrice({ ...rest, stripe }, id, found)) || changed;
  }
  return { changed };
}

interface Read {
  id: string;
  /** null: Stripe has it no more. */
  found: FoundPrice | null;
}

async function readPrices(
  { db, stripe }: Context & { stripe: StripeGateway },
  object: CatalogueObject,
): Promise<Read[]> {
  if ("priceId" in object) {
    return [{ id: object.priceId, found: await stripe.fetchPrice(object.priceId) }];
  }
  const { productId } = object;
  const known = await withSystem(db, (tx) => listPricesBy(tx, { productId }));
  const found = (await stripe.fetchProduct(productId)) === null ? [] : await stripe.listPrices(productId);
  const ids = new Set([
    ...known.flatMap(({ stripePriceId }) => stripePriceId ?? []),
    ...found.map(({ id }) => id),
  ]);
  return [...ids].map((id) => ({ id, found: found.find((one) => one.id === id) ?? null }));
}

async function syncPrice(
  { db, stripe, log }: Context & { stripe: StripeGateway },
  id: string,
  found: FoundPrice | null,
): Promise<boolean> {
  // A price of an archived product takes nothing new either.
  const product = found && (await stripe.fetchProduct(found.productId));
  const archived = !(found?.active && product?.active);
  return withSystem(db, async (tx) => {
    const row = await findRow(tx, id, found);
    if (row === null) {
      return found !== null && (await isOfOurs(tx, found));
    }
    if (found === null) {
      const productId = row.stripeProductId ?? "";
      return linkPrice(tx, row.lookupKey, { productId, priceId: id, archived: true });
    }
    const fields = termDifferences(row, found);
    if (fields.length > 0) {
      log.error(
        { lookupKey: row.lookupKey, priceId: id, fields },
        "Stripe has a price of our name with other terms",
      );
      await unlinkPrice(tx, row.lookupKey, id);
      return row.stripePriceId === id;
    }
    return linkPrice(tx, row.lookupKey, { productId: found.productId, priceId: id, archived });
  });
}

// A price that bears the name of one of ours is it only while none was written down for that.
async function findRow(tx: Tx, priceId: string, found: FoundPrice | null): Promise<PriceRow | null> {
  const rows = await listPricesBy(tx, { priceId, lookupKey: found?.lookupKey ?? null });
  const linked = rows.find((row) => row.stripePriceId === priceId);
  return linked ?? rows.find((row) => row.stripePriceId === null) ?? null;
}

/** True for a price made by hand whose metadata names a version of ours: subscriptions to it are that plan's. */
async function isOfOurs(tx: Tx, { id, lookupKey, metadata }: FoundPrice): Promise<boolean> {
  const catalogue = await readCatalogue(tx);
  const item = { id: "", quantity: 1, interval: "", periodStart: 0, periodEnd: 0 };
  const mapped = mapItem({ ...item, priceId: id, lookupKey, metadata }, catalogue);
  return mapped !== null && catalogue.plans.some((plan) => isVersion(plan, mapped));
}
