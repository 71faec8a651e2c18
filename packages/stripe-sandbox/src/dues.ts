import type { Database } from "./database.ts";
import type { CheckoutSession, Invoice, Kind, ObjectOf, Subscription, SubscriptionSchedule } from "./wire.ts";

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
  | "count_usage"
  | "pending_update_expiry"
  | "resume_collection"
  | "schedule_start"
  | "phase_end"
  | "schedule_expiring";

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
  if (kind === "subscription_schedule") return scheduleDues(object as SubscriptionSchedule, now);
  if (kind === "invoice") return invoiceDues(object as Invoice, now);
  if (kind === "checkout.session") return sessionDues(object as CheckoutSession);
  return [];
}

function subscriptionDues(subscription: Subscription, now: number): Dues {
  if (subscription.status === "incomplete")
    return [["incomplete_expiry", subscription.created + incompleteFor]];
  if (!["trialing", "active", "past_due", "paused"].includes(subscription.status)) return [];
  const ends = subscription.items.data.map((item) => item.current_period_end);
  const renews = ends.length > 0 && subscription.status !== "paused";
  const dues: Dues = renews ? [["period_end", Math.min(...ends)]] : [];
  const resumes = subscription.pause_collection?.resumes_at ?? null;
  if (resumes !== null) dues.push(["resume_collection", resumes]);
  const expires = subscription.pending_update?.expires_at;
  if (expires !== undefined) dues.push(["pending_update_expiry", expires]);
  if (subscription.cancel_at !== null) dues.push(["cancel", subscription.cancel_at]);
  if (subscription.status === "trialing" && subscription.trial_end !== null) {
    const notice = subscription.trial_end - 3 * day;
    if (notice > now) dues.push(["trial_will_end", notice]);
  }
  return dues;
}

function scheduleDues({ status, phases, current_phase: current }: SubscriptionSchedule, now: number): Dues {
  if (status === "not_started") return phases[0] ? [["schedule_start", phases[0].start_date]] : [];
  if (status !== "active" || !current) return [];
  const expiring = (phases.at(-1)?.end_date ?? 0) - 7 * day;
  const notice: Dues = expiring > now ? [["schedule_expiring", expiring]] : [];
  return [["phase_end", current.end_date], ...notice];
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
 * The next thing due, with ties in the order in which Stripe does them: a pending update expires and collection resumes
 * before a renewal, a subscription that ends does not renew, a phase is entered before the period that it bills, and what is drafted at an instant is not finalized before
 * the rest of that instant.
 */
export function nextDue(database: Database): Due | null {
  return database.one<Due>(
    `select object_id as "objectId", what, at from due where at = (select min(at) from due)
     order by case what when 'count_usage' then 0 when 'pending_update_expiry' then 0 when 'resume_collection' then 1 when 'cancel' then 2
       when 'phase_end' then 3 when 'finalize' then 5 else 4 end, object_id limit 1`,
  );
}

/** The first drafts that finalize by an instant, in the order of `nextDue`. */
export function finalizingBy(database: Database, until: number, most: number): string[] {
  const rows = database.all<{ id: string }>(
    "select object_id as id from due where at <= ? and what = 'finalize' order by at, object_id limit ?",
    until,
    most,
  );
  return rows.map(({ id }) => id);
}

/** The last instant until then at which something is due. */
export function lastDueBy(database: Database, until: number): number | null {
  return (
    database.one<{ at: number | null }>("select max(at) as at from due where at <= ?", until)?.at ?? null
  );
}

export function dropDue(database: Database, due: Due): void {
  database.run("delete from due where object_id = ? and what = ?", due.objectId, due.what);
}
