import { type Books, get, save } from "../books.ts";
import { containedIn, percentOf } from "../decimal.ts";
import { invalid } from "../failures.ts";
import { buildTaxRate } from "../objects/tax-rate.ts";
import type { Customer, Invoice, InvoiceLine, TaxRate } from "../wire.ts";

export type LineTax = NonNullable<InvoiceLine["taxes"]>[number];

const setting = "tax_percentages";

/** The percentage of each country for automatic tax, as set by the sandbox's own control; none at first. */
export function taxPercentages(books: Pick<Books, "store">): Record<string, number> {
  return JSON.parse(books.store.setting(setting) ?? "{}");
}

export function setTaxPercentages(books: Books, percentages: Record<string, number>): void {
  books.store.putSetting(setting, JSON.stringify(percentages));
}

/** The rates with these ids. 400 for one that is not there, or is archived and not in use yet. */
export function taxRatesNamed(books: Books, ids: string[], param: string, inUse: TaxRate[] = []): TaxRate[] {
  return ids.map((id) => {
    const rate = get(books, "tax_rate", id, param);
    const known = inUse.some((candidate) => candidate.id === id);
    if (!rate.active && !known) throw invalid(`The tax rate ${id} is archived.`, undefined, param);
    return rate;
  });
}

/** What Stripe asks for before automatic tax can be switched on: a customer with a country. */
export function assertTaxLocation(customer: Customer): void {
  if (customer.address?.country) return;
  throw invalid(
    "The customer's location isn't recognized. Set a valid customer address to calculate tax automatically.",
    "customer_tax_location_invalid",
    "automatic_tax[enabled]",
  );
}

/** Automatic tax and rates by hand exclude each other, as at Stripe. */
export function assertOneTax(automatic: boolean, rates: unknown[]): void {
  if (!automatic || rates.length === 0) return;
  throw invalid("Tax rates cannot be set while automatic_tax is enabled.", undefined, "automatic_tax");
}

/** The taxes of one line on what is left after its discounts, each rounded by itself. */
export function taxesOf(books: Books, invoice: Invoice, line: InvoiceLine, taxable: number): LineTax[] {
  if (invoice.automatic_tax.enabled) return automatic(books, invoice, line, taxable);
  const rates = ownRates(books, line) ?? invoice.default_tax_rates;
  return computed(rates, taxable, "not_available");
}

function computed(rates: TaxRate[], taxable: number, reason: string): LineTax[] {
  const contained = rates.filter(({ inclusive }) => inclusive);
  const all = contained.reduce((sum, { percentage }) => sum + percentage, 0);
  const inside = contained.map((rate) => containedIn(taxable, rate.percentage, all));
  const net = taxable - inside.reduce((sum, amount) => sum + amount, 0);
  return rates.map((rate) => ({
    amount: rate.inclusive ? (inside[contained.indexOf(rate)] ?? 0) : percentOf(net, rate.percentage),
    tax_behavior: rate.inclusive ? "inclusive" : "exclusive",
    tax_rate_details: { tax_rate: rate.id },
    taxability_reason: reason,
    taxable_amount: net,
    type: "tax_rate_details",
  }));
}

/** Rates set on the line's own item; null leaves it to the invoice's default ones. */
function ownRates(books: Books, line: InvoiceLine): TaxRate[] | null {
  const byHand = line.parent?.invoice_item_details?.invoice_item;
  if (byHand) {
    const rates = books.store.find("invoiceitem", byHand)?.tax_rates ?? [];
    return books.store.detail<{ taxFixed?: boolean }>(byHand)?.taxFixed ? rates : given(rates);
  }
  const planned = line.parent?.subscription_item_details;
  if (!planned?.subscription) return null;
  const items = books.store.find("subscription", planned.subscription)?.items.data ?? [];
  return given(items.find(({ id }) => id === planned.subscription_item)?.tax_rates ?? null);
}

function given(rates: TaxRate[] | null): TaxRate[] | null {
  return rates === null || rates.length === 0 ? null : rates;
}

function automatic(books: Books, invoice: Invoice, line: InvoiceLine, taxable: number): LineTax[] {
  const country = invoice.customer_address?.country ?? "";
  const percentage = taxPercentages(books)[country] ?? 0;
  if (percentage === 0) return [];
  const price = line.pricing?.price_details?.price;
  const behavior = price ? books.store.find("price", price)?.tax_behavior : null;
  const rate = automaticRate(books, country, percentage, behavior === "inclusive");
  return computed([rate], taxable, "standard_rated");
}

/** The rate that automatic tax makes for itself, archived from the start, as at Stripe. */
function automaticRate(books: Books, country: string, percentage: number, inclusive: boolean): TaxRate {
  const known = books.store
    .where("tax_rate", "$.country", country)
    .find((rate) => !rate.active && rate.percentage === percentage && rate.inclusive === inclusive);
  return known ?? save(books, "tax_rate", newAutomaticRate(books, country, percentage, inclusive));
}

function newAutomaticRate(books: Books, country: string, percentage: number, inclusive: boolean): TaxRate {
  const rate = buildTaxRate({
    now: books.now,
    displayName: "Tax",
    percentage,
    inclusive,
    active: false,
    country,
    state: null,
    jurisdiction: country,
    description: null,
    taxType: null,
    metadata: {},
  });
  return {
    ...rate,
    effective_percentage: percentage,
    jurisdiction_level: "country",
    rate_type: "percentage",
  };
}
