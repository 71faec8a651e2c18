import { type Books, get, note, save } from "../books.ts";
import { invalid } from "../failures.ts";
import type { Invoice, Subscription } from "../wire.ts";
import { applyPending, dropPending, heldInvoice } from "./pending-update.ts";
import { reactivate } from "./settlement.ts";

/**
 * Voids an open or uncollectible invoice: as if it had never been, its number kept. `invoice.voided`. A change that
 * waited for it is dropped.
 */
export function voidInvoice(books: Books, invoice: Invoice): Invoice {
  if (invoice.status !== "open" && invoice.status !== "uncollectible") {
    throw notOpen(invoice, "voided");
  }
  const voided = save(books, "invoice", {
    ...invoice,
    status: "void",
    auto_advance: false,
    next_payment_attempt: null,
    amount_remaining: invoice.amount_due,
    status_transitions: { ...invoice.status_transitions, voided_at: books.now },
  });
  note(books, "invoice.voided", voided);
  dropPending(books, voided);
  return voided;
}

/**
 * Gives an open invoice up as bad debt; it can still be paid or voided: `invoice.marked_uncollectible`. A past due
 * subscription whose latest invoice it is becomes active (docs.stripe.com/billing/subscriptions/overview).
 */
export function markUncollectible(books: Books, invoice: Invoice, reason = "user_forgiven"): Invoice {
  if (invoice.status !== "open") throw notOpen(invoice, "marked uncollectible");
  const marked = save(books, "invoice", {
    ...invoice,
    status: "uncollectible",
    auto_advance: false,
    next_payment_attempt: null,
    status_details: { uncollectible: { reason } },
    status_transitions: { ...invoice.status_transitions, marked_uncollectible_at: books.now },
  });
  note(books, "invoice.marked_uncollectible", marked);
  applyPending(books, marked, "uncollectible");
  reactivate(books, marked, ["past_due"]);
  return marked;
}

/** The subscription without its pending change, whose invoice is voided; as it is when it has none. */
export function discardPending(books: Books, subscription: Subscription): Subscription {
  const held = heldInvoice(books, subscription.id);
  if (held === null) return subscription;
  voidInvoice(books, get(books, "invoice", held));
  return get(books, "subscription", subscription.id);
}

function notOpen(invoice: Invoice, what: string): Error {
  const message = `This invoice is ${invoice.status}: only open ones can be ${what}.`;
  return invalid(message, "status_transition_invalid");
}
