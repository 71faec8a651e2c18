import { type Books, change, note, save } from "../books.ts";
import { subscriptionOf } from "../objects/invoice.ts";
import type { Invoice } from "../wire.ts";
import { applyPending, heldInvoice } from "./pending-update.ts";

/**
 * Marks an open invoice paid: `invoice.paid`, `invoice.payment_succeeded`; a change that waited for it is applied, and
 * a subscription whose latest invoice it is becomes active (again).
 */
export function settle(books: Books, invoice: Invoice, how: { amount: number; charged: boolean }): Invoice {
  const paid = save(books, "invoice", {
    ...invoice,
    status: "paid",
    attempted: true,
    attempt_count: invoice.attempt_count + (how.charged ? 1 : 0),
    amount_paid: how.amount,
    amount_remaining: 0,
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, paid_at: books.now },
  });
  note(books, "invoice.paid", paid);
  note(books, "invoice.payment_succeeded", paid);
  applyPending(books, paid, "paid");
  reactivate(books, paid);
  return paid;
}

/**
 * A subscription that waits for this invoice becomes active: it is the latest one that was finalized for it, whoever
 * made it (docs.stripe.com/billing/subscriptions/overview, status active).
 */
export function reactivate(books: Books, invoice: Invoice, from = ["past_due", "incomplete"]): void {
  const id = subscriptionOf(invoice);
  const subscription = id === null ? null : books.store.find("subscription", id);
  if (!subscription || !from.includes(subscription.status) || !isLatest(books, invoice)) return;
  const active = { ...subscription, status: "active" };
  change(books, "subscription", subscription, active, "customer.subscription.updated");
}

/** Whether no invoice of the same subscription was finalized after this one, but for one that a change waits for. */
export function isLatest(books: Books, invoice: Invoice): boolean {
  const id = subscriptionOf(invoice);
  if (id === null) return false;
  const held = heldInvoice(books, id);
  const latest = books.store
    .where("invoice", "$.parent.subscription_details.subscription", id)
    .filter(({ status }) => status !== "draft" && status !== "void")
    .filter((one) => one.id === invoice.id || one.id !== held)
    .reduce<Invoice | null>((best, next) => (best && finalized(best) > finalized(next) ? best : next), null);
  return latest?.id === invoice.id;
}

function finalized(invoice: Invoice): number {
  return invoice.status_transitions.finalized_at ?? 0;
}
