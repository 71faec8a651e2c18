import { type Books, change, note, save } from "../books.ts";
import type { Subscription, SubscriptionSchedule } from "../wire.ts";
import { planEnd } from "./cancellation-plans.ts";

/**
 * Ends the schedule of a subscription that has just ended: completed when that was its plan, aborted when nobody paid,
 * else canceled.
 */
export function endSchedule(books: Books, subscription: Subscription, reason: string): void {
  const schedule = subscription.schedule && books.store.find("subscription_schedule", subscription.schedule);
  if (!schedule) return;
  const end = schedule.phases.at(-1)?.end_date ?? 0;
  if (schedule.end_behavior === "cancel" && books.now >= end) {
    complete(books, schedule);
    return;
  }
  const event =
    reason === "payment_failed" ? "subscription_schedule.aborted" : "subscription_schedule.canceled";
  cancelled(books, schedule, event);
}

/** A schedule that goes no further. */
export function cancelled(
  books: Books,
  schedule: SubscriptionSchedule,
  event: "subscription_schedule.aborted" | "subscription_schedule.canceled",
): SubscriptionSchedule {
  const after = { ...schedule, status: "canceled", canceled_at: books.now, current_phase: null };
  save(books, "subscription_schedule", after);
  note(books, event, after);
  return after;
}

/** All phases are over: `subscription_schedule.completed`. */
export function complete(books: Books, schedule: SubscriptionSchedule): SubscriptionSchedule {
  const after = { ...schedule, status: "completed", completed_at: books.now, current_phase: null };
  save(books, "subscription_schedule", after);
  note(books, "subscription_schedule.completed", after);
  return after;
}

/** Lets the subscription go its own way: `subscription_schedule.released`, and `schedule` is null again. */
export function release(
  books: Books,
  schedule: SubscriptionSchedule,
  keepsCancelDate: boolean,
): SubscriptionSchedule {
  const id = schedule.subscription;
  const after = save(books, "subscription_schedule", {
    ...schedule,
    status: "released",
    current_phase: null,
    released_at: books.now,
    released_subscription: id,
    subscription: null,
  });
  note(books, "subscription_schedule.released", after);
  const subscription = id === null ? null : books.store.find("subscription", id);
  if (subscription) {
    const planned = subscription.cancel_at !== null && !keepsCancelDate;
    const free = planned ? planEnd(books, subscription, null, false) : subscription;
    const released = { ...free, schedule: null };
    change(books, "subscription", subscription, released, "customer.subscription.updated");
  }
  return after;
}
