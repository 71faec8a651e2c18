import { type Books, change, note, save } from "../books.ts";
import { subscriptionOf } from "../objects/invoice.ts";
import type { Invoice } from "../wire.ts";

/**
 * Marks an open invoice paid: `invoice.paid`, `invoice.payment_succeeded`, and a subscription whose latest invoice
 * it is goes back to active.
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
  reactivate(books, paid);
  return paid;
}

function reactivate(books: Books, invoice: Invoice): void {
  const id = subscriptionOf(invoice);
  const subscription = id === null ? null : books.store.find("subscription", id);
  if (!subscription || subscription.latest_invoice !== invoice.id) return;
  if (subscription.status !== "past_due" && subscription.status !== "incomplete") return;
  const active = { ...subscription, status: "active" };
  change(books, "subscription", subscription, active, "customer.subscription.updated");
}
