import { linkPrice, listCurrentPrices } from "@headroom/db/plan-prices";
import { withSystem } from "@headroom/db/tenancy";
import type { ServiceContext } from "./context.ts";
import type { StripeGateway } from "./stripe/gateway.ts";

/**
 * Reads a product or a price from Stripe anew, and writes down what Stripe calls our prices now.
 * @param context `db` as hr_worker. @throws StripeFault
 */
export async function syncCatalogueObject(
  { db, stripe }: Pick<ServiceContext, "db"> & { stripe: StripeGateway },
  object: { productId: string } | { priceId: string },
): Promise<{ changed: boolean }> {
  const prices = await withSystem(db, listCurrentPrices);
  const found = await stripe.findPrices(prices.map((price) => price.lookupKey));
  const moved = found.filter(({ id, productId, lookupKey }) => {
    const known = prices.find((price) => price.lookupKey === lookupKey);
    const meant = "productId" in object ? object.productId === productId : object.priceId === id;
    return meant && known?.stripePriceId !== id;
  });
  await withSystem(db, async (tx) => {
    for (const { id: priceId, productId, lookupKey } of moved) {
      await linkPrice(tx, lookupKey, { productId, priceId });
    }
  });
  return { changed: moved.length > 0 };
}
