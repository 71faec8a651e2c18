import { type Books, change, get, inFront, save } from "../books.ts";
import { declined } from "../failures.ts";
import { itemList } from "../objects/subscription.ts";
import type { Invoice, Subscription, SubscriptionItem } from "../wire.ts";
import { discardPending } from "./closing.ts";
import { debitLedger } from "./debits.ts";
import { advance, finalize } from "./finalization.ts";
import { draftForSubscription, pendingOf } from "./invoicing.ts";
import { changedItems, type ItemChange, recurrenceOf, restarted, sameRecurrence } from "./items.ts";
import { isMetered } from "./metered-usage.ts";
import { charges, collectWith, fallBehind, payerOf } from "./payment.ts";
import { hold } from "./pending-update.ts";
import { charge, credit } from "./proration.ts";
import { mirrorInPhase } from "./schedule-phases.ts";

/** Past due, refused with 402, not tried at all (past due until somebody pays), or not changed before it is paid. */
export type PaymentBehavior =
  | "allow_incomplete"
  | "error_if_incomplete"
  | "default_incomplete"
  | "pending_if_incomplete";

export interface SubscriptionChange {
  /** Plain fields, already validated. */
  fields: Partial<Subscription>;
  items: ItemChange[];
  proration: "create_prorations" | "always_invoice" | "none";
  /** The instant prorations count from, seconds. */
  at: number;
  /** Starts a new period now and bills it (also what a change of interval does). */
  restart: boolean;
  /** What happens when the immediate invoice cannot be paid. */
  payment: PaymentBehavior;
  /** False leaves the running phase of a schedule as it is: the change comes from there. */
  mirrored?: boolean;
}

/**
 * Changes a subscription: prorations for changed items, an invoice at once where one is due, and one
 * `customer.subscription.updated` in front of the events of its consequences.
 */
export function changeSubscription(
  books: Books,
  given: Subscription,
  wanted: SubscriptionChange,
): Subscription {
  const bills = wanted.items.length > 0 || wanted.restart;
  const before = bills ? discardPending(books, given) : given;
  const mark = books.noted.length;
  const debits = debitLedger(books, before.id);
  const { latest_invoice, pending_update } = before;
  const merged: Subscription = { ...before, ...wanted.fields, latest_invoice, pending_update };
  const items = wanted.items.length === 0 ? merged.items.data : changedItems(books, merged, wanted.items);
  const silent = ["trialing", "paused"].includes(merged.status);
  const restarts = wanted.restart || (!silent && changesInterval(before, items));
  const after = restarts ? restarted(books, merged, items) : { ...merged, items: itemList(before.id, items) };
  save(books, "subscription", after);
  const billed = !["trialing", "incomplete", "paused"].includes(before.status) && wanted.proration !== "none";
  if (billed) prorate(books, before, after, wanted.at, restarts);
  const invoice = immediateInvoice(books, before, after, wanted, restarts);
  const current = get(books, "subscription", before.id);
  if (invoice && wanted.payment === "pending_if_incomplete" && !canBePaid(books, invoice)) {
    const held = {
      before,
      after: current,
      debits,
      invoice,
      expiresAt: expiryOf(books, before),
      resumes: null,
    };
    inFront(books, mark, () => hold(books, held));
    collectWith(books, finalize(books, invoice), null);
    return get(books, "subscription", before.id);
  }
  const final = invoice ? { ...current, latest_invoice: invoice.id } : current;
  inFront(books, mark, () => change(books, "subscription", before, final, "customer.subscription.updated"));
  if (wanted.mirrored !== false) mirrorInPhase(books, final);
  if (invoice) payNow(books, invoice, wanted.payment);
  return get(books, "subscription", before.id);
}

/** Whether an invoice asks for no money, now, or for money that its card gives. */
function canBePaid(books: Books, invoice: Invoice): boolean {
  const asks = invoice.amount_due > 0 && invoice.auto_advance !== false;
  return !asks || charges(books, payerOf(books, invoice));
}

const pendingFor = 23 * 3600;

/** A pending update has 23 hours, or less where a trial or a period ends before. */
function expiryOf(books: Books, { status, trial_end: trial, items }: Subscription): number {
  const ends = items.data.map((item) => item.current_period_end);
  const all = [books.now + pendingFor, ...ends, ...(status === "trialing" && trial !== null ? [trial] : [])];
  return Math.min(...all);
}

function changesInterval(before: Subscription, items: SubscriptionItem[]): boolean {
  return items.some((item) => {
    const old = before.items.data.find(({ id }) => id === item.id);
    return old !== undefined && !sameRecurrence(recurrenceOf(old.price), recurrenceOf(item.price));
  });
}

/** Credits the old state of every touched item, and charges the new one unless a new period is billed whole. */
function prorate(
  books: Books,
  before: Subscription,
  after: Subscription,
  at: number,
  restarts: boolean,
): void {
  for (const old of before.items.data) {
    const item = after.items.data.find(({ id }) => id === old.id);
    if (item && !restarts && !differs(old, item)) continue;
    credit(books, before, old, at);
    if (item && !restarts) charge(books, after, item, at);
  }
  if (restarts) return;
  const known = new Set(before.items.data.map(({ id }) => id));
  for (const item of after.items.data) if (!known.has(item.id)) charge(books, after, item, at);
}

function differs(a: SubscriptionItem, b: SubscriptionItem): boolean {
  return a.price.id !== b.price.id || a.quantity !== b.quantity;
}

function immediateInvoice(
  books: Books,
  before: Subscription,
  subscription: Subscription,
  wanted: SubscriptionChange,
  restarts: boolean,
): Invoice | null {
  const pending = pendingOf(books, subscription.customer, subscription.id).length > 0;
  const now = restarts || (wanted.proration === "always_invoice" && wanted.items.length > 0 && pending);
  if (!now || ["incomplete", "paused"].includes(subscription.status)) return null;
  return draftForSubscription(books, subscription, {
    reason: "subscription_update",
    items: restarts ? subscription.items.data.filter(({ price }) => !isMetered(price)) : [],
    used: restarts && before.status !== "trialing" ? endedUsage(before) : [],
    period: { start: books.now, end: books.now },
    waits: false,
    prorationDate: wanted.at,
  });
}

/** A new period begins: what was used in the old one is billed as its items were. */
function endedUsage(before: Subscription): SubscriptionItem[] {
  return before.items.data.filter(({ price }) => isMetered(price));
}

function payNow(books: Books, invoice: Invoice, payment: PaymentBehavior): void {
  const paused = invoice.auto_advance === false;
  if (payment === "default_incomplete" && !paused && invoice.collection_method !== "send_invoice") {
    if (finalize(books, invoice).status === "open") fallBehind(books, invoice);
    return;
  }
  const result = advance(books, invoice);
  const unpaid = result.status === "open" && result.collection_method === "charge_automatically";
  if (payment === "error_if_incomplete" && unpaid) throw declined();
}
