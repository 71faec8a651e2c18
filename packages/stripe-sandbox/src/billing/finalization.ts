import { type Books, change, get, note, save } from "../books.ts";
import { invalid } from "../failures.ts";
import type { Invoice } from "../wire.ts";
import { markUncollectible, voidInvoice } from "./closing.ts";
import { withUsage } from "./draft-usage.ts";
import { collect } from "./payment.ts";
import { settle } from "./settlement.ts";

/**
 * Finalizes a draft: a number, no more changes, the customer's balance applied. Notes `invoice.finalized`.
 * An invoice of nothing is paid by that.
 */
export function finalize(books: Books, drafted: Invoice): Invoice {
  if (drafted.status !== "draft") {
    throw invalid(`This invoice is ${drafted.status} and cannot be finalized.`, "invoice_not_editable");
  }
  const draft = withUsage(books, drafted);
  const customer = get(books, "customer", draft.customer ?? "");
  const sequence = customer.next_invoice_sequence ?? 1;
  const balance = customer.balance;
  const due = Math.max(0, draft.total + balance);
  const endingBalance = balance + draft.total - due;
  save(books, "customer", { ...customer, next_invoice_sequence: sequence + 1 });
  const invoice = save(books, "invoice", {
    ...draft,
    status: "open",
    number: `${customer.invoice_prefix}-${String(sequence).padStart(4, "0")}`,
    automatically_finalizes_at: null,
    effective_at: books.now,
    starting_balance: balance,
    ending_balance: endingBalance,
    amount_due: due,
    amount_remaining: due,
    status_transitions: { ...draft.status_transitions, finalized_at: books.now },
  });
  const numbered = get(books, "customer", customer.id);
  change(books, "customer", numbered, { ...numbered, balance: endingBalance }, "customer.updated");
  note(books, "invoice.finalized", invoice);
  return due === 0 ? settle(books, invoice, { amount: 0, charged: false }) : invoice;
}

/** How invoices end that a subscription makes while their collection is paused. */
export type PausedCollection = "keep_as_draft" | "mark_uncollectible" | "void";

/**
 * What Stripe does by itself with a draft whose time has come: finalizes and collects it, or, when it was made while
 * collection was paused, leaves it a draft, gives it up or voids it (docs.stripe.com/billing/subscriptions/pause-payment).
 */
export function advance(books: Books, draft: Invoice): Invoice {
  const collection = books.store.detail<{ collection?: PausedCollection }>(draft.id)?.collection;
  if (collection === undefined) return finalizeAndCollect(books, draft);
  if (collection === "keep_as_draft") {
    return draft.auto_advance === true ? finalizeAndCollect(books, draft) : draft;
  }
  const invoice = finalize(books, draft);
  if (invoice.status !== "open") return invoice;
  return collection === "void"
    ? voidInvoice(books, invoice)
    : markUncollectible(books, invoice, "subscription_paused");
}

/** Finalizes, and then charges or sends the invoice, as automatic advancement does. */
export function finalizeAndCollect(books: Books, draft: Invoice): Invoice {
  const invoice = finalize(books, draft);
  if (invoice.collection_method === "send_invoice")
    return invoice.status === "open" ? send(books, invoice) : invoice;
  return invoice.status === "open" && invoice.auto_advance !== false ? collect(books, invoice) : invoice;
}

/** Sends an open invoice to its customer: no mail leaves the sandbox, `invoice.sent` says so. */
export function send(books: Books, invoice: Invoice): Invoice {
  note(books, "invoice.sent", invoice);
  return invoice;
}
