import { type Books, create, get, openBooks } from "../books.ts";
import { buildCustomer } from "../objects/customer.ts";
import type { Invoice } from "../wire.ts";
import type { Redemption } from "./discounts.ts";
import { type SubscriptionStart, startSubscription } from "./subscription-start.ts";
import { discountsOn, sum } from "./totals.ts";

/** What a session will start. */
export interface SessionPlan {
  items: SubscriptionStart["items"];
  trialDays: number | null;
  trialEnd: number | null;
  missingPaymentMethod: string;
  description: string | null;
  metadata: Record<string, string>;
  billingMode: string;
  discounts: Redemption[];
  defaultTaxRates: string[];
  automaticTax: boolean;
  /** Whether what a person fills in changes the customer. */
  updates: { address: boolean; name: boolean };
}

/** What a session remembers for the moment it is paid. */
export interface CheckoutPlan extends SessionPlan, Record<string, unknown> {
  /** What each item cost when the session was made. */
  lines: LineSum[];
}

/** The sums of one line: what is taken off, what tax is in it or on it, what remains to pay. */
export interface LineSum {
  subtotal: number;
  discount: number;
  tax: number;
  total: number;
}

export function lineSums(invoice: Invoice): LineSum[] {
  return invoice.lines.data.map((line) => {
    const subtotal = line.amount;
    const discount = sum(discountsOn(line));
    const taxes = line.taxes ?? [];
    const added = taxes.filter(({ tax_behavior }) => tax_behavior === "exclusive");
    const total = subtotal - discount + sum(added.map(({ amount }) => amount));
    return { subtotal, discount, tax: sum(taxes.map(({ amount }) => amount)), total };
  });
}

export function startOf(books: Books, plan: SessionPlan, customer: string): SubscriptionStart {
  const { trialDays, trialEnd, missingPaymentMethod, description, metadata, billingMode } = plan;
  return {
    customer,
    items: plan.items,
    trialEnd: trialEnd ?? (trialDays === null ? null : books.now + trialDays * 86_400),
    missingPaymentMethod,
    defaultPaymentMethod: null,
    description,
    metadata,
    billingMode,
    paymentBehavior: "default_incomplete",
    discounts: plan.discounts,
    defaultTaxRates: plan.defaultTaxRates,
    automaticTax: plan.automaticTax,
    daysUntilDue: null,
  };
}

/** The invoice that paying a session would make: really made, read, and undone. */
export function firstInvoice(books: Books, plan: SessionPlan, customer: string | null): Invoice {
  return books.database.discard(() => {
    const trial = openBooks(books);
    const id = customer ?? create(trial, "customer", nobody(books.now), "customer.created").id;
    const { latest_invoice } = startSubscription(trial, startOf(trial, plan, id));
    return get(trial, "invoice", latest_invoice ?? "");
  });
}

function nobody(now: number) {
  return buildCustomer({
    now,
    name: null,
    email: null,
    description: null,
    phone: null,
    metadata: {},
    balance: 0,
  });
}
