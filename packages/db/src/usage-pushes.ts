import { sql } from "kysely";
import type { Database } from "./client.ts";
import type { LedgerRow } from "./overage-ledger.ts";
import type { Tx } from "./tenancy.ts";

/**
 * Notes that Stripe did not count meter events, and has their rows billed by an invoice item instead. Answers how many of
 * the identifiers are ours. As hr_worker or hr_webhook.
 */
export async function rejectPushes(tx: Tx, identifiers: readonly string[], reason: string): Promise<number> {
  const { rows } = await sql<{ ours: number }>`
    select reject_usage_pushes(${identifiers}::text[], ${reason}) as ours`.execute(tx);
  return rows[0]?.ours ?? 0;
}

/** How many pushes wait for an answer, may have arrived, and were not counted. */
export interface PushState {
  open: number;
  ambiguous: number;
  rejected: number;
}

/** One reading of them. As hr_worker or hr_webhook. */
export async function readPushState({ pool }: Database): Promise<PushState> {
  const { rows } = await pool.query<PushState>("select * from usage_push_state()");
  return rows[0] ?? { open: 0, ambiguous: 0, rejected: 0 };
}

/** What is told to a billing meter for a row of the ledger. Nothing of it changes but its state. */
export interface PushRow {
  organizationId: string;
  identifier: string;
  overageId: string;
  meter: string;
  periodStart: Date;
  periodEnd: Date;
  value: number;
  seq: number;
  customerId: string;
  priceId: string;
  eventName: string;
  invoiceId: string;
  at: Date;
  state: "pending" | "sending" | "sent" | "rejected" | "ambiguous";
  sentAt: Date | null;
  /** The units of it that its final invoice billed; null: no final invoice was seen yet. */
  counted: number | null;
}

/** The columns of a push, as `PushRow` names them. */
export const pushColumns = [
  "organization_id as organizationId",
  "identifier",
  "overage_id as overageId",
  "meter",
  "period_start as periodStart",
  "period_end as periodEnd",
  "value",
  "seq",
  "customer_id as customerId",
  "price_id as priceId",
  "event_name as eventName",
  "invoice_id as invoiceId",
  "at",
  "state",
  "sent_at as sentAt",
  "counted",
] as const;

/** The row's pushes, the newest first: the open one, or what became of those before. */
export async function listPushesOf(tx: Tx, organizationId: string, overageId: string): Promise<PushRow[]> {
  const rows = await tx
    .selectFrom("usage_push")
    .select(pushColumns)
    .where("organization_id", "=", organizationId)
    .where("overage_id", "=", overageId)
    .orderBy("seq", "desc")
    .execute();
  return rows as PushRow[];
}

/** Every push of an organization that was sent and stands. */
export async function listSentPushes(tx: Tx, organizationId: string): Promise<PushRow[]> {
  const rows = await tx
    .selectFrom("usage_push")
    .select(pushColumns)
    .where("organization_id", "=", organizationId)
    .where("state", "=", "sent")
    .execute();
  return rows as PushRow[];
}

/** What was sent to the same meter for the same customer with a time in the same minute. */
export async function listPushesAt(
  tx: Tx,
  { organizationId, meter, customerId, at }: Pick<PushRow, "organizationId" | "meter" | "customerId" | "at">,
): Promise<PushRow[]> {
  const sent = await listSentPushes(tx, organizationId);
  const minute = (time: Date) => Math.floor(time.getTime() / 60_000);
  return sent.filter(
    (one) => one.meter === meter && one.customerId === customerId && minute(one.at) === minute(at),
  );
}

/**
 * Writes a push down before it is sent and fixes its row, as it was read; null: the row was amended meanwhile. From here
 * on the row is in a status that releases without `usage_push` do not claim.
 */
export async function insertPush(
  tx: Tx,
  row: LedgerRow,
  push: Pick<PushRow, "identifier" | "seq" | "customerId" | "priceId" | "eventName" | "invoiceId" | "at"> & {
    bucket: Date;
  },
): Promise<PushRow | null> {
  const { numUpdatedRows } = await tx
    .updateTable("overage")
    .set({ status: "metered", sent_at: null, fixed: true, stripe_invoice_id: push.invoiceId })
    .where("organization_id", "=", row.organizationId)
    .where("id", "=", row.id)
    .where("status", "=", "pending")
    .where("version", "=", row.version)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) {
    return null;
  }
  const inserted = await tx
    .insertInto("usage_push")
    .values({
      organization_id: row.organizationId,
      identifier: push.identifier,
      overage_id: row.id,
      meter: row.meter,
      period_start: row.periodStart,
      period_end: row.periodEnd,
      bucket: push.bucket,
      seq: push.seq,
      value: row.quantity,
      customer_id: push.customerId,
      price_id: push.priceId,
      event_name: push.eventName,
      invoice_id: push.invoiceId,
      at: push.at,
    })
    .returning(pushColumns)
    .executeTakeFirstOrThrow();
  return inserted as PushRow;
}

/** Moves an open push on; when it is sent first is kept. False: it is not open any more. */
export async function markPush(
  tx: Tx,
  { organizationId, identifier }: PushRow,
  state: "pending" | "sending" | "ambiguous",
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("usage_push")
    .set({
      state,
      sent_at: state === "pending" ? null : sql`coalesce(sent_at, clock_now())`,
    })
    .where("organization_id", "=", organizationId)
    .where("identifier", "=", identifier)
    .where("state", "in", ["pending", "sending", "ambiguous"])
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Stripe has it. False: a report of Stripe's was faster, which says that it does not count. */
export async function confirmPush(tx: Tx, { organizationId, identifier }: PushRow): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("usage_push")
    .set({ state: "sent", sent_at: sql`coalesce(sent_at, clock_now())` })
    .where("organization_id", "=", organizationId)
    .where("identifier", "=", identifier)
    .where("state", "in", ["pending", "sending", "ambiguous"])
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}
