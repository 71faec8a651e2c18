import type Stripe from "stripe";
import { patched } from "../billing/items.ts";
import { type Books, change, create, get } from "../books.ts";
import { invalid, unsupported } from "../failures.ts";
import { among, pageOf, within } from "../lists.ts";
import { buildPrice } from "../objects/price.ts";
import { buildProduct } from "../objects/product.ts";
import {
  choice,
  clearable,
  count,
  currency,
  decimal,
  expand,
  flag,
  list,
  metadata,
  object,
  only,
  paging,
  parameters,
  range,
  refused,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";

const interval = choice("day", "week", "month", "year");
const taxBehavior = choice("exclusive", "inclusive", "unspecified");

const createTable = parameters<Stripe.PriceCreateParams>()({
  currency: required(currency),
  active: flag,
  billing_scheme: only("per_unit"),
  currency_options: refused,
  custom_unit_amount: refused,
  expand,
  lookup_key: text,
  metadata,
  nickname: text,
  product: text,
  product_data: object(
    parameters<Stripe.PriceCreateParams.ProductData>()({
      active: flag,
      id: text,
      metadata,
      name: required(text),
      statement_descriptor: text,
      tax_code: refused,
      tax_details: refused,
      unit_label: text,
    }),
  ),
  recurring: object(
    parameters<Stripe.PriceCreateParams.Recurring>()({
      interval: required(interval),
      interval_count: count,
      meter: text,
      trial_period_days: refused,
      usage_type: choice("licensed", "metered"),
    }),
  ),
  tax_behavior: taxBehavior,
  tiers: refused,
  tiers_mode: refused,
  transfer_lookup_key: flag,
  transform_quantity: refused,
  unit_amount: count,
  unit_amount_decimal: decimal,
});
const updateTable = parameters<Stripe.PriceUpdateParams>()({
  active: flag,
  currency_options: refused,
  expand,
  lookup_key: clearable(text),
  metadata,
  nickname: clearable(text),
  tax_behavior: taxBehavior,
  transfer_lookup_key: flag,
});
const listTable = parameters<Stripe.PriceListParams>()({
  ...paging,
  active: flag,
  created: range,
  currency,
  lookup_keys: list(text),
  product: text,
  recurring: object({ interval, meter: text, usage_type: choice("licensed", "metered") }),
  type: choice("one_time", "recurring"),
});

const maxLookupKeys = 10;

/** A lookup key names one price at a time: refused when taken, or moved when the request says so. */
function claimLookupKey(
  books: Books,
  key: string | null | undefined,
  transfer: boolean,
  self: string | null,
): void {
  if (!key) return;
  for (const holder of books.store.where("price", "$.lookup_key", key)) {
    if (holder.id === self) continue;
    if (!transfer) {
      const message = `A price (${holder.id}) already uses that lookup key.`;
      throw invalid(message, "resource_already_exists", "lookup_key");
    }
    change(books, "price", holder, { ...holder, lookup_key: null }, "price.updated");
  }
}

interface NewProduct {
  id: string | undefined;
  name: string;
  active: boolean | undefined;
  metadata: Record<string, string> | null | undefined;
  unit_label: string | undefined;
  statement_descriptor: string | undefined;
}

function productFor(books: Books, id: string | undefined, data: NewProduct | undefined): string {
  if (id !== undefined) return get(books, "product", id, "product").id;
  if (!data) throw invalid("Missing required param: product.", "parameter_missing", "product");
  const product = buildProduct({
    now: books.now,
    id: data.id,
    name: data.name,
    active: data.active ?? true,
    description: null,
    images: [],
    metadata: patched({}, data.metadata),
    unitLabel: data.unit_label ?? null,
    url: null,
    statementDescriptor: data.statement_descriptor ?? null,
  });
  return create(books, "product", product, "product.created").id;
}

/** The active meter of a metered price; null for a licensed one, which has none. */
function meterFor(
  books: Books,
  { meter: id, usage_type: type }: { meter?: string | undefined; usage_type?: string | undefined },
): string | null {
  const param = "recurring[meter]";
  if (type !== "metered") {
    if (id === undefined) return null;
    throw invalid("Only a price with usage_type=metered has a meter.", undefined, param);
  }
  if (id === undefined) throw invalid("A metered price needs a meter.", "parameter_missing", param);
  const meter = get(books, "billing.meter", id, param);
  if (meter.status !== "active") throw invalid(`The meter ${id} is inactive.`, undefined, param);
  return meter.id;
}

function unitAmount(integer: number | undefined, exact: string | undefined): string {
  if (integer !== undefined && exact !== undefined) {
    throw invalid(
      "Pass only one of unit_amount and unit_amount_decimal.",
      "parameters_exclusive",
      "unit_amount",
    );
  }
  const amount = exact ?? integer?.toString();
  if (amount === undefined)
    throw invalid("Missing required param: unit_amount.", "parameter_missing", "unit_amount");
  if (amount.startsWith("-")) throw invalid("A price cannot be negative.", undefined, "unit_amount_decimal");
  return amount;
}

export const prices = [
  route("POST", "/v1/prices", createTable, ({ books, input }) => {
    const product = productFor(books, input.product, input.product_data);
    claimLookupKey(books, input.lookup_key, input.transfer_lookup_key === true, null);
    const price = buildPrice({
      now: books.now,
      product,
      currency: input.currency,
      unitAmount: unitAmount(input.unit_amount, input.unit_amount_decimal),
      recurring: input.recurring
        ? {
            interval: input.recurring.interval,
            intervalCount: input.recurring.interval_count ?? 1,
            meter: meterFor(books, input.recurring),
          }
        : null,
      active: input.active ?? true,
      lookupKey: input.lookup_key ?? null,
      metadata: patched({}, input.metadata),
      nickname: input.nickname ?? null,
      taxBehavior: input.tax_behavior ?? "unspecified",
    });
    return create(books, "price", price, "price.created");
  }),
  route("GET", "/v1/prices", listTable, ({ books, input, path }) => {
    if ((input.lookup_keys?.length ?? 0) > maxLookupKeys) {
      throw invalid(`At most ${maxLookupKeys} lookup keys.`, undefined, "lookup_keys");
    }
    return pageOf(books, "price", path, input, {
      equal: {
        "$.active": input.active,
        "$.currency": input.currency,
        "$.product": input.product,
        "$.type": input.type,
        "$.recurring.interval": input.recurring?.interval,
        "$.recurring.meter": input.recurring?.meter,
        "$.recurring.usage_type": input.recurring?.usage_type,
      },
      where: [...within("created", input.created), ...among("body ->> '$.lookup_key'", input.lookup_keys)],
    });
  }),
  route("GET", "/v1/prices/{id}", { expand }, ({ books, id }) => get(books, "price", id)),
  route("POST", "/v1/prices/{id}", updateTable, ({ books, input, id }) => {
    const before = get(books, "price", id);
    claimLookupKey(books, input.lookup_key, input.transfer_lookup_key === true, id);
    if (before.tax_behavior !== "unspecified" && input.tax_behavior)
      throw unsupported("another tax_behavior");
    const after = {
      ...before,
      active: input.active ?? before.active,
      lookup_key: input.lookup_key === undefined ? before.lookup_key : input.lookup_key,
      metadata: patched(before.metadata, input.metadata),
      nickname: input.nickname === undefined ? before.nickname : input.nickname,
      tax_behavior: input.tax_behavior ?? before.tax_behavior,
    };
    return change(books, "price", before, after, "price.updated");
  }),
];
