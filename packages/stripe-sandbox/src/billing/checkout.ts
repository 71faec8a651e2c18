import { type Books, change, create, get, inFront, note, save } from "../books.ts";
import { invalid } from "../failures.ts";
import { buildCustomer } from "../objects/customer.ts";
import type { CheckoutSession, Customer, Subscription } from "../wire.ts";
import { type CheckoutPlan, startOf } from "./checkout-plan.ts";
import { codeTyped, type Redemption } from "./discounts.ts";
import { attachTestCard } from "./payment-methods.ts";
import { startSubscription } from "./subscription-start.ts";
import { assertTaxLocation } from "./taxes.ts";
import { sum } from "./totals.ts";

/** What a person fills in on the page of a session. */
export interface Filled {
  /** A test card's name. */
  card: string;
  promotionCode?: string | undefined;
  /** Two letters; where tax is computed for. */
  country?: string | undefined;
  name?: string | undefined;
  taxId?: { type: string; value: string } | undefined;
}

/**
 * Pays an open session as a person with this test card would: customer if there is none, subscription, first
 * invoice; `checkout.session.completed` comes before the subscription's events. A completed session answers as it
 * is. Errors: 400 when expired or for a field that the session does not ask for, 402 `card_declined` (the session
 * stays open and nothing else changes).
 */
export function completeCheckout(books: Books, session: CheckoutSession, filled: Filled): CheckoutSession {
  if (session.status === "complete") return session;
  if (session.status !== "open")
    throw invalid("This Checkout Session has expired.", "sandbox_session_expired");
  const plan = books.store.detail<CheckoutPlan>(session.id);
  if (!plan) throw new Error(`checkout session ${session.id} lost its plan`);
  const discounts = typed(books, session, filled.promotionCode) ?? plan.discounts;
  const customer = customerOf(books, session, plan, filled);
  if (plan.automaticTax) assertTaxLocation(customer);
  const method = attachTestCard(books, filled.card, customer.id);
  const mark = books.noted.length;
  const subscription = startSubscription(books, {
    ...startOf(books, { ...plan, discounts }, customer.id),
    defaultPaymentMethod: method.id,
    paymentBehavior: "error_if_incomplete",
    checkoutSession: session.id,
  });
  const completed = save(books, "checkout.session", {
    ...session,
    ...totalsOf(books, subscription),
    automatic_tax: plan.automaticTax
      ? { ...session.automatic_tax, status: "complete" }
      : session.automatic_tax,
    customer: customer.id,
    customer_details: detailsOf(session, customer, filled),
    discounts: discounts.map((entry) => ({
      coupon: entry.promotion_code === undefined ? (entry.coupon ?? null) : null,
      promotion_code: entry.promotion_code ?? null,
    })),
    invoice: subscription.latest_invoice,
    status: "complete",
    subscription: subscription.id,
    url: null,
  });
  inFront(books, mark, () => note(books, "checkout.session.completed", completed));
  return completed;
}

function typed(books: Books, session: CheckoutSession, code: string | undefined): Redemption[] | null {
  if (code === undefined) return null;
  if (session.allow_promotion_codes !== true) {
    throw invalid("This Checkout Session takes no promotion codes.", "sandbox_field_not_asked");
  }
  return [{ promotion_code: codeTyped(books, code).id }];
}

type Totals = Pick<CheckoutSession, "amount_subtotal" | "amount_total" | "payment_status" | "total_details">;

function totalsOf(books: Books, subscription: Subscription): Totals {
  const invoice = get(books, "invoice", subscription.latest_invoice ?? "");
  return {
    amount_subtotal: invoice.subtotal,
    amount_total: invoice.total,
    payment_status: invoice.total === 0 ? "no_payment_required" : "paid",
    total_details: {
      amount_discount: sum((invoice.total_discount_amounts ?? []).map(({ amount }) => amount)),
      amount_shipping: 0,
      amount_tax: sum((invoice.total_taxes ?? []).map(({ amount }) => amount)),
    },
  };
}

/** Closes an open session unpaid: `checkout.session.expired`. */
export function expireSession(books: Books, session: CheckoutSession): CheckoutSession {
  const expired = save(books, "checkout.session", { ...session, status: "expired", url: null });
  note(books, "checkout.session.expired", expired);
  return expired;
}

function customerOf(books: Books, session: CheckoutSession, plan: CheckoutPlan, filled: Filled): Customer {
  const { country, name } = filled;
  const known = session.customer === null ? null : get(books, "customer", session.customer);
  if (known && country !== undefined && !plan.updates.address) throw notAsked("customer_update[address]");
  if (known && name !== undefined && !plan.updates.name) throw notAsked("customer_update[name]");
  const given = {
    ...(country === undefined ? {} : { address: addressIn(country) }),
    ...(name === undefined ? {} : { name }),
  };
  if (known) return change(books, "customer", known, { ...known, ...given }, "customer.updated");
  const customer = buildCustomer({
    now: books.now,
    name: null,
    email: session.customer_email,
    description: null,
    phone: null,
    metadata: {},
    balance: 0,
  });
  return create(books, "customer", { ...customer, ...given }, "customer.created");
}

function notAsked(parameter: string): Error {
  return invalid(`This Checkout Session has no ${parameter}=auto.`, "sandbox_field_not_asked");
}

function addressIn(country: string): NonNullable<Customer["address"]> {
  return { city: null, country, line1: null, line2: null, postal_code: null, state: null };
}

function detailsOf(
  session: CheckoutSession,
  customer: Customer,
  { taxId }: Filled,
): CheckoutSession["customer_details"] {
  if (taxId && session.tax_id_collection?.enabled !== true) throw notAsked("tax_id_collection");
  return {
    address: customer.address ?? null,
    business_name: null,
    email: customer.email,
    individual_name: null,
    name: customer.name ?? null,
    phone: customer.phone ?? null,
    tax_exempt: "none",
    tax_ids: taxId ? [taxId] : [],
  };
}
