import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** An ended period as it was closed: counted, and nothing lands in it any more. */
export interface ClosedPeriod {
  meter: string;
  periodStart: Date;
  periodEnd: Date;
  planId: string;
  planVersion: number;
  included: number | null;
  /** In force when the period ended; null: none. */
  hardCap: number | null;
  /** null: the plan had no overage terms. */
  unitPrice: string | null;
  currency: string | null;
  /** A subscription through Stripe that was no trial. */
  billable: boolean;
  billAboveCap: boolean;
  total: number;
  overCap: number;
}

/** Rolls gates whose period has ended, so that idle ones are written down too; not those in use. Answers how many. */
export async function leaveEndedPeriods(tx: Tx, most: number): Promise<number> {
  const { rows } = await sql<{ left: number }>`select leave_ended_periods(${most}) as left`.execute(tx);
  return rows[0]?.left ?? 0;
}

export interface PeriodKey {
  organizationId: string;
  meter: string;
  periodStart: Date;
}

/** Ended periods of any organization that are not counted yet. */
export async function listUnclosedPeriods(tx: Tx, most: number): Promise<PeriodKey[]> {
  const { rows } = await sql<PeriodKey>`
    select organization_id as "organizationId", meter, period_start as "periodStart"
    from unclosed_periods(${most})`.execute(tx);
  return rows;
}

/** Counts and closes an ended period; null when another process was faster. */
export async function closePeriod(tx: Tx, key: PeriodKey): Promise<ClosedPeriod | null> {
  const { rows } = await sql<ClosedPeriod>`
    select p.meter, p.period_start as "periodStart", p.period_end as "periodEnd", p.plan_id as "planId",
      p.plan_version as "planVersion", p.included, p.hard_cap as "hardCap", p.unit_price as "unitPrice", p.currency, p.billable,
      coalesce(pm.bill_above_cap, false) as "billAboveCap", p.total, p.over_cap as "overCap"
    from close_period(${key.organizationId}, ${key.meter}, ${key.periodStart}) p
    left join plan_meter pm on pm.plan_id = p.plan_id and pm.plan_version = p.plan_version and pm.meter = p.meter
    where p.organization_id is not null`.execute(tx);
  return rows[0] ?? null;
}

/** A row of the ledger: what one meter costs beyond the plan in one period. */
export interface LedgerRow {
  organizationId: string;
  id: string;
  meter: string;
  periodStart: Date;
  periodEnd: Date;
  quantity: number;
  unitPrice: string;
  currency: string;
  amount: number;
  attempts: number;
  /** The invoice that was chosen; its line may or may not be there. */
  stripeInvoiceId: string | null;
}

/** Writes what is to be billed; in the transaction that closes the period. */
export async function insertOverage(
  tx: Tx,
  row: Omit<LedgerRow, "attempts" | "stripeInvoiceId"> & { planId: string; planVersion: number; now: Date },
): Promise<void> {
  await tx
    .insertInto("overage")
    .values({
      organization_id: row.organizationId,
      id: row.id,
      meter: row.meter,
      period_start: row.periodStart,
      period_end: row.periodEnd,
      plan_id: row.planId,
      plan_version: row.planVersion,
      quantity: row.quantity,
      unit_price: row.unitPrice,
      currency: row.currency,
      amount: row.amount,
      created_at: row.now,
    })
    .execute();
}

/** Overage of any organization that is due to be put on an invoice. Real time. */
export async function listDueOverages(
  tx: Tx,
  most: number,
): Promise<{ organizationId: string; id: string }[]> {
  const { rows } = await sql<{ organizationId: string; id: string }>`
    select organization_id as "organizationId", id from due_overages(${most})`.execute(tx);
  return rows;
}

/** Takes a due row for 10 seconds of real time, so that one process works on it; null when another one does. */
export async function claimOverage(tx: Tx, organizationId: string, id: string): Promise<LedgerRow | null> {
  const row = await tx
    .updateTable("overage")
    .set({ attempts: sql`attempts + 1`, next_attempt_at: sql`clock_timestamp() + interval '10 seconds'` })
    .where("organization_id", "=", organizationId)
    .where("id", "=", id)
    .where("status", "=", "pending")
    .where("next_attempt_at", "<=", sql<Date>`clock_timestamp()`)
    .returning([
      "organization_id as organizationId",
      "id",
      "meter",
      "period_start as periodStart",
      "period_end as periodEnd",
      "quantity",
      "unit_price as unitPrice",
      "currency",
      "amount",
      "attempts",
      "stripe_invoice_id as stripeInvoiceId",
    ])
    .executeTakeFirst();
  return row ?? null;
}

/** Writes down the invoice that a row goes to, before anything is sent. */
export async function chooseOverageInvoice(tx: Tx, row: LedgerRow, invoiceId: string): Promise<void> {
  await update(tx, row).set({ stripe_invoice_id: invoiceId }).execute();
}

/** The row stands on its invoice. */
export async function markOverageSent(tx: Tx, row: LedgerRow, invoiceItemId: string): Promise<void> {
  await update(tx, row)
    .set({
      status: "sent",
      stripe_invoice_item_id: invoiceItemId,
      sent_at: sql`clock_now()`,
      last_error: null,
    })
    .execute();
}

/** Tries again later: after 2 s doubled at each attempt, at most five minutes. */
export async function putOffOverage(tx: Tx, row: LedgerRow, reason: string): Promise<void> {
  await update(tx, row)
    .set({
      next_attempt_at: sql<Date>`clock_timestamp()
        + (0.5 + random()) * least(interval '5 minutes', interval '2 seconds' * power(2, least(attempts, 10)))`,
      last_error: reason,
    })
    .execute();
}

/** Makes what waits for a draft due now. Answers how many rows. */
export async function wakeOverages(tx: Tx, organizationId: string): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable("overage")
    .set({ next_attempt_at: sql`clock_timestamp()` })
    .where("organization_id", "=", organizationId)
    .where("status", "=", "pending")
    .where("stripe_invoice_id", "is", null)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

function update(tx: Tx, row: LedgerRow) {
  return tx
    .updateTable("overage")
    .where("organization_id", "=", row.organizationId)
    .where("id", "=", row.id)
    .where("status", "=", "pending");
}

/** What a running period has cost so far beyond the plan. */
export interface AccruedPeriod {
  meter: string;
  periodStart: Date;
  periodEnd: Date;
  total: number;
  overCap: number;
  included: number;
  hardCap: number | null;
  unitPrice: string;
  currency: string;
  billAboveCap: boolean;
}

/** The running periods of an organization whose plan sells overage. As hr_api. */
export async function listAccruedPeriods(tx: Tx, organizationId: string): Promise<AccruedPeriod[]> {
  const { rows } = await sql<AccruedPeriod>`
    select g.meter, g.period_start as "periodStart", g.period_end as "periodEnd", g.period_used as total,
      coalesce(u.over_cap, 0)::bigint as "overCap", g.included, g.hard_cap as "hardCap",
      price.unit_price as "unitPrice", price.currency, pm.bill_above_cap as "billAboveCap"
    from usage_status(${organizationId}) g
    join subscription s on s.organization_id = ${organizationId}
    join plan_meter pm on pm.plan_id = g.plan_id and pm.plan_version = g.plan_version and pm.meter = g.meter
    cross join lateral overage_price(pm, s.currency) price
    cross join lateral (
      select sum(s.over_cap) as over_cap from usage_sums(${organizationId}, g.meter, g.period_start) s
    ) u
    where pm.overage and g.included is not null`.execute(tx);
  return rows;
}
