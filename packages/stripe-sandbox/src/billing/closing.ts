import { type Books, note, save } from "../books.ts";
import { invalid } from "../failures.ts";
import type { Invoice } from "../wire.ts";
import { reactivate } from "./settlement.ts";

/** Voids an open or uncollectible invoice: as if it had never been, its number kept. `invoice.voided`. */
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
  return voided;
}

/**
 * Gives an open invoice up as bad debt; it can still be paid or voided: `invoice.marked_uncollectible`. A past due
 * subscription whose latest invoice it is becomes active (docs.stripe.com/billing/subscriptions/overview).
 */
export function markUncollectible(books: Books, invoice: Invoice): Invoice {
  if (invoice.status !== "open") throw notOpen(invoice, "marked uncollectible");
  const marked = save(books, "invoice", {
    ...invoice,
    status: "uncollectible",
    auto_advance: false,
    next_payment_attempt: null,
    status_details: { uncollectible: { reason: "user_forgiven" } },
    status_transitions: { ...invoice.status_transitions, marked_uncollectible_at: books.now },
  });
  note(books, "invoice.marked_uncollectible", marked);
  reactivate(books, marked, ["past_due"]);
  return marked;
}

function notOpen(invoice: Invoice, what: string): Error {
  const message = `This invoice is ${invoice.status}: only open ones can be ${what}.`;
  return invalid(message, "status_transition_invalid");
}
