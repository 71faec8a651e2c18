import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** A row of the ledger: a line of the bill of one meter's period, or what corrects one. */
export interface LedgerRow {
  organizationId: string;
  id: string;
  kind: "charge" | "adjustment";
  meter: string;
  /** 0: what the terms at the period's end rate; n: its n-th segment. */
  segment: number;
  periodStart: Date;
  periodEnd: Date;
  planId: string;
  planVersion: number;
  /** Negative: units that are given back. */
  quantity: number;
  unitPrice: string;
  currency: string;
  amount: number;
  /** Of one that is told to a billing meter: `pending` until the meter has it. */
  status: "pending" | "sent" | "withdrawn" | "written_off" | "shadow";
  /** It is told to a billing meter; in the database its status says so, out of the reach of releases that know of none. */
  metered: boolean;
  /** It cannot be changed any more. */
  fixed: boolean;
  attempts: number;
  /** Counts its changes: what was read before one is not written after it. */
  version: number;
  /** Counts the times that it was put on an invoice anew. */
  placement: number;
  /** The invoice that was chosen; its line may or may not be there. */
  stripeInvoiceId: string | null;
  stripeInvoiceItemId: string | null;
  lastError: string | null;
  /** An adjustment for which there is no invoice before the next renewal's. */
  waits: boolean;
  createdAt: Date;
}

const status = sql<LedgerRow["status"]>`case
  when status <> 'metered' then status when sent_at is null then 'pending' else 'sent' end`;

/** The columns of a row, as `LedgerRow` names them. */
export const ledgerColumns = [
  "organization_id as organizationId",
  "id",
  "kind",
  "meter",
  "segment",
  "period_start as periodStart",
  "period_end as periodEnd",
  "plan_id as planId",
  "plan_version as planVersion",
  "quantity",
  "unit_price as unitPrice",
  "currency",
  "amount",
  status.as("status"),
  sql<boolean>`status = 'metered'`.as("metered"),
  "fixed",
  "attempts",
  "version",
  "placement",
  "stripe_invoice_id as stripeInvoiceId",
  "stripe_invoice_item_id as stripeInvoiceItemId",
  "last_error as lastError",
  "waits",
  "created_at as createdAt",
] as const;

/** Writes what is to be billed, or (`shadow`) what would have been and never is; in the transaction that closes or amends the period. */
export async function insertOverage(
  tx: Tx,
  row: Pick<
    LedgerRow,
    | "organizationId"
    | "id"
    | "kind"
    | "meter"
    | "segment"
    | "periodStart"
    | "periodEnd"
    | "planId"
    | "planVersion"
    | "quantity"
    | "unitPrice"
    | "currency"
    | "amount"
  > & { now: Date; shadow: boolean },
): Promise<void> {
  await tx
    .insertInto("overage")
    .values({
      organization_id: row.organizationId,
      id: row.id,
      kind: row.kind,
      meter: row.meter,
      segment: row.segment,
      period_start: row.periodStart,
      period_end: row.periodEnd,
      plan_id: row.planId,
      plan_version: row.planVersion,
      quantity: row.quantity,
      unit_price: row.unitPrice,
      currency: row.currency,
      amount: row.amount,
      status: row.shadow ? "shadow" : "pending",
      created_at: row.now,
    })
    .execute();
}

/** What the ledger has of a period, the oldest first; a null period: of all of a meter. */
export async function listLedger(
  tx: Tx,
  organizationId: string,
  period: { meter: string; periodStart: Date },
): Promise<LedgerRow[]> {
  const rows = await tx
    .selectFrom("overage")
    .select(ledgerColumns)
    .where("organization_id", "=", organizationId)
    .where("meter", "=", period.meter)
    .where("period_start", "=", period.periodStart)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return rows as LedgerRow[];
}

/** Everything that the ledger has of an organization. */
export async function listAllOverages(tx: Tx, organizationId: string): Promise<LedgerRow[]> {
  const rows = await tx
    .selectFrom("overage")
    .select(ledgerColumns)
    .where("organization_id", "=", organizationId)
    .orderBy("period_start")
    .orderBy("id")
    .execute();
  return rows as LedgerRow[];
}

/** The meters of the organization's rows with these ids. As hr_api. */
export async function findOverageMeters(
  tx: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) {
    return new Map();
  }
  const rows = await tx
    .selectFrom("overage")
    .select(["id", "meter"])
    .where("organization_id", "=", organizationId)
    .where("id", "in", ids)
    .execute();
  return new Map(rows.map(({ id, meter }) => [id, meter]));
}

/** Changes what a row that is not fixed bills, and has it sent again, unless it is a shadow. In the transaction that rates the period. */
export async function amendOverage(
  tx: Tx,
  organizationId: string,
  id: string,
  { quantity, amount }: { quantity: number; amount: number },
): Promise<void> {
  await tx
    .updateTable("overage")
    .set({
      quantity,
      amount,
      status: sql<string>`case status when 'shadow' then status else 'pending' end`,
      version: sql`version + 1`,
      attempts: 0,
      waits: false,
      next_attempt_at: sql`clock_timestamp()`,
    })
    .where("organization_id", "=", organizationId)
    .where("id", "=", id)
    .where("fixed", "=", false)
    .executeTakeFirstOrThrow();
}

/** Has a row that was sent looked at again, and put where it lacks. One that is told to a meter stays as it was told. */
export async function resendOverage(tx: Tx, organizationId: string, id: string): Promise<void> {
  await tx
    .updateTable("overage")
    .set({
      status: sql<string>`case status when 'metered' then status else 'pending' end`,
      fixed: sql<boolean>`status = 'metered'`,
      version: sql`version + 1`,
      placement: sql`placement + 1`,
      attempts: 0,
      next_attempt_at: sql`clock_timestamp()`,
    })
    .where("organization_id", "=", organizationId)
    .where("id", "=", id)
    .where("status", "<>", "shadow")
    .execute();
}
