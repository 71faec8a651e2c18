import { type Books, note } from "../books.ts";
import { type Due, dropDue } from "../dues.ts";
import { end } from "./cancellation.ts";
import { expireSession } from "./checkout.ts";
import { finalizeAndCollect } from "./finalization.ts";
import { collect, fallBehind } from "./payment.ts";
import { expireIncomplete, renew } from "./renewal.ts";
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
  count_usage: "usage is counted",
};

/** Does what is due now and says it in a few words. */
export function doDue(books: Books, due: Due): string {
  dropDue(books.database, due);
  if (due.what === "count_usage") countUsage(books);
  const subscription = books.store.find("subscription", due.objectId);
  const invoice = books.store.find("invoice", due.objectId);
  const session = books.store.find("checkout.session", due.objectId);
  if (subscription && due.what === "trial_will_end") {
    note(books, "customer.subscription.trial_will_end", subscription);
  }
  if (subscription && due.what === "cancel") end(books, subscription, { reason: "cancellation_requested" });
  if (subscription && due.what === "period_end") renew(books, subscription);
  if (subscription && due.what === "incomplete_expiry") expireIncomplete(books, subscription);
  if (invoice && due.what === "finalize") finalizeAndCollect(books, invoice);
  if (invoice && due.what === "retry_payment") collect(books, invoice);
  if (invoice && due.what === "overdue") {
    note(books, "invoice.overdue", invoice);
    fallBehind(books, invoice);
  }
  if (session && due.what === "expire") {
    expireSession(books, session);
  }
  return `${names[due.what]}: ${due.objectId}`;
}
