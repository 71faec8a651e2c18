import type Stripe from "stripe";
import { relined } from "../billing/invoicing.ts";
import { patched } from "../billing/items.ts";
import { taxRatesNamed } from "../billing/taxes.ts";
import { type Books, create, get, note, save } from "../books.ts";
import { lineAmount, normalizeDecimal, truncate } from "../decimal.ts";
import { invalid } from "../failures.ts";
import { pageOf, within } from "../lists.ts";
import { subscriptionOf } from "../objects/invoice.ts";
import { buildInvoiceItem, pricingOf } from "../objects/invoice-item.ts";
import { itemLine } from "../objects/invoice-line.ts";
import {
  clearable,
  count,
  currency,
  decimal,
  expand,
  flag,
  integer,
  list,
  metadata,
  object,
  paging,
  parameters,
  range,
  refused,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";
import type { Invoice, InvoiceItem } from "../wire.ts";

const shared = {
  amount: integer,
  description: clearable(text),
  discountable: flag,
  discounts: refused,
  expand,
  metadata,
  period: object({ end: required(integer), start: required(integer) }),
  price_data: refused,
  pricing: object({ price: text }),
  quantity: count,
  quantity_decimal: decimal,
  tax_behavior: refused,
  tax_code: refused,
  tax_rates: list(text),
  unit_amount_decimal: decimal,
};
const createTable = parameters<Stripe.InvoiceItemCreateParams>()({
  ...shared,
  currency,
  customer: required(text),
  customer_account: refused,
  invoice: text,
  subscription: text,
});
const updateTable = parameters<Stripe.InvoiceItemUpdateParams>()({ ...shared, invoicing_rules: refused });
const listTable = parameters<Stripe.InvoiceItemListParams>()({
  ...paging,
  created: range,
  customer: text,
  customer_account: refused,
  invoice: text,
  pending: flag,
});

interface Charge {
  amount?: number | undefined;
  unit_amount_decimal?: string | undefined;
  quantity?: number | undefined;
  quantity_decimal?: string | undefined;
  pricing?: { price: string | undefined } | undefined;
}
type Priced = Pick<InvoiceItem, "amount" | "pricing" | "quantity" | "quantity_decimal">;

/** The amount of an item: given, or unit × quantity rounded once. Two ways at once are refused. */
function priced(books: Books, input: Charge, current: Priced | null, currency: string | null): Priced {
  const ways = [input.amount, input.unit_amount_decimal, input.pricing?.price].filter(
    (way) => way !== undefined,
  );
  if (ways.length > 1) throw exclusive("amount, unit_amount_decimal, pricing[price]", "amount");
  if (input.quantity !== undefined && input.quantity_decimal !== undefined) {
    throw exclusive("quantity and quantity_decimal", "quantity");
  }
  const quantity = normalizeDecimal(
    input.quantity_decimal ?? input.quantity?.toString() ?? current?.quantity_decimal ?? "1",
  );
  if (quantity.startsWith("-"))
    throw invalid("quantity_decimal must be zero or more.", undefined, "quantity_decimal");
  const sizes = { quantity: truncate(quantity), quantity_decimal: quantity };
  if (input.amount !== undefined) {
    return { ...sizes, amount: input.amount, pricing: pricingOf({ price: null, unitAmount: null }) };
  }
  const price =
    input.pricing?.price === undefined ? null : get(books, "price", input.pricing.price, "pricing[price]");
  if (price && currency !== null && price.currency !== currency) {
    throw invalid(`The price is in ${price.currency}, not in ${currency}.`, undefined, "pricing[price]");
  }
  const unit =
    price?.unit_amount_decimal ?? input.unit_amount_decimal ?? current?.pricing?.unit_amount_decimal;
  if (unit === undefined || unit === null) {
    if (current) return { ...sizes, amount: current.amount, pricing: current.pricing };
    throw invalid("Missing required param: amount.", "parameter_missing", "amount");
  }
  const kept = input.unit_amount_decimal === undefined ? (current?.pricing?.price_details ?? null) : null;
  const pricing = price
    ? pricingOf({ price: { id: price.id, product: price.product }, unitAmount: normalizeDecimal(unit) })
    : pricingOf({
        price: kept && { id: kept.price, product: kept.product },
        unitAmount: normalizeDecimal(unit),
      });
  return { ...sizes, amount: lineAmount(unit, quantity), pricing };
}

function exclusive(names: string, param: string): Error {
  return invalid(`Pass only one of ${names}.`, "parameters_exclusive", param);
}

function draftFor(books: Books, id: string, customer: string): Invoice {
  const invoice = get(books, "invoice", id, "invoice");
  if (invoice.customer !== customer) {
    throw invalid(`The invoice ${id} is not the customer's.`, undefined, "invoice");
  }
  return editable(invoice);
}

function editable(invoice: Invoice): Invoice {
  if (invoice.status === "draft") return invoice;
  throw invalid(
    `The invoice is ${invoice.status} and can no longer be changed.`,
    "invoice_not_editable",
    "invoice",
  );
}

function invoiceOf(books: Books, item: InvoiceItem): Invoice | null {
  return item.invoice === null ? null : editable(get(books, "invoice", item.invoice));
}

function linesWithout(invoice: Invoice, item: InvoiceItem): Invoice["lines"]["data"] {
  return invoice.lines.data.filter((line) => line.parent?.invoice_item_details?.invoice_item !== item.id);
}

/** The item's line made anew in its old place. */
function reline(books: Books, invoice: Invoice, item: InvoiceItem): void {
  const lines = invoice.lines.data.map((line) =>
    line.parent?.invoice_item_details?.invoice_item === item.id ? itemLine(invoice.id, item, line.id) : line,
  );
  relined(books, invoice, invoice, lines);
}

function currencyFor(
  invoice: Invoice | null,
  given: string | undefined,
  customers: string | null | undefined,
): string {
  const currency = invoice?.currency ?? given?.toLowerCase() ?? customers;
  if (!currency) throw invalid("Missing required param: currency.", "parameter_missing", "currency");
  if (given && given.toLowerCase() !== currency) {
    throw invalid(`The invoice is in ${currency}.`, undefined, "currency");
  }
  return currency;
}

export const invoiceItems = [
  route("POST", "/v1/invoiceitems", createTable, ({ books, input }) => {
    const customer = get(books, "customer", input.customer, "customer");
    const invoice = input.invoice === undefined ? null : draftFor(books, input.invoice, customer.id);
    const owner =
      input.subscription === undefined
        ? invoice && subscriptionOf(invoice)
        : get(books, "subscription", input.subscription, "subscription").id;
    const currency = currencyFor(invoice, input.currency, customer.currency);
    const sum = priced(books, input, null, currency);
    const built = buildInvoiceItem({
      now: books.now,
      customer: customer.id,
      currency,
      amount: sum.amount,
      unitAmount: null,
      price: null,
      quantity: sum.quantity_decimal,
      invoice: invoice?.id ?? null,
      subscription: owner === null ? null : { id: owner },
      period: input.period ?? { start: books.now, end: books.now },
      proration: false,
      description: input.description ?? null,
      discountable: input.discountable ?? sum.amount >= 0,
      taxRates: taxRatesNamed(books, input.tax_rates ?? [], "tax_rates"),
      metadata: patched({}, input.metadata),
    });
    const item = create(books, "invoiceitem", { ...built, ...sum }, "invoiceitem.created");
    if (invoice) relined(books, invoice, invoice, [itemLine(invoice.id, item), ...invoice.lines.data]);
    return item;
  }),
  route("GET", "/v1/invoiceitems", listTable, ({ books, input, path }) => {
    const pending = input.pending === undefined ? [] : [{ sql: pendingIs(input.pending), values: [] }];
    return pageOf(books, "invoiceitem", path, input, {
      equal: { "$.customer": input.customer, "$.invoice": input.invoice },
      where: [...pending, ...within("body ->> '$.date'", input.created)],
    });
  }),
  route("GET", "/v1/invoiceitems/{id}", { expand }, ({ books, id }) => get(books, "invoiceitem", id)),
  route("POST", "/v1/invoiceitems/{id}", updateTable, ({ books, input, id }) => {
    const before = get(books, "invoiceitem", id);
    const invoice = invoiceOf(books, before);
    const sum = priced(books, input, before, before.currency);
    const item = save(books, "invoiceitem", {
      ...before,
      ...sum,
      net_amount: sum.amount,
      description: input.description === undefined ? before.description : input.description,
      discountable: input.discountable ?? before.discountable,
      metadata: patched(before.metadata ?? {}, input.metadata),
      period: input.period ?? before.period,
      tax_rates:
        input.tax_rates === undefined
          ? before.tax_rates
          : taxRatesNamed(books, input.tax_rates, "tax_rates", before.tax_rates ?? []),
    });
    if (invoice) reline(books, invoice, item);
    return item;
  }),
  route("DELETE", "/v1/invoiceitems/{id}", {}, ({ books, id }) => {
    const item = get(books, "invoiceitem", id);
    const invoice = invoiceOf(books, item);
    if (invoice) relined(books, invoice, invoice, linesWithout(invoice, item));
    note(books, "invoiceitem.deleted", item);
    books.store.remove(id);
    return { id, object: "invoiceitem", deleted: true };
  }),
];

function pendingIs(pending: boolean): string {
  return `body ->> '$.invoice' is ${pending ? "" : "not "}null`;
}
