import { sql } from "kysely";
import { type LedgerRow, ledgerColumns } from "./overage-ledger.ts";
import type { Tx } from "./tenancy.ts";

// Those that are told to a meter, and that it does not have yet, are in a status of their own.
const isDue = sql<boolean>`(status = 'pending' or (status = 'metered' and sent_at is null))`;

/** Overage of any organization that is due to be brought to Stripe. Real time. */
export async function listDueOverages(
  tx: Tx,
  most: number,
): Promise<{ organizationId: string; id: string }[]> {
  const { rows } = await sql<{ organizationId: string; id: string }>`
    select organization_id as "organizationId", id from due_overage_rows(${most})`.execute(tx);
  return rows;
}

/** Takes a due row for 10 seconds of real time, so that one process works on it; null when another one does. */
export async function claimOverage(tx: Tx, organizationId: string, id: string): Promise<LedgerRow | null> {
  const row = await tx
    .updateTable("overage")
    .set({ attempts: sql`attempts + 1`, next_attempt_at: sql`clock_timestamp() + interval '10 seconds'` })
    .where("organization_id", "=", organizationId)
    .where("id", "=", id)
    .where(isDue)
    .where("next_attempt_at", "<=", sql<Date>`clock_timestamp()`)
    .returning(ledgerColumns)
    .executeTakeFirst();
  return (row as LedgerRow | undefined) ?? null;
}

/** Writes down the invoice that a row goes to, before anything is sent; false: the row was amended meanwhile. */
export async function chooseOverageInvoice(tx: Tx, row: LedgerRow, invoiceId: string): Promise<boolean> {
  return changed(asRead(tx, row).where("status", "=", "pending").set({ stripe_invoice_id: invoiceId }));
}

/** The row's invoice will not have it: it is put on another one. */
export async function replaceOverage(tx: Tx, row: LedgerRow): Promise<boolean> {
  return changed(
    asRead(tx, row).where("status", "=", "pending").set({
      stripe_invoice_id: null,
      stripe_invoice_item_id: null,
      sent_quantity: null,
      sent_amount: null,
      placement: sql`placement + 1`,
      next_attempt_at: sql`clock_timestamp()`,
    }),
  );
}

/** The row stands on its invoice; `fixed`: for good. False: it was amended meanwhile and is sent again. */
export async function markOverageSent(
  tx: Tx,
  row: LedgerRow,
  line: { invoiceItemId: string | null; quantity: number; amount: number; fixed: boolean },
): Promise<boolean> {
  return changed(
    asRead(tx, row).set({
      status: sql<string>`case status when 'metered' then status else 'sent' end`,
      quantity: line.quantity,
      amount: line.amount,
      stripe_invoice_item_id: line.invoiceItemId,
      sent_quantity: line.quantity,
      sent_amount: line.amount,
      sent_at: sql`clock_now()`,
      fixed: line.fixed,
      waits: false,
      last_error: null,
    }),
  );
}

/** Nothing is to be billed any more, and nothing stands at Stripe; or nobody is there to be billed. */
export async function giveUpOverage(
  tx: Tx,
  row: LedgerRow,
  how: { status: "withdrawn" | "written_off"; reason: string | null },
): Promise<boolean> {
  return changed(
    asRead(tx, row).set({
      status: how.status,
      fixed: how.status === "written_off",
      stripe_invoice_item_id: null,
      waits: false,
      last_error: how.reason,
    }),
  );
}

/** Puts a row out of the reach of releases that do not know that a meter is told of it; false: it was amended meanwhile. */
export async function markMetered(tx: Tx, row: LedgerRow): Promise<boolean> {
  return changed(asRead(tx, row).set({ status: "metered", sent_at: null, fixed: true }));
}

/** Tries again later: after 2 s doubled at each attempt, at most five minutes. `waits`: there is no invoice before the next renewal's. */
export async function putOffOverage(
  tx: Tx,
  row: LedgerRow,
  reason: string,
  { waits = false }: { waits?: boolean } = {},
): Promise<void> {
  await asRead(tx, row)
    .set({
      next_attempt_at: sql<Date>`clock_timestamp()
        + (0.5 + random()) * least(interval '5 minutes', interval '2 seconds' * power(2, least(attempts, 10)))`,
      last_error: reason,
      waits,
    })
    .execute();
}

/** Has a row sent under other idempotency keys, once Stripe gives an error again for those that it had. */
export async function nextKeys(tx: Tx, { organizationId, id, placement }: LedgerRow): Promise<void> {
  await tx
    .updateTable("overage")
    .set({ placement: sql`placement + 1` })
    .where("organization_id", "=", organizationId)
    .where("id", "=", id)
    .where("placement", "=", placement)
    .where(isDue)
    .execute();
}

/** Makes what waits for a draft due now, as if it had never been tried: its waiting was no failure. Answers how many rows. */
export async function wakeOverages(tx: Tx, organizationId: string): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable("overage")
    .set({ next_attempt_at: sql`clock_timestamp()`, attempts: 0, waits: false })
    .where("organization_id", "=", organizationId)
    .where("status", "=", "pending")
    .where("stripe_invoice_id", "is", null)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

/** Has what stands on invoices that may be drafts looked at again: their customer was deleted. Answers how many rows. */
export async function reopenOverages(tx: Tx, organizationId: string): Promise<number> {
  const { rows } = await sql<{ reopened: number }>`
    select reopen_overages(${organizationId}) as reopened`.execute(tx);
  return rows[0]?.reopened ?? 0;
}

// Only as it was read: what was amended since is not overwritten.
function asRead(tx: Tx, row: LedgerRow) {
  return tx
    .updateTable("overage")
    .where("organization_id", "=", row.organizationId)
    .where("id", "=", row.id)
    .where(isDue)
    .where("version", "=", row.version);
}

async function changed(update: {
  executeTakeFirstOrThrow(): Promise<{ numUpdatedRows: bigint }>;
}): Promise<boolean> {
  return (await update.executeTakeFirstOrThrow()).numUpdatedRows > 0n;
}
