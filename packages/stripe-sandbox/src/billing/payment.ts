import { type Books, change, get, note, save } from "../books.ts";
import { subscriptionOf } from "../objects/invoice.ts";
import type { Invoice, PaymentMethod, Subscription } from "../wire.ts";
import { end } from "./cancellation.ts";
import { takeFailure } from "./payment-failures.ts";
import { applyPending } from "./pending-update.ts";
import { isLatest, settle } from "./settlement.ts";

const day = 86_400;
/** Waits between the attempts to collect a recurring invoice; after the last the subscription is canceled. */
const retryAfterDays = [3, 5, 7];

/** The payment method an invoice is collected with: its own, the subscription's, the customer's default. */
export function payerOf(books: Books, invoice: Invoice): PaymentMethod | null {
  const id = subscriptionOf(invoice);
  const subscription = id === null ? null : books.store.find("subscription", id);
  const own = invoice.default_payment_method;
  if (own) return books.store.find("payment_method", own);
  return defaultPayer(books, invoice.customer ?? "", subscription);
}

/** The payment method of a subscription, or else of its customer. */
export function defaultPayer(
  books: Books,
  customer: string,
  subscription: Subscription | null,
): PaymentMethod | null {
  const chosen =
    subscription?.default_payment_method ??
    books.store.find("customer", customer)?.invoice_settings.default_payment_method;
  return chosen ? books.store.find("payment_method", chosen) : null;
}

/** True when a charge on this method goes through. */
export function charges(books: Books, method: PaymentMethod | null): boolean {
  return method !== null && books.store.detail<{ declines: boolean }>(method.id)?.declines !== true;
}

/** One automatic attempt to collect an open invoice; another is planned when it fails. */
export function collect(books: Books, invoice: Invoice): Invoice {
  if (!takeFailure(books, invoice) && charges(books, payerOf(books, invoice))) {
    return settle(books, invoice, { amount: invoice.amount_due, charged: true });
  }
  return failed(books, invoice);
}

/** One attempt asked for by the API; a failure does not change the plan of automatic ones. */
export function collectWith(books: Books, invoice: Invoice, method: PaymentMethod | null): Invoice {
  if (charges(books, method)) return settle(books, invoice, { amount: invoice.amount_due, charged: true });
  const after = save(books, "invoice", {
    ...invoice,
    attempted: true,
    attempt_count: invoice.attempt_count + 1,
  });
  note(books, "invoice.payment_failed", after);
  applyPending(books, after, "declined");
  return after;
}

/**
 * A failed attempt: `invoice.payment_failed`, the subscription past due, another attempt planned, or after the
 * last one the subscription canceled.
 */
function failed(books: Books, invoice: Invoice): Invoice {
  const subscription = liveSubscription(books, invoice);
  const first = invoice.billing_reason === "subscription_create" && subscription === null;
  const wait = retryAfterDays[invoice.attempt_count];
  const retries = invoice.auto_advance !== false && !first && wait !== undefined;
  const after = save(books, "invoice", {
    ...invoice,
    attempted: true,
    attempt_count: invoice.attempt_count + 1,
    next_payment_attempt: retries ? books.now + wait * day : null,
  });
  note(books, "invoice.payment_failed", after);
  if (!subscription || first) return after;
  if (!retries && subscription.status === "past_due") {
    end(books, subscription, { reason: "payment_failed" });
    return get(books, "invoice", after.id);
  }
  fallBehind(books, after);
  return after;
}

/** Makes a live subscription past due whose latest invoice is not paid. */
export function fallBehind(books: Books, invoice: Invoice): void {
  const subscription = liveSubscription(books, invoice);
  if (!subscription || !isLatest(books, invoice)) return;
  const late = { ...subscription, status: "past_due" };
  change(books, "subscription", subscription, late, "customer.subscription.updated");
}

function liveSubscription(books: Books, invoice: Invoice): Subscription | null {
  const id = subscriptionOf(invoice);
  const subscription = id === null ? null : books.store.find("subscription", id);
  return subscription && ["active", "past_due"].includes(subscription.status) ? subscription : null;
}
