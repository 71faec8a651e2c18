import type { GateReading } from "@headroom/domain/usage";
import type { Database } from "./client.ts";

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
  meter: string;
  day_date: string;
  period_start: Date;
  plan_id: string;
  plan_version: number;
}

/** Every active meter of an organization, windows rolled to the present. Takes no lock. */
export async function readUsageStatus(database: Database, organizationId: string): Promise<MeterStatus[]> {
  const { rows } = await database.pool.query<StatusRow>({
    name: "usage_status",
    text: `select meter, day_date, day_used, day_held, daily_limit, day_end, period_start, period_used, period_held,
      period_end, included, max_overage, hard_cap, plan_id, plan_version from usage_status($1)`,
    values: [organizationId],
  });
  return rows.map((row) => ({
    ...toReading(row),
    meter: row.meter,
    date: row.day_date,
    periodStart: row.period_start.toISOString(),
    planId: row.plan_id,
    planVersion: row.plan_version,
  }));
}
