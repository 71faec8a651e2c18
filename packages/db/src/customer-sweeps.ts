import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** Customers of any organization that are to be compared with Stripe now, the longest unchecked first. */
export async function listDueSweeps(
  tx: Tx,
  most: number,
): Promise<{ organizationId: string; customerId: string }[]> {
  const { rows } = await sql<{ organizationId: string; customerId: string }>`
    select organization_id as "organizationId", customer_id as "customerId"
    from due_customer_sweeps(${most})`.execute(tx);
  return rows;
}

/** True while events wait for a customer, due or not: what differs from Stripe is theirs to bring. */
export async function hasWaitingEvents(tx: Tx, customerId: string): Promise<boolean> {
  const row = await tx
    .selectFrom("stripe_inbox")
    .select("seq")
    .where("customer_id", "=", customerId)
    .where("status", "in", ["pending", "parked"])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Counts that a sweep found what no event had brought. The caller holds the lease. */
export async function noteDrift(tx: Tx, customerId: string, fields: readonly string[]): Promise<void> {
  await tx
    .updateTable("stripe_customer_sync")
    .set({
      drift_count: sql`drift_count + 1`,
      drifted_at: sql`clock_timestamp()`,
      drift: JSON.stringify(fields),
    })
    .where("customer_id", "=", customerId)
    .execute();
}

/** Puts the next sweep of a customer off by ten minutes of real time, and says why. */
export async function putOffSweep(tx: Tx, customerId: string, error: string): Promise<void> {
  await tx
    .updateTable("stripe_customer_sync")
    .set({ sweep_after: sql<Date>`clock_timestamp() + interval '10 minutes'`, last_error: error })
    .where("customer_id", "=", customerId)
    .execute();
}
