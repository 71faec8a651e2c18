import { type Books, note, save } from "../books.ts";
import type { Subscription, SubscriptionItem } from "../wire.ts";
import { end } from "./cancellation.ts";
import { advance } from "./finalization.ts";
import { draftForSubscription, pendingOf } from "./invoicing.ts";
import { billedUnits, isMetered } from "./metered-usage.ts";
import { credit } from "./proration.ts";

/**
 * Ends a subscription now. `prorate` credits unused time, `invoiceNow` bills what is pending; with neither, pending
 * prorations are taken away, as Subscriptions.d.ts says of `cancel`.
 */
export function cancelNow(
  books: Books,
  subscription: Subscription,
  prorate: boolean,
  invoiceNow: boolean,
): Subscription {
  if (prorate && subscription.status !== "trialing") {
    for (const item of subscription.items.data) credit(books, subscription, item, books.now);
  }
  const ended = end(books, subscription, { reason: "cancellation_requested" });
  const pending = pendingOf(books, ended.customer, ended.id);
  if (!prorate && !invoiceNow) {
    for (const item of pending.filter(({ proration }) => proration)) {
      note(books, "invoiceitem.deleted", item);
      books.store.remove(item.id);
    }
  }
  const used = invoiceNow && subscription.status !== "trialing" ? usedItems(books, ended) : [];
  if (!invoiceNow || pending.length + used.length === 0) return ended;
  const invoice = draftForSubscription(books, ended, {
    reason: "subscription_update",
    items: [],
    used,
    period: { start: books.now, end: books.now },
    waits: false,
  });
  const billed = save(books, "subscription", { ...ended, latest_invoice: invoice.id });
  advance(books, invoice);
  return billed;
}

/** Metered items with usage that no invoice has billed. */
function usedItems(books: Books, { customer, items }: Subscription): SubscriptionItem[] {
  return items.data.filter((item) => {
    const period = { start: item.current_period_start, end: books.now };
    return isMetered(item.price) && billedUnits(books, item.price, customer, period) !== "0";
  });
}
