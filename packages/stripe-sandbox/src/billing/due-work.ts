import { type Books, change, note } from "../books.ts";
import { type Due, dropDue } from "../dues.ts";
import { end } from "./cancellation.ts";
import { expireSession } from "./checkout.ts";
import { discardPending } from "./closing.ts";
import { advance } from "./finalization.ts";
import { collect, fallBehind } from "./payment.ts";
import { expireIncomplete, renew } from "./renewal.ts";
import { leavePhase, noteStarted, startSchedule } from "./schedules.ts";
import { countUsage } from "./usage-counting.ts";

const names: Record<Due["what"], string> = {
  trial_will_end: "trial ends soon",
  cancel: "subscription ends",
  period_end: "subscription renews",
  incomplete_expiry: "incomplete subscription expires",
  finalize: "invoice is finalized",
  retry_payment: "payment is tried again",
  expire: "checkout session expires",
  overdue: "invoice is past its due date",
  pending_update_expiry: "pending update expires",
  resume_collection: "collection is resumed",
  schedule_start: "schedule starts",
  phase_end: "phase of a schedule ends",
  schedule_expiring: "schedule ends soon",
  count_usage: "usage is counted",
};

/** Does what is due now and says it in a few words. */
export function doDue(books: Books, due: Due): string {
  dropDue(books.database, due);
  if (due.what === "count_usage") countUsage(books);
  const subscription = books.store.find("subscription", due.objectId);
  const invoice = books.store.find("invoice", due.objectId);
  const schedule = books.store.find("subscription_schedule", due.objectId);
  const session = books.store.find("checkout.session", due.objectId);
  if (subscription && due.what === "trial_will_end") {
    note(books, "customer.subscription.trial_will_end", subscription);
  }
  if (subscription && due.what === "cancel") end(books, subscription, { reason: "cancellation_requested" });
  if (subscription && due.what === "period_end") renew(books, subscription);
  if (subscription && due.what === "incomplete_expiry") expireIncomplete(books, subscription);
  if (subscription && due.what === "pending_update_expiry") discardPending(books, subscription);
  if (subscription && due.what === "resume_collection") {
    const collected = { ...subscription, pause_collection: null };
    change(books, "subscription", subscription, collected, "customer.subscription.updated");
  }
  if (invoice && due.what === "finalize") advance(books, invoice);
  if (invoice && due.what === "retry_payment") collect(books, invoice);
  if (invoice && due.what === "overdue") {
    note(books, "invoice.overdue", invoice);
    fallBehind(books, invoice);
  }
  if (schedule && due.what === "schedule_start") noteStarted(books, startSchedule(books, schedule));
  if (schedule && due.what === "phase_end") leavePhase(books, schedule);
  if (schedule && due.what === "schedule_expiring") note(books, "subscription_schedule.expiring", schedule);
  if (session && due.what === "expire") {
    expireSession(books, session);
  }
  return `${names[due.what]}: ${due.objectId}`;
}
