import { type Books, change, get, note, save } from "../books.ts";
import { boundaryAfter } from "../calendar.ts";
import type { Subscription, SubscriptionItem } from "../wire.ts";
import { end } from "./cancellation.ts";
import { withoutEnded } from "./discounts.ts";
import { draftForSubscription } from "./invoicing.ts";
import { recurrenceOf } from "./items.ts";
import { isMetered } from "./metered-usage.ts";
import { pauseAfterTrial, withoutPayer } from "./pausing.ts";

/**
 * The end of a period (or of a trial) at `books.now`: the items whose period ends move on, counted from the
 * anchor, and a draft invoice for their next period is made that waits an hour.
 * Notes `invoice.created`, then `customer.subscription.updated`.
 */
export function renew(books: Books, subscription: Subscription): void {
  const without = subscription.status === "trialing" ? withoutPayer(books, subscription) : null;
  if (without !== null) {
    if (without === "pause") pauseAfterTrial(books, subscription);
    else end(books, subscription, { reason: "cancellation_requested" });
    return;
  }
  const at = books.now;
  const ending = subscription.items.data.filter((item) => item.current_period_end <= at);
  const data = subscription.items.data.map((item) =>
    ending.includes(item) ? advanced(subscription, item, at) : item,
  );
  const renewed: Subscription = {
    ...withoutEnded(books, subscription),
    items: { ...subscription.items, data },
    status: subscription.status === "trialing" ? "active" : subscription.status,
  };
  save(books, "subscription", renewed);
  const invoice = draftForSubscription(books, renewed, {
    reason: "subscription_cycle",
    items: data.filter((item) => !isMetered(item.price) && ending.some(({ id }) => id === item.id)),
    // What is used in a trial is free.
    used: subscription.status === "trialing" ? [] : ending.filter((item) => isMetered(item.price)),
    period: { start: Math.min(...ending.map((item) => item.current_period_start)), end: at },
    waits: true,
  });
  const after = { ...get(books, "subscription", renewed.id), latest_invoice: invoice.id };
  change(books, "subscription", subscription, after, "customer.subscription.updated");
}

function advanced(subscription: Subscription, item: SubscriptionItem, at: number): SubscriptionItem {
  const next = boundaryAfter(subscription.billing_cycle_anchor, recurrenceOf(item.price), at);
  return { ...item, current_period_start: at, current_period_end: next };
}

/** The first payment did not come within 23 hours: expired for good, its invoice void. */
export function expireIncomplete(books: Books, subscription: Subscription): void {
  const invoice =
    subscription.latest_invoice === null ? null : books.store.find("invoice", subscription.latest_invoice);
  if (invoice?.status === "open") {
    const voided = save(books, "invoice", {
      ...invoice,
      status: "void",
      auto_advance: false,
      next_payment_attempt: null,
      status_transitions: { ...invoice.status_transitions, voided_at: books.now },
    });
    note(books, "invoice.voided", voided);
  }
  const expired = { ...subscription, status: "incomplete_expired", ended_at: books.now };
  change(books, "subscription", subscription, expired, "customer.subscription.updated");
}
