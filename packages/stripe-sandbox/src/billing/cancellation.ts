import { type Books, change, note, save } from "../books.ts";
import { subscriptionOf } from "../objects/invoice.ts";
import type { Subscription } from "../wire.ts";
import { discardPending } from "./closing.ts";
import { running } from "./pending-update.ts";
import { endSchedule } from "./schedule-endings.ts";

export interface Ending {
  reason: "cancellation_requested" | "payment_failed";
}

/**
 * Ends a subscription now: `customer.subscription.deleted`. Its open invoices stay open and are no longer
 * collected by themselves (docs.stripe.com/billing/subscriptions/cancel).
 */
export function end(books: Books, given: Subscription, { reason }: Ending): Subscription {
  const subscription = { ...given, pending_update: discardPending(books, given).pending_update };
  const details = subscription.cancellation_details;
  const ended = save(books, "subscription", {
    ...running(subscription, "canceled"),
    canceled_at: subscription.canceled_at ?? books.now,
    ended_at: books.now,
    schedule: null,
    cancel_at_period_end: subscription.cancel_at_period_end,
    cancellation_details: {
      comment: details?.comment ?? null,
      feedback: details?.feedback ?? null,
      feedback_option: details?.feedback_option ?? null,
      reason: reason === "payment_failed" ? reason : (details?.reason ?? reason),
    },
  });
  note(books, "customer.subscription.deleted", ended);
  endSchedule(books, given, reason);
  stopCollecting(books, ended);
  return ended;
}

function stopCollecting(books: Books, subscription: Subscription): void {
  const invoices = books.store.where("invoice", "$.customer", subscription.customer);
  for (const invoice of invoices) {
    if (invoice.status !== "open" || subscriptionOf(invoice) !== subscription.id) continue;
    const stopped = { ...invoice, auto_advance: false, next_payment_attempt: null };
    change(books, "invoice", invoice, stopped, "invoice.updated");
  }
}
