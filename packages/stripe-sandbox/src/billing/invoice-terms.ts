import { type Books, get } from "../books.ts";
import { invalid } from "../failures.ts";
import { automaticTax, type InvoiceTerms } from "../objects/invoice.ts";
import type { Customer, Invoice, Subscription } from "../wire.ts";
import { type Redemption, redeem } from "./discounts.ts";
import { dueAfter } from "./invoicing.ts";
import { assertOneTax, assertTaxLocation, taxRatesNamed } from "./taxes.ts";

/** What a request says of an invoice's discounts, taxes and collection. */
export interface TermsInput {
  automatic_tax?: { enabled: boolean } | undefined;
  collection_method?: "charge_automatically" | "send_invoice" | undefined;
  days_until_due?: number | undefined;
  due_date?: number | undefined;
  default_tax_rates?: string[] | null | undefined;
  discounts?: Redemption[] | null | undefined;
}

/** The terms of an invoice made by hand; taxes come from its subscription unless it says its own. */
export function termsByHand(
  books: Books,
  customer: Customer,
  owner: Subscription | null,
  currency: string,
  input: TermsInput,
): InvoiceTerms {
  const tax = input.automatic_tax?.enabled ?? owner?.automatic_tax.enabled ?? false;
  if (input.automatic_tax?.enabled) assertTaxLocation(customer);
  const rates = input.default_tax_rates;
  assertOneTax(tax, rates ?? []);
  const collectionMethod = input.collection_method ?? "charge_automatically";
  return {
    discounts: redeem(books, input.discounts ?? [], { customer: customer.id, currency }),
    defaultTaxRates: rates
      ? taxRatesNamed(books, rates, "default_tax_rates")
      : rates === null
        ? []
        : (owner?.default_tax_rates ?? []),
    automaticTax: tax,
    collectionMethod,
    dueDate: dueDateOf(books.now, collectionMethod, input, null),
  };
}

/** A draft under other terms; its sums are still to be made anew. */
export function underTerms(books: Books, invoice: Invoice, input: TermsInput): Invoice {
  const customer = get(books, "customer", invoice.customer ?? "");
  const tax = input.automatic_tax;
  if (tax?.enabled) assertTaxLocation(customer);
  const rates = input.default_tax_rates;
  const collectionMethod =
    input.collection_method ??
    (invoice.collection_method === "send_invoice" ? "send_invoice" : "charge_automatically");
  const owner = { customer: customer.id, currency: invoice.currency };
  assertOneTax(tax?.enabled ?? invoice.automatic_tax.enabled, rates ?? []);
  return {
    ...invoice,
    automatic_tax: tax ? automaticTax(tax.enabled, customer) : invoice.automatic_tax,
    collection_method: collectionMethod,
    due_date: dueDateOf(invoice.created, collectionMethod, input, invoice.due_date),
    default_tax_rates:
      rates === undefined
        ? invoice.default_tax_rates
        : taxRatesNamed(books, rates ?? [], "default_tax_rates", invoice.default_tax_rates),
    discounts:
      input.discounts === undefined ? invoice.discounts : redeem(books, input.discounts ?? [], owner),
  };
}

function dueDateOf(
  created: number,
  method: "charge_automatically" | "send_invoice",
  { due_date: date, days_until_due: days }: TermsInput,
  current: number | null,
): number | null {
  if (method === "charge_automatically") {
    if (date === undefined && days === undefined) return null;
    throw invalid(
      "due_date and days_until_due are for collection_method=send_invoice.",
      undefined,
      "due_date",
    );
  }
  if (date !== undefined && days !== undefined) {
    throw invalid("Pass only one of due_date and days_until_due.", "parameters_exclusive", "due_date");
  }
  if (date !== undefined && date <= created) {
    throw invalid("due_date must be in the future.", undefined, "due_date");
  }
  return date ?? (days === undefined ? (current ?? dueAfter(created, null)) : dueAfter(created, days));
}
