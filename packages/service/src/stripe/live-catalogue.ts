import type { FoundPrice } from "@headroom/domain/price-pushes";
import { uuidv7 } from "@headroom/platform/uuid";
import Stripe from "stripe";
import { call, findOrNull } from "./faults.ts";
import type { CatalogueCalls, PriceLabels, StripeProduct } from "./gateway.ts";

// Stripe takes ten lookup keys in one call (its reference of GET /v1/prices).
const lookupKeysAtOnce = 10;

export function catalogueCalls(stripe: Stripe): CatalogueCalls {
  return { ...priceCalls(stripe), ...productCalls(stripe) };
}

type PriceCalls = "findPrices" | "fetchPrice" | "createPrice" | "updatePrice" | "listPrices";

function priceCalls(stripe: Stripe): Pick<CatalogueCalls, PriceCalls> {
  return {
    async findPrices(lookupKeys) {
      const found: FoundPrice[] = [];
      for (let from = 0; from < lookupKeys.length; from += lookupKeysAtOnce) {
        const some = lookupKeys.slice(from, from + lookupKeysAtOnce);
        const { data } = await call(() => stripe.prices.list({ lookup_keys: [...some], limit: 100 }));
        found.push(...data.map(toPrice));
      }
      return found;
    },
    async fetchPrice(priceId) {
      const price = await findOrNull(() => stripe.prices.retrieve(priceId));
      return price && toPrice(price);
    },
    async createPrice(price, key) {
      const fields = {
        product: price.productId,
        currency: price.currency,
        unit_amount_decimal: Stripe.Decimal.from(price.unitAmount),
        recurring: {
          interval: price.interval,
          ...(price.meterId === null ? {} : { usage_type: "metered" as const, meter: price.meterId }),
        },
        lookup_key: price.lookupKey,
        metadata: { ...price.metadata },
      };
      return toPrice(await call(() => stripe.prices.create(fields, { idempotencyKey: key })));
    },
    async updatePrice(priceId, { lookupKey, active, metadata }: PriceLabels) {
      const labels = { lookup_key: lookupKey, transfer_lookup_key: true };
      const fields = { ...labels, active, metadata: { ...metadata } };
      return toPrice(await call(() => stripe.prices.update(priceId, fields, { idempotencyKey: uuidv7() })));
    },
    async listPrices(productId) {
      const query = { limit: 100, type: "recurring" as const };
      const pages = stripe.prices.list(productId === undefined ? query : { ...query, product: productId });
      return (await call(() => allOf(pages))).map(toPrice);
    },
  };
}

function productCalls(stripe: Stripe): Omit<CatalogueCalls, PriceCalls> {
  return {
    async fetchProduct(productId) {
      const product = await findOrNull(() => stripe.products.retrieve(productId));
      return product && !("deleted" in product) ? toProduct(product) : null;
    },
    async createProduct({ id, name, metadata }, key) {
      const fields = { id, name, metadata: { ...metadata } };
      return toProduct(await call(() => stripe.products.create(fields, { idempotencyKey: key })));
    },
    async updateProduct(productId, { name, active, metadata }) {
      const fields = { name, active, metadata: { ...metadata } };
      return toProduct(
        await call(() => stripe.products.update(productId, fields, { idempotencyKey: uuidv7() })),
      );
    },
    async listProducts() {
      const pages = stripe.products.list({ limit: 100 });
      return (await call(() => allOf(pages))).map(toProduct);
    },
  };
}

async function allOf<One>(pages: AsyncIterable<One>): Promise<One[]> {
  const all: One[] = [];
  for await (const one of pages) {
    all.push(one);
  }
  return all;
}

function toProduct({ id, name, active, metadata }: Stripe.Product): StripeProduct {
  return { id, name, active, metadata };
}

// What is not charged per unit, once a month or a year, is none of ours: it has no amount, or no interval, here.
function toPrice(price: Stripe.Price): FoundPrice {
  const { recurring } = price;
  const isPlain = recurring?.interval_count === 1;
  const isPerUnit = price.billing_scheme === "per_unit" && price.transform_quantity === null;
  return {
    id: price.id,
    productId: typeof price.product === "string" ? price.product : price.product.id,
    active: price.active,
    lookupKey: price.lookup_key,
    currency: price.currency,
    interval: isPlain ? recurring.interval : null,
    unitAmount: isPerUnit ? (price.unit_amount_decimal?.toString() ?? null) : null,
    metadata: price.metadata,
    meterId: recurring?.usage_type === "metered" ? (recurring.meter ?? "") : null,
  };
}
