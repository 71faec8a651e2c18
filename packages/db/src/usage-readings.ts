import type { GateReading } from "@headroom/domain/usage";
import type { Database } from "./client.ts";
import { coalescedRead } from "./coalesced-reads.ts";

/** The columns of every row that says how a gate stands, or stood. */
export interface ReadingColumns {
  day_used: number;
  day_held: number;
  daily_limit: number | null;
  day_end: Date;
  period_used: number;
  period_held: number;
  period_end: Date;
  included: number | null;
  max_overage: number | null;
  hard_cap: number | null;
}

/** A gate's windows and limits, from a row that has them. */
export function toReading(row: ReadingColumns): GateReading {
  return {
    dayUsed: row.day_used,
    dayHeld: row.day_held,
    dailyLimit: row.daily_limit,
    dayEnd: row.day_end.toISOString(),
    periodUsed: row.period_used,
    periodHeld: row.period_held,
    periodEnd: row.period_end.toISOString(),
    included: row.included,
    maxOverage: row.max_overage,
    hardCap: row.hard_cap,
  };
}

/** One meter of an organization as it stands now. */
export interface MeterStatus extends GateReading {
  meter: string;
  /** The organization's local date. */
  date: string;
  /** ISO 8601. */
  periodStart: string;
  planId: string;
  planVersion: number;
}

interface StatusRow extends ReadingColumns {
  place: number;
  meter: string;
  day_date: string;
  period_start: Date;
  plan_id: string;
  plan_version: number;
}

const readStatuses = coalescedRead<readonly MeterStatus[]>(async ({ pool }, organizationIds) => {
  const { rows } = await pool.query<StatusRow>({
    name: "usage_statuses",
    text: `select place, (gate).meter, (gate).day_date, (gate).day_used, (gate).day_held, (gate).daily_limit,
      (gate).day_end, (gate).period_start, (gate).period_used, (gate).period_held, (gate).period_end, (gate).included,
      (gate).max_overage, (gate).hard_cap, (gate).plan_id, (gate).plan_version from usage_statuses($1)`,
    values: [organizationIds],
  });
  const statuses = organizationIds.map((): MeterStatus[] => []);
  for (const row of rows) statuses[row.place - 1]?.push(toStatus(row));
  return statuses;
});

/**
 * Every active meter of an organization, windows rolled to the present; asked afresh, together with other callers'. Takes
 * no lock. Shared by everybody who asked for the same organization at the same moment.
 */
export function readUsageStatus(
  database: Database,
  organizationId: string,
): Promise<readonly Readonly<MeterStatus>[]> {
  return readStatuses(database, organizationId);
}

function toStatus(row: StatusRow): MeterStatus {
  return {
    ...toReading(row),
    meter: row.meter,
    date: row.day_date,
    periodStart: row.period_start.toISOString(),
    planId: row.plan_id,
    planVersion: row.plan_version,
  };
}
