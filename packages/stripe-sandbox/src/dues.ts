import type { Database } from "./database.ts";
import type { CheckoutSession, Invoice, Kind, ObjectOf, Subscription } from "./wire.ts";

/** What time alone makes happen to an object. */
export type DueKind =
  | "trial_will_end"
  | "cancel"
  | "period_end"
  | "incomplete_expiry"
  | "finalize"
  | "retry_payment"
  | "expire"
  | "overdue"
  | "count_usage";

export interface Due {
  objectId: string;
  what: DueKind;
  /** Seconds. */
  at: number;
}

type Dues = Array<[DueKind, number]>;

const day = 86_400;
/** An incomplete subscription has 23 hours (docs.stripe.com/billing/subscriptions/overview). */
const incompleteFor = 23 * 3600;

/** The instants at which an object, as it now is, will change by itself. */
export function duesOf<K extends Kind>(kind: K, object: ObjectOf[K], now: number): Dues {
  if (kind === "subscription") return subscriptionDues(object as Subscription, now);
  if (kind === "invoice") return invoiceDues(object as Invoice, now);
  if (kind === "checkout.session") return sessionDues(object as CheckoutSession);
  return [];
}

function subscriptionDues(subscription: Subscription, now: number): Dues {
  if (subscription.status === "incomplete")
    return [["incomplete_expiry", subscription.created + incompleteFor]];
  if (!["trialing", "active", "past_due"].includes(subscription.status)) return [];
  const ends = subscription.items.data.map((item) => item.current_period_end);
  const dues: Dues = ends.length === 0 ? [] : [["period_end", Math.min(...ends)]];
  if (subscription.cancel_at !== null) dues.push(["cancel", subscription.cancel_at]);
  if (subscription.status === "trialing" && subscription.trial_end !== null) {
    const notice = subscription.trial_end - 3 * day;
    if (notice > now) dues.push(["trial_will_end", notice]);
  }
  return dues;
}

function invoiceDues(invoice: Invoice, now: number): Dues {
  if (invoice.status === "draft" && invoice.automatically_finalizes_at !== null) {
    return [["finalize", invoice.automatically_finalizes_at]];
  }
  if (invoice.status === "open" && invoice.next_payment_attempt !== null) {
    return [["retry_payment", invoice.next_payment_attempt]];
  }
  if (invoice.status === "open" && invoice.due_date !== null && invoice.due_date > now) {
    return [["overdue", invoice.due_date]];
  }
  return [];
}

function sessionDues(session: CheckoutSession): Dues {
  return session.status === "open" ? [["expire", session.expires_at]] : [];
}

/** Keeps the schedule of one object in step with its state. */
export function reschedule(database: Database, objectId: string, dues: Dues): void {
  database.run("delete from due where object_id = ?", objectId);
  for (const [what, at] of dues) database.run("insert into due values (?, ?, ?)", objectId, what, at);
}

/**
 * The next thing due, with ties in the order in which Stripe does them: a subscription that ends does not renew,
 * and what is drafted at an instant is not finalized before the rest of that instant.
 */
export function nextDue(database: Database): Due | null {
  return database.one<Due>(
    `select object_id as "objectId", what, at from due
     order by at, case what when 'count_usage' then 0 when 'cancel' then 0 when 'finalize' then 2 else 1 end, object_id limit 1`,
  );
}

export function dropDue(database: Database, due: Due): void {
  database.run("delete from due where object_id = ? and what = ?", due.objectId, due.what);
}
