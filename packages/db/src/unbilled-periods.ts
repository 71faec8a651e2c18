import { sql } from "kysely";
import type { Database } from "./client.ts";

/** A period that is billed by nobody, as billing stands, or as it stood when the period was closed. */
export interface UnbilledPeriodRow {
  organizationId: string;
  meter: string;
  periodStart: Date;
  periodEnd: Date;
  planId: string;
  planVersion: number;
  included: number | null;
  hardCap: number | null;
  unitPrice: string | null;
  currency: string;
  billAboveCap: boolean;
  total: number | null;
  overCap: number | null;
  /** What the ledger has of a closed one, in units and minor units; null: it is not closed. */
  quantity: number | null;
  amount: number | null;
  /** How many there are in all. */
  periods: number;
}

/**
 * Periods of all organizations with overage that nobody bills: those that are not closed first, then those that were
 * closed so within 35 days, the last first. @param database as hr_api or hr_worker
 */
export async function listUnbilledPeriods(database: Database, most: number): Promise<UnbilledPeriodRow[]> {
  const { rows } = await sql<UnbilledPeriodRow>`
    select organization_id as "organizationId", meter, period_start as "periodStart", period_end as "periodEnd",
      plan_id as "planId", plan_version as "planVersion", included, hard_cap as "hardCap", unit_price as "unitPrice",
      currency, bill_above_cap as "billAboveCap", total, over_cap as "overCap", quantity, amount, periods
    from unbilled_periods(${most})`.execute(database.kysely);
  return rows;
}
