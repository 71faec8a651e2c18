import { type Books, create, get, openBooks } from "../books.ts";
import { buildCustomer } from "../objects/customer.ts";
import type { Invoice } from "../wire.ts";
import type { Redemption } from "./discounts.ts";
import { type SubscriptionStart, startSubscription } from "./subscription-start.ts";

/** What a session remembers for the moment it is paid. */
export interface CheckoutPlan extends Record<string, unknown> {
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

export function startOf(books: Books, plan: CheckoutPlan, customer: string): SubscriptionStart {
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
export function firstInvoice(books: Books, plan: CheckoutPlan, customer: string | null): Invoice {
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
