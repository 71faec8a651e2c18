import { uuidv7 } from "@headroom/platform/uuid";
import Stripe from "stripe";
import { call, StripeFault } from "./faults.ts";
import type { CatalogueCalls, NewProduct, StripePrice } from "./gateway.ts";

// Stripe takes ten lookup keys in one call (its reference of GET /v1/prices).
const lookupKeysAtOnce = 10;

export function catalogueCalls(stripe: Stripe): CatalogueCalls {
  return {
    async findPrices(lookupKeys) {
      const found: StripePrice[] = [];
      for (let from = 0; from < lookupKeys.length; from += lookupKeysAtOnce) {
        const some = lookupKeys.slice(from, from + lookupKeysAtOnce);
        const { data } = await call(() =>
          stripe.prices.list({ lookup_keys: [...some], active: true, limit: 100 }),
        );
        found.push(...data.map(toPrice));
      }
      return found;
    },
    async ensureProduct(product) {
      const existing = await findProduct(stripe, product.id);
      if (existing === null) {
        await call(() =>
          stripe.products.create(fieldsOf(product), {
            idempotencyKey: `product:${product.id}:${product.name}`,
          }),
        );
      } else if (existing.name !== product.name || !existing.active) {
        const { name, metadata } = fieldsOf(product);
        const change = { name, metadata, active: true };
        await call(() => stripe.products.update(product.id, change, { idempotencyKey: uuidv7() }));
      }
    },
    async createPrice(price, key) {
      const created = await call(() =>
        stripe.prices.create(
          {
            product: price.productId,
            currency: price.currency,
            unit_amount_decimal: Stripe.Decimal.from(price.unitAmount),
            recurring: { interval: price.interval },
            lookup_key: price.lookupKey,
            metadata: { ...price.metadata },
          },
          { idempotencyKey: key },
        ),
      );
      return toPrice(created);
    },
  };
}

async function findProduct(stripe: Stripe, id: string): Promise<Stripe.Product | null> {
  try {
    return await call(() => stripe.products.retrieve(id));
  } catch (error) {
    if (error instanceof StripeFault && error.kind === "missing") {
      return null;
    }
    throw error;
  }
}

function fieldsOf({ id, name, metadata }: NewProduct) {
  return { id, name, metadata: { ...metadata } };
}

function toPrice(price: Stripe.Price): StripePrice {
  const productId = typeof price.product === "string" ? price.product : price.product.id;
  return { id: price.id, productId, lookupKey: price.lookup_key ?? "" };
}
