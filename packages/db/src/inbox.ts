import { type Kysely, sql } from "kysely";
import { bytesArray, utf8Array } from "./binary-arrays.ts";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

/** An event as it came from Stripe, its signature checked. */
export interface NewEvent {
  eventId: string;
  style: "snapshot" | "thin";
  /** Of a thin event: the snapshot event that tells of the same change; null: not known, or none. */
  twinId: string | null;
  /** The connected account; empty: our own. */
  account: string;
  livemode: boolean;
  type: string;
  apiVersion: string | null;
  objectId: string | null;
  customerId: string | null;
  createdAt: Date;
  /** JSON in UTF-8, as it came; null: PostgreSQL cannot store what it says. */
  payload: Buffer | null;
  /** SHA-256 of the body, where it is not kept itself; null: it is, or there was none. */
  rawHash?: Buffer | null;
  /** Which of the secrets matched; null: fetched from Stripe's list of events. */
  secretIndex: number | null;
  status: "pending" | "ignored" | "quarantined";
  /** Why it is quarantined, where its mode is not the reason. */
  reason?: "unstorable" | "other_account" | null;
}

/**
 * Keeps events, all in one statement; answers for each whether it is new: not here already, and not before it among
 * them. Of two events that tell of one change in both styles the one that comes second is ignored, as long as what the
 * first is about is known. One that was put aside and now comes rightly takes its own place, as if it were new. Their
 * commit is what Stripe may be told about. In the order of their ids, so that two who keep the same events do not wait for
 * each other.
 * @param kysely a transaction, or none: then the statement commits by itself
 */
export async function keepEvents(kysely: Kysely<DB>, events: readonly NewEvent[]): Promise<boolean[]> {
  const of = <Key extends keyof NewEvent>(key: Key) => events.map((event) => event[key]);
  const { rows } = await sql<{ account: string; id: string }>`
    insert into stripe_inbox (account, event_id, livemode, type, api_version, object_id, customer_id, created_at,
        payload, raw_sha256, reason, secret_index, style, twin_id, status)
      select account, id, livemode, type, api_version, object_id, customer_id, created_at, payload::jsonb,
          raw_sha256, reason, secret_index, style, twin_id,
          case when status = 'pending' and case style
            when 'thin' then exists (
              select from stripe_inbox i where i.account = e.account and i.event_id = e.twin_id
                and i.status <> 'quarantined')
            else exists (
              select from stripe_inbox i where i.account = e.account and i.twin_id = e.id
                and (i.status = 'applied'
                  or (i.status in ('pending', 'parked') and (i.customer_id is not null or e.customer_id is null))))
            end then 'ignored' else status end
        from (select distinct on (account, id) *
          from unnest(${of("account")}::text[], ${of("eventId")}::text[], ${of("livemode")}::boolean[],
            ${of("type")}::text[], ${of("apiVersion")}::text[], ${of("objectId")}::text[], ${of("customerId")}::text[],
          ${of("createdAt")}::timestamptz[], ${utf8Array(events.map(({ payload }) => payload))}::text[], ${bytesArray(of("rawHash").map((hash) => hash ?? null))}::bytea[],
          ${of("reason").map((reason) => reason ?? null)}::text[], ${of("secretIndex")}::integer[],
          ${of("style")}::text[], ${of("twinId")}::text[], ${of("status")}::text[])
        as given (account, id, livemode, type, api_version, object_id, customer_id, created_at, payload, raw_sha256, reason,
          secret_index, style, twin_id, status) order by account, id, status = 'quarantined') as e
        order by account, id
      on conflict (account, event_id) do update set seq = default, livemode = excluded.livemode,
          type = excluded.type, api_version = excluded.api_version, object_id = excluded.object_id,
          customer_id = excluded.customer_id, created_at = excluded.created_at, payload = excluded.payload,
          raw_sha256 = excluded.raw_sha256, reason = excluded.reason, secret_index = excluded.secret_index,
          style = excluded.style, twin_id = excluded.twin_id, status = excluded.status
        where stripe_inbox.status = 'quarantined' and excluded.status <> 'quarantined'
      returning account, event_id as id`.execute(kysely);
  const kept = new Set(rows.map(identify));
  return events.map(({ account, eventId: id }) => kept.delete(identify({ account, id })));
}

// No text in PostgreSQL has a NUL in it.
const identify = ({ account, id }: { account: string; id: string }) => `${account}\0${id}`;

/** Customers that have events to apply now, the longest waiting first. Real time. */
export async function listDueCustomers(kysely: Kysely<DB>, most: number): Promise<string[]> {
  const rows = await kysely
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
export async function hasDueEvents(kysely: Kysely<DB>, customerId: string): Promise<boolean> {
  const row = await kysely
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
  /** Their numbers; one that is committed later may have a smaller one than the newest. */
  seqs: number[];
  /** The newest one's number. */
  seq: number;
  /** Sessions that are over, and the organizations that they were opened for, as sent. */
  sessions: { id: string; type: string; reference: string | null }[];
  /** Invoices that were made. */
  invoices: string[];
}

/** Everything that waits for a customer, whether it is due or not; null: nothing. */
export async function notePending(kysely: Kysely<DB>, customerId: string): Promise<PendingEvents | null> {
  const rows = await kysely
    .selectFrom("stripe_inbox")
    .select([
      "seq",
      // A thin event's type has the version of the API in front.
      sql<string>`regexp_replace(type, '^v1\\.', '')`.as("type"),
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
        seqs: rows.map((row) => row.seq),
        seq,
        sessions: sessions.map(({ id, type, reference }) => ({ id: id ?? "", type, reference })),
        invoices: rows.flatMap(({ type, id }) => (type === "invoice.created" && id !== null ? [id] : [])),
      };
}

/** Marks what waited for a customer, when it was noted, as done with; what was parked before it, too. */
export async function closeEvents(
  tx: Tx,
  customerId: string,
  { seqs, seq }: PendingEvents,
  outcome: { status: "applied" | "ignored" },
): Promise<void> {
  await tx
    .updateTable("stripe_inbox")
    .set({
      // Two that came together, each before the other was known: one change is applied once.
      status: sql`case when style = 'thin' and exists (
        select from stripe_inbox t where t.account = stripe_inbox.account and t.event_id = stripe_inbox.twin_id
          and t.status not in ('ignored', 'quarantined'))
        then 'ignored' else ${outcome.status} end`,
      applied_at: sql`clock_timestamp()`,
      last_error: null,
      reason: null,
    })
    .where("customer_id", "=", customerId)
    .where("status", "in", ["pending", "parked"])
    .where("seq", "<=", seq)
    .where(sql<boolean>`(status = 'parked' or seq = any(${seqs}::bigint[]))`)
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
