import { sql } from "kysely";
import type { Database } from "./client.ts";
import type { Tx } from "./tenancy.ts";

/** True when the organization may have overage of an ended period that is on no invoice yet. */
export async function isOverageOpen(tx: Tx, organizationId: string): Promise<boolean> {
  const { rows } = await sql<{ open: boolean }>`select overage_is_open(${organizationId}) as open`.execute(
    tx,
  );
  return rows[0]?.open ?? false;
}

/** Notes an invoice that was just made, to be looked at after some seconds of real time. Once for each. */
export async function noteInvoice(
  tx: Tx,
  organizationId: string,
  invoiceId: string,
  patienceSeconds: number,
): Promise<void> {
  await tx
    .insertInto("invoice_hold")
    .values({
      organization_id: organizationId,
      invoice_id: invoiceId,
      look_at: sql`clock_timestamp() + make_interval(secs => ${patienceSeconds})`,
      noted_at: sql`clock_now()`,
    })
    .onConflict((conflict) => conflict.columns(["organization_id", "invoice_id"]).doNothing())
    .execute();
}

export interface HoldKey {
  organizationId: string;
  invoiceId: string;
}

/** Invoices of any organization to be looked at now. Real time. */
export async function listOpenHolds(tx: Tx, status: "noted" | "held", most: number): Promise<HoldKey[]> {
  const { rows } = await sql<HoldKey>`
    select organization_id as "organizationId", invoice_id as "invoiceId"
    from open_invoice_holds(${status}, ${most})`.execute(tx);
  return rows;
}

/** Takes an invoice for 10 seconds of real time; Stripe's own hour of it where it is held. Null: somebody else has it. */
export async function claimHold(
  tx: Tx,
  { organizationId, invoiceId }: HoldKey,
  status: "noted" | "held",
): Promise<{ finalizesAt: Date | null } | null> {
  const row = await tx
    .updateTable("invoice_hold")
    .set({ look_at: sql`clock_timestamp() + interval '10 seconds'` })
    .where("organization_id", "=", organizationId)
    .where("invoice_id", "=", invoiceId)
    .where("status", "=", status)
    .where("look_at", "<=", sql<Date>`clock_timestamp()`)
    .returning("finalizes_at as finalizesAt")
    .executeTakeFirst();
  return row ?? null;
}

/** Its finalization is moved out. Written before Stripe is told, so that it is moved back whatever happens. */
export async function markHeld(
  tx: Tx,
  { organizationId, invoiceId }: HoldKey,
  { finalizesAt, until }: { finalizesAt: Date; until: Date },
): Promise<void> {
  await tx
    .updateTable("invoice_hold")
    .set({ status: "held", finalizes_at: finalizesAt, held_until: until })
    .where("organization_id", "=", organizationId)
    .where("invoice_id", "=", invoiceId)
    .execute();
}

/** Nothing is left to do for it. */
export async function markReleased(tx: Tx, { organizationId, invoiceId }: HoldKey): Promise<void> {
  await tx
    .updateTable("invoice_hold")
    .set({ status: "released", released_at: sql`clock_now()` })
    .where("organization_id", "=", organizationId)
    .where("invoice_id", "=", invoiceId)
    .execute();
}

/** How many invoices are held now, and since when the longest. */
export async function readHoldState(database: Database): Promise<{ held: number; oldest: Date | null }> {
  const { rows } = await database.pool.query<{ held: number; oldest: Date | null }>(
    "select held, oldest from invoice_hold_state()",
  );
  return rows[0] ?? { held: 0, oldest: null };
}
