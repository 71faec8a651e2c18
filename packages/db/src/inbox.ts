import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** An event as it came from Stripe, its signature checked. */
export interface NewEvent {
  eventId: string;
  /** The connected account; empty: our own. */
  account: string;
  livemode: boolean;
  type: string;
  apiVersion: string | null;
  objectId: string | null;
  customerId: string | null;
  createdAt: Date;
  payload: unknown;
  /** Which of the secrets matched; null: fetched from Stripe's list of events. */
  secretIndex: number | null;
  status: "pending" | "ignored" | "quarantined";
}

/** Keeps an event; false when it is here already. Its commit is what Stripe may be told about. */
export async function keepEvent(tx: Tx, event: NewEvent): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto("stripe_inbox")
    .values({
      account: event.account,
      event_id: event.eventId,
      livemode: event.livemode,
      type: event.type,
      api_version: event.apiVersion,
      object_id: event.objectId,
      customer_id: event.customerId,
      created_at: event.createdAt,
      payload: JSON.stringify(event.payload),
      secret_index: event.secretIndex,
      status: event.status,
    })
    .onConflict((conflict) => conflict.columns(["account", "event_id"]).doNothing())
    .executeTakeFirstOrThrow();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Customers that have events to apply now, the longest waiting first. Real time. */
export async function listDueCustomers(tx: Tx, most: number): Promise<string[]> {
  const rows = await tx
    .selectFrom("stripe_inbox")
    .select("customer_id")
    .where("status", "=", "pending")
    .where("customer_id", "is not", null)
    .where("next_attempt_at", "<=", sql<Date>`clock_timestamp()`)
    .groupBy("customer_id")
    .orderBy((eb) => eb.fn.min("next_attempt_at"))
    .limit(most)
    .execute();
  return rows.flatMap((row) => row.customer_id ?? []);
}

/** True when the customer has events to apply now. */
export async function hasDueEvents(tx: Tx, customerId: string): Promise<boolean> {
  const row = await tx
    .selectFrom("stripe_inbox")
    .select("seq")
    .where("customer_id", "=", customerId)
    .where("status", "=", "pending")
    .where("next_attempt_at", "<=", sql<Date>`clock_timestamp()`)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** What waits for a customer: all of it is covered by what Stripe says from now on. */
export interface PendingEvents {
  /** The newest one's number. */
  seq: number;
  /** Sessions that are over, and the organizations that they were opened for, as sent. */
  sessions: { id: string; type: string; reference: string | null }[];
  /** Invoices that were made. */
  invoices: string[];
}

/** Everything that waits for a customer, whether it is due or not; null: nothing. */
export async function notePending(tx: Tx, customerId: string): Promise<PendingEvents | null> {
  const rows = await tx
    .selectFrom("stripe_inbox")
    .select([
      "seq",
      "type",
      "object_id as id",
      sql<string | null>`coalesce(payload #>> '{data,object,client_reference_id}',
        payload #>> '{data,object,metadata,headroom_organization}')`.as("reference"),
    ])
    .where("customer_id", "=", customerId)
    .where("status", "=", "pending")
    .orderBy("seq")
    .execute();
  const seq = rows.at(-1)?.seq;
  const sessions = rows.filter((row) => row.type.startsWith("checkout.session."));
  return seq === undefined
    ? null
    : {
        seq,
        sessions: sessions.map(({ id, type, reference }) => ({ id: id ?? "", type, reference })),
        invoices: rows.flatMap(({ type, id }) => (type === "invoice.created" && id !== null ? [id] : [])),
      };
}

/** Marks what waited for a customer, up to a number, as done with; what was parked, too. */
export async function closeEvents(
  tx: Tx,
  customerId: string,
  seq: number,
  outcome: { status: "applied" | "ignored" },
): Promise<void> {
  await tx
    .updateTable("stripe_inbox")
    .set({ status: outcome.status, applied_at: sql`clock_timestamp()`, last_error: null, reason: null })
    .where("customer_id", "=", customerId)
    .where("status", "in", ["pending", "parked"])
    .where("seq", "<=", seq)
    .execute();
}

/**
 * Puts off what waits for a customer: full jitter between 0 and 5 s doubled at each attempt, at most an hour. After 12
 * attempts it is dead, unless the fault is one that passes.
 */
export async function putOffEvents(
  tx: Tx,
  customerId: string,
  seq: number,
  fault: InboxFault,
): Promise<void> {
  await tx
    .updateTable("stripe_inbox")
    .set(laterAfter(fault))
    .where("customer_id", "=", customerId)
    .where("status", "=", "pending")
    .where("seq", "<=", seq)
    .execute();
}

export interface InboxFault {
  message: string;
  /** The same attempt may well succeed later: it is never given up. */
  passing: boolean;
}

const deadAfter = 12;

/** What a fault makes of events that wait. */
export function laterAfter({ message, passing }: InboxFault) {
  const attempts = passing ? sql<number>`least(attempts + 1, ${deadAfter - 1})` : sql<number>`attempts + 1`;
  return {
    attempts,
    status: sql<string>`case when ${attempts} >= ${deadAfter} then 'dead' else 'pending' end`,
    next_attempt_at: sql<Date>`clock_timestamp()
      + random() * least(interval '1 hour', interval '5 seconds' * power(2, attempts))`,
    last_error: message,
    reason: null,
  };
}
