import { type Books, create, get, inFront, note, save } from "../books.ts";
import { invalid } from "../failures.ts";
import { buildCustomer } from "../objects/customer.ts";
import type { CheckoutSession, Customer } from "../wire.ts";
import { attachTestCard } from "./payment-methods.ts";
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
}

/**
 * Pays an open session as a person with this test card would: customer if there is none, subscription, first
 * invoice; `checkout.session.completed` comes before the subscription's events. A completed session answers as it
 * is. Errors: 400 when expired, 402 `card_declined` (the session stays open and nothing else changes).
 */
export function completeCheckout(books: Books, session: CheckoutSession, card: string): CheckoutSession {
  if (session.status === "complete") return session;
  if (session.status !== "open")
    throw invalid("This Checkout Session has expired.", "sandbox_session_expired");
  const plan = books.store.detail<CheckoutPlan>(session.id);
  if (!plan) throw new Error(`checkout session ${session.id} lost its plan`);
  const customer =
    session.customer === null ? newCustomer(books, session) : get(books, "customer", session.customer);
  const method = attachTestCard(books, card, customer.id);
  const mark = books.noted.length;
  const subscription = startSubscription(books, {
    customer: customer.id,
    items: plan.items,
    trialEnd: plan.trialEnd ?? (plan.trialDays === null ? null : books.now + plan.trialDays * 86_400),
    missingPaymentMethod: plan.missingPaymentMethod,
    defaultPaymentMethod: method.id,
    description: plan.description,
    metadata: plan.metadata,
    billingMode: plan.billingMode,
    paymentBehavior: "error_if_incomplete",
  });
  const completed = save(books, "checkout.session", {
    ...session,
    customer: customer.id,
    customer_details: detailsOf(customer),
    invoice: subscription.latest_invoice,
    payment_status: session.amount_total === 0 ? "no_payment_required" : "paid",
    status: "complete",
    subscription: subscription.id,
    url: null,
  });
  inFront(books, mark, () => note(books, "checkout.session.completed", completed));
  return completed;
}

/** Closes an open session unpaid: `checkout.session.expired`. */
export function expireSession(books: Books, session: CheckoutSession): CheckoutSession {
  const expired = save(books, "checkout.session", { ...session, status: "expired", url: null });
  note(books, "checkout.session.expired", expired);
  return expired;
}

function newCustomer(books: Books, session: CheckoutSession): Customer {
  const customer = buildCustomer({
    now: books.now,
    name: null,
    email: session.customer_email,
    description: null,
    phone: null,
    metadata: {},
    balance: 0,
  });
  return create(books, "customer", customer, "customer.created");
}

function detailsOf(customer: Customer): CheckoutSession["customer_details"] {
  return {
    address: null,
    business_name: null,
    email: customer.email,
    individual_name: null,
    name: customer.name ?? null,
    phone: customer.phone ?? null,
    tax_exempt: "none",
    tax_ids: [],
  };
}
