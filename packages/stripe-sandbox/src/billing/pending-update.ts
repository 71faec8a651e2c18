import { type Books, change, note } from "../books.ts";
import { subscriptionOf } from "../objects/invoice.ts";
import type { Invoice, Subscription } from "../wire.ts";
import { type Debit, debitLedger, putDebits } from "./debits.ts";
import { mirrorInPhase } from "./schedule-phases.ts";

/** A change that waits until its invoice is paid. */
interface PendingChange {
  invoice: string;
  /** What the subscription gets when it is applied. */
  fields: Partial<Subscription>;
  /** What was debited, as the change leaves it. */
  debits: Debit[];
  /** A resumption: by the first attempt to pay, or by a payment only. Null for another change. */
  resumes: "on_attempt" | "on_success" | null;
}

export interface Held {
  /** As it was, and as the change would make it. */
  before: Subscription;
  after: Subscription;
  /** The debits from before the change. */
  debits: Debit[];
  invoice: Invoice;
  expiresAt: number;
  resumes: PendingChange["resumes"];
}

type Detail = { pending?: PendingChange | null };

/**
 * Keeps a subscription as it was and its change as `pending_update` until the change's invoice is paid
 * (docs.stripe.com/billing/subscriptions/pending-updates). Notes `customer.subscription.updated`.
 */
export function hold(books: Books, held: Held): Subscription {
  const { before, after, invoice } = held;
  const ends = after.status !== before.status ? { status: after.status, trial_end: after.trial_end } : {};
  const fields = { items: after.items, billing_cycle_anchor: after.billing_cycle_anchor, ...ends };
  const pending = {
    invoice: invoice.id,
    fields,
    debits: debitLedger(books, before.id),
    resumes: held.resumes,
  };
  putDebits(books, before.id, held.debits);
  remember(books, before.id, pending);
  const waiting: Subscription = {
    ...before,
    discounts: after.discounts,
    latest_invoice: invoice.id,
    pending_update: pendingUpdate(before, after, held.expiresAt),
  };
  return change(books, "subscription", before, waiting, "customer.subscription.updated");
}

function pendingUpdate(
  before: Subscription,
  after: Subscription,
  expiresAt: number,
): Subscription["pending_update"] {
  const anchor = after.billing_cycle_anchor;
  const same = JSON.stringify(before.items.data) === JSON.stringify(after.items.data);
  return {
    billing_cycle_anchor: anchor === before.billing_cycle_anchor ? null : anchor,
    cancel_at_period_end: null,
    discount: null,
    discounts: null,
    expires_at: expiresAt,
    metadata: null,
    subscription_items: same ? null : after.items.data,
    trial_end: after.trial_end === before.trial_end ? null : after.trial_end,
    trial_from_plan: null,
  };
}

/** The invoice that a subscription's pending change waits for, or null. */
export function heldInvoice(books: Books, subscription: string): string | null {
  return books.store.detail<Detail>(subscription)?.pending?.invoice ?? null;
}

/**
 * Applies the change that waits for this invoice, if one does and the outcome is what it waits for: a payment, for a
 * resumption also being given up, or a declined attempt, which leaves it past due.
 */
export function applyPending(
  books: Books,
  invoice: Invoice,
  outcome: "paid" | "uncollectible" | "declined",
): void {
  const found = waitingFor(books, invoice);
  if (!found) return;
  const { subscription, pending } = found;
  if (outcome !== "paid" && pending.resumes === null) return;
  if (outcome === "declined" && pending.resumes !== "on_attempt") return;
  remember(books, subscription.id, null);
  putDebits(books, subscription.id, pending.debits);
  const applied: Subscription = { ...subscription, ...pending.fields, pending_update: null };
  if (pending.resumes === null) {
    change(books, "subscription", subscription, applied, "customer.subscription.updated");
    note(books, "customer.subscription.pending_update_applied", applied);
    mirrorInPhase(books, applied);
    return;
  }
  const resumed = running(applied, outcome === "declined" ? "past_due" : "active");
  change(books, "subscription", subscription, resumed, "customer.subscription.updated");
  note(books, "customer.subscription.resumed", resumed);
}

/** A paused subscription as it runs again. */
export function running(paused: Subscription, status: string): Subscription {
  const { status_details: _, ...rest } = paused;
  return { ...rest, status };
}

/** Forgets the change that waits for this invoice, if one does: `customer.subscription.pending_update_expired`. */
export function dropPending(books: Books, invoice: Invoice): void {
  const found = waitingFor(books, invoice);
  if (!found) return;
  const { subscription } = found;
  remember(books, subscription.id, null);
  const without = { ...subscription, pending_update: null };
  change(books, "subscription", subscription, without, "customer.subscription.updated");
  note(books, "customer.subscription.pending_update_expired", without);
}

function waitingFor(
  books: Books,
  invoice: Invoice,
): { subscription: Subscription; pending: PendingChange } | null {
  const id = subscriptionOf(invoice);
  const subscription = id === null ? null : books.store.find("subscription", id);
  const pending = subscription && books.store.detail<Detail>(subscription.id)?.pending;
  return subscription && pending?.invoice === invoice.id ? { subscription, pending } : null;
}

function remember(books: Books, subscription: string, pending: PendingChange | null): void {
  books.store.putDetail(subscription, { ...books.store.detail(subscription), pending });
}
