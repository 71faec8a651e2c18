import type { GateReading } from "@headroom/domain/usage";
import type { Database } from "./client.ts";
import { coalescedRead } from "./coalesced-reads.ts";
import { promptly } from "./silence.ts";

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

/** What `meter_statuses` answers; null: none. */
export type StatusRows =
  | readonly [
      organizationId: string,
      meter: string,
      date: string,
      dayUsed: number,
      dayHeld: number,
      dailyLimit: number | null,
      dayEnd: string,
      periodStart: string,
      periodUsed: number,
      periodHeld: number,
      periodEnd: string,
      included: number | null,
      maxOverage: number | null,
      hardCap: number | null,
      planId: string,
      planVersion: number,
    ][]
  | null;

const readStatuses = coalescedRead<readonly MeterStatus[]>(async ({ pool }, organizationIds) => {
  const { rows } = await pool.query<{ statuses: StatusRows }>(
    promptly({
      name: "meter_statuses",
      text: "select meter_statuses($1) as statuses",
      values: [organizationIds],
    }),
  );
  const statuses = toStatuses(rows[0]?.statuses ?? null);
  return organizationIds.map((id) => statuses.get(id) ?? []);
});

/** The meters of organizations, by their ids. */
export function toStatuses(rows: StatusRows): Map<string, MeterStatus[]> {
  const statuses = new Map<string, MeterStatus[]>();
  const instants = new Map<string, string>();
  // The same instants stand in most rows: each is read once.
  const toInstant = (text: string): string => {
    const known = instants.get(text);
    if (known !== undefined) return known;
    const instant = new Date(text).toISOString();
    instants.set(text, instant);
    return instant;
  };
  for (const row of rows ?? []) {
    const [
      organizationId,
      meter,
      date,
      dayUsed,
      dayHeld,
      dailyLimit,
      dayEnd,
      periodStart,
      periodUsed,
      ...rest
    ] = row;
    const [periodHeld, periodEnd, included, maxOverage, hardCap, planId, planVersion] = rest;
    const own = statuses.get(organizationId) ?? [];
    if (own.length === 0) statuses.set(organizationId, own);
    own.push({
      dayUsed,
      dayHeld,
      dailyLimit,
      dayEnd: toInstant(dayEnd),
      periodUsed,
      periodHeld,
      periodEnd: toInstant(periodEnd),
      included,
      maxOverage,
      hardCap,
      meter,
      date,
      periodStart: toInstant(periodStart),
      planId,
      planVersion,
    });
  }
  return statuses;
}

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
