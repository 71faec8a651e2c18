import { type Kysely, sql } from "kysely";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

const term = sql<Date>`clock_timestamp() + interval '5 seconds'`;

/**
 * Takes the lease of a customer for 5 seconds of real time; null while another process has it. Whoever takes an
 * expired one over changes the token, and with that fences off the one before.
 * @returns what the clock that plans follow shows now.
 */
export async function takeLease(kysely: Kysely<DB>, customerId: string, token: string): Promise<Date | null> {
  const { rows } = await sql<{ at: Date }>`
    insert into stripe_customer_sync (customer_id, lease_token, lease_until)
    values (${customerId}, ${token}, ${term})
    on conflict (customer_id) do update set lease_token = excluded.lease_token, lease_until = excluded.lease_until
      where stripe_customer_sync.lease_until is null or stripe_customer_sync.lease_until <= clock_timestamp()
    returning clock_now() as at`.execute(kysely);
  return rows[0]?.at ?? null;
}

/** Keeps the lease for another 5 seconds, if it is still this one's. */
export async function extendLease(kysely: Kysely<DB>, customerId: string, token: string): Promise<void> {
  await kysely
    .updateTable("stripe_customer_sync")
    .set({ lease_until: term })
    .where("customer_id", "=", customerId)
    .where("lease_token", "=", token)
    .execute();
}

/** True when the token still holds the lease; it does then until the transaction ends. */
export async function holdLease(tx: Tx, customerId: string, token: string): Promise<boolean> {
  const row = await tx
    .selectFrom("stripe_customer_sync")
    .select("customer_id")
    .where("customer_id", "=", customerId)
    .where("lease_token", "=", token)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

/** Gives the lease back, if it is still this one's. */
export async function releaseLease(kysely: Kysely<DB>, customerId: string, token: string): Promise<void> {
  await kysely
    .updateTable("stripe_customer_sync")
    .set({ lease_token: null, lease_until: null })
    .where("customer_id", "=", customerId)
    .where("lease_token", "=", token)
    .execute();
}

/** What a customer's state came to when it was read from Stripe and written here. */
export interface SyncNote {
  /** The newest event that it covers; null: no event asked for it. */
  seq: number | null;
  /** The clock that plans follow, read before Stripe was asked. */
  checkedAt: Date;
  /** Stripe has a subscription that it may still charge for. */
  live: boolean;
}

/**
 * Notes that a customer's state was read from Stripe and written here. The caller holds the lease. What a sweep took for
 * drift less than a minute ago was none when an event comes after all: it had been on its way.
 */
export async function noteSynced(tx: Tx, customerId: string, note: SyncNote): Promise<void> {
  const recent = sql<boolean>`coalesce(drifted_at > clock_timestamp() - interval '1 minute', false)`;
  await tx
    .updateTable("stripe_customer_sync")
    .set({
      synced_at: sql`clock_timestamp()`,
      checked_at: note.checkedAt,
      sweep_after: null,
      last_error: null,
      ...(note.live ? { live_at: note.checkedAt } : {}),
      ...(note.seq === null
        ? {}
        : {
            synced_seq: note.seq,
            drift_count: sql`drift_count - ${recent}::integer`,
            drifted_at: sql`case when not ${recent} then drifted_at end`,
            drift: sql`case when not ${recent} then drift end`,
          }),
    })
    .where("customer_id", "=", customerId)
    .execute();
}

/** Notes why a customer's state could not be written. The caller holds the lease. */
export async function noteSyncFault(tx: Tx, customerId: string, error: string): Promise<void> {
  await tx
    .updateTable("stripe_customer_sync")
    .set({ last_error: error })
    .where("customer_id", "=", customerId)
    .execute();
}
