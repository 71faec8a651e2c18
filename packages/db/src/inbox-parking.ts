import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/**
 * What an event waits for when time alone does not help: `unlinked`: its customer has our prices and belongs to no
 * organization; `unknown_price`: no item of the subscription names a plan of ours; `unknown_status`: Stripe says
 * something of it that this version does not know.
 */
export type ParkingReason = "unlinked" | "unknown_price" | "unknown_status";

/**
 * Puts what waited for a customer, up to a number, aside until what it waits for is there. It is looked at again each
 * hour; an unlinked one is dead when 24 hours of real time have passed.
 */
export async function parkEvents(
  tx: Tx,
  customerId: string,
  seq: number,
  reason: ParkingReason,
): Promise<void> {
  const late = sql<boolean>`${reason} = 'unlinked' and parked_at <= clock_timestamp() - interval '24 hours'`;
  await tx
    .updateTable("stripe_inbox")
    .set({
      status: sql<string>`case when ${late} then 'dead' else 'parked' end`,
      reason,
      parked_at: sql`coalesce(parked_at, clock_timestamp())`,
      next_attempt_at: sql<Date>`clock_timestamp() + interval '1 hour'`,
      attempts: 0,
      last_error: null,
    })
    .where("customer_id", "=", customerId)
    .where("status", "=", "pending")
    .where("seq", "<=", seq)
    .execute();
}

/** Lets parked events be tried again whose hour is over. Answers how many. */
export async function wakeDueEvents(tx: Tx): Promise<number> {
  return wake(parked(tx).where("next_attempt_at", "<=", sql<Date>`clock_timestamp()`));
}

/** Lets events be tried again that are parked for a price: the catalogue has changed. Answers how many. */
export async function wakeUnknownPrices(tx: Tx): Promise<number> {
  return wake(parked(tx).where("reason", "=", "unknown_price"));
}

/** Lets the parked events of a customer be tried again: whoever links it, or has read its state without a fault. */
export async function wakeCustomerEvents(tx: Tx, customerId: string): Promise<number> {
  const { rows } = await sql<{ woken: number }>`select wake_customer_events(${customerId}) as woken`.execute(
    tx,
  );
  return rows[0]?.woken ?? 0;
}

function parked(tx: Tx) {
  return tx.updateTable("stripe_inbox").where("status", "=", "parked");
}

async function wake(events: ReturnType<typeof parked>): Promise<number> {
  const { numUpdatedRows } = await events
    .set({ status: "pending", next_attempt_at: sql<Date>`clock_timestamp()` })
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}
