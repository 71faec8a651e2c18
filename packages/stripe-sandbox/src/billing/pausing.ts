import { type Books, change, get, inFront, note, save } from "../books.ts";
import { periodAround } from "../calendar.ts";
import { invalid, unsupported } from "../failures.ts";
import { itemList } from "../objects/subscription.ts";
import type { Invoice, Subscription } from "../wire.ts";
import { discardPending } from "./closing.ts";
import { debitLedger, dropDebits } from "./debits.ts";
import { advance, finalize } from "./finalization.ts";
import { draftForSubscription, pendingOf } from "./invoicing.ts";
import { recurrenceOf, restarted } from "./items.ts";
import { collect, defaultPayer } from "./payment.ts";
import { hold, running } from "./pending-update.ts";
import { charge, credit } from "./proration.ts";

export interface Pause {
  /** From when on paid time is credited. */
  unusedFrom: "now" | "item_current_period_start" | "none";
  /** Bills what is pending at once. */
  invoices: boolean;
}

/**
 * Pauses a subscription: no renewals and no invoices until it is resumed. Notes `customer.subscription.updated`, then
 * `customer.subscription.paused` (docs.stripe.com/billing/subscriptions/pause). 400 where Stripe does not pause.
 */
export function pauseSubscription(books: Books, given: Subscription, pause: Pause): Subscription {
  assertPausable(given);
  const before = discardPending(books, given);
  const mark = books.noted.length;
  for (const item of before.items.data) {
    if (pause.unusedFrom === "none") dropDebits(books, before.id, item.id, books.now);
    else credit(books, before, item, pause.unusedFrom === "now" ? books.now : item.current_period_start);
  }
  const paused = save(books, "subscription", stopped(books, before, "pause_requested"));
  const invoice = pause.invoices ? draftForPending(books, paused) : null;
  inFront(books, mark, () => notePaused(books, before, withLatest(books, paused, invoice)));
  if (invoice) advance(books, invoice);
  return get(books, "subscription", before.id);
}

function assertPausable(subscription: Subscription): void {
  const because = (what: string): Error => invalid(`The subscription ${subscription.id} ${what}.`);
  const { status, schedule } = subscription;
  if (subscription.collection_method !== "charge_automatically") {
    throw because("sends its invoices and cannot be paused");
  }
  if (subscription.billing_mode.type !== "flexible")
    throw because("needs billing_mode=flexible to be paused");
  if (["trialing", "paused", "incomplete"].includes(status))
    throw because(`is ${status} and cannot be paused`);
  if (schedule !== null) throw because(`is attached to the schedule ${schedule} and cannot be paused`);
  const metered = subscription.items.data.some((item) => item.price.recurring?.usage_type === "metered");
  if (metered) throw unsupported("pausing a subscription with metered items");
}

/** What a trial that ends now does when nobody can be charged: ends or pauses the subscription; null: it is billed. */
export function withoutPayer(books: Books, subscription: Subscription): "cancel" | "pause" | null {
  const wanted = subscription.trial_settings?.end_behavior.missing_payment_method;
  if (wanted !== "cancel" && wanted !== "pause") return null;
  const payer = defaultPayer(books, subscription.customer, subscription);
  return payer === null ? (wanted as "cancel" | "pause") : null;
}

/** Pauses a subscription whose trial ends now without a payment method. */
export function pauseAfterTrial(
  books: Books,
  before: Subscription,
  fields: Subscription = before,
): Subscription {
  const paused = stopped(books, { ...fields, trial_end: books.now }, "trial_end_without_payment_method");
  save(books, "subscription", paused);
  return notePaused(books, before, paused);
}

function stopped(books: Books, subscription: Subscription, why: string): Subscription {
  const data = subscription.items.data.map((item) => ({ ...item, current_period_end: books.now }));
  return {
    ...subscription,
    items: itemList(subscription.id, data),
    status: "paused",
    status_details: {
      paused: { subscription: { type: why }, transitioned_at: books.now, type: "subscription" },
    },
  };
}

function notePaused(books: Books, before: Subscription, paused: Subscription): Subscription {
  const after = change(books, "subscription", before, paused, "customer.subscription.updated");
  note(books, "customer.subscription.paused", after);
  return after;
}

export interface Resumption {
  /** A new period from now on, or the one of the old cycle that is running. */
  anchor: "now" | "unchanged";
  proration: "create_prorations" | "always_invoice" | "none";
  /** The instant prorations count from, seconds. */
  at: number;
  /** Only `on_success` tries to be paid at once; `on_attempt` waits for somebody who pays the invoice. */
  payment: "on_attempt" | "on_success";
}

const waits = { on_attempt: 23 * 3600, on_success: 365 * 86_400 };

/**
 * Resumes a paused subscription: active at once when nothing is to be paid, else when its invoice is paid or given up.
 * Until then it stays paused and the change is its `pending_update`; with `on_attempt` a declined payment makes it past
 * due (docs.stripe.com/billing/subscriptions/pause). 400 for one that is not paused, or that nobody can be charged for.
 */
export function resumeSubscription(books: Books, given: Subscription, how: Resumption): Subscription {
  if (given.status !== "paused") throw invalid(`The subscription ${given.id} is not paused.`);
  if (given.collection_method !== "charge_automatically") {
    throw invalid(`The subscription ${given.id} sends its invoices and cannot be resumed.`);
  }
  const before = discardPending(books, given);
  const mark = books.noted.length;
  const debits = debitLedger(books, before.id);
  const planned = save(
    books,
    "subscription",
    how.anchor === "now" ? restarted(books, before) : around(books, before),
  );
  const partly = how.anchor === "unchanged" && how.proration !== "none";
  if (
    how.at > books.now ||
    how.at < Math.min(...planned.items.data.map((item) => item.current_period_start))
  ) {
    throw invalid("proration_date must lie within the current period.", undefined, "proration_date");
  }
  if (partly) for (const item of planned.items.data) charge(books, planned, item, how.at);
  const invoice = resumptionInvoice(books, planned, how);
  const after = withLatest(books, planned, invoice);
  if (invoice && invoice.amount_due > 0 && before.pause_collection === null) {
    const expiresAt = books.now + waits[how.payment];
    inFront(books, mark, () =>
      hold(books, { before, after, debits, invoice, expiresAt, resumes: how.payment }),
    );
    awaitPayment(books, before, invoice, how);
  } else {
    const resumed = running(after, "active");
    inFront(books, mark, () => {
      change(books, "subscription", before, resumed, "customer.subscription.updated");
      note(books, "customer.subscription.resumed", resumed);
    });
    if (invoice) advance(books, invoice);
  }
  return get(books, "subscription", before.id);
}

function awaitPayment(books: Books, subscription: Subscription, invoice: Invoice, how: Resumption): void {
  if (how.payment === "on_success" && !defaultPayer(books, subscription.customer, subscription)) {
    throw invalid(
      `The customer ${subscription.customer} has no default payment method to charge.`,
      "resource_missing",
      "payment_behavior",
    );
  }
  const open = finalize(books, invoice);
  if (how.payment === "on_success" && open.status === "open") collect(books, open);
}

/** The items in the periods of the old cycle that surround now. */
function around(books: Books, subscription: Subscription): Subscription {
  const data = subscription.items.data.map((item) => {
    const period = periodAround(subscription.billing_cycle_anchor, recurrenceOf(item.price), books.now);
    return { ...item, current_period_start: period.start, current_period_end: period.end };
  });
  return { ...subscription, items: itemList(subscription.id, data) };
}

function resumptionInvoice(books: Books, subscription: Subscription, how: Resumption): Invoice | null {
  if (how.anchor === "unchanged") {
    return how.proration === "always_invoice" ? draftForPending(books, subscription) : null;
  }
  return draftForSubscription(books, subscription, {
    reason: "subscription_update",
    items: subscription.items.data,
    period: { start: books.now, end: books.now },
    waits: false,
  });
}

/** Drafts an invoice of what is pending for a subscription; null when nothing is. */
function draftForPending(books: Books, subscription: Subscription): Invoice | null {
  if (pendingOf(books, subscription.customer, subscription.id).length === 0) return null;
  return draftForSubscription(books, subscription, {
    reason: "subscription_update",
    items: [],
    period: { start: books.now, end: books.now },
    waits: false,
  });
}

/** A subscription as it is saved (a discount may be used up), with its newest invoice. */
function withLatest(books: Books, { id }: Subscription, invoice: Invoice | null): Subscription {
  const current = get(books, "subscription", id);
  return invoice ? { ...current, latest_invoice: invoice.id } : current;
}
