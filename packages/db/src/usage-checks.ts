import { sql } from "kysely";
import type { Database } from "./client.ts";
import { queryAtLength, type Recount, recountColumns } from "./tallies.ts";
import type { Tx } from "./tenancy.ts";

/** What can differ from a recount. */
export type DifferenceKind =
  /** The running day's counter, from the events of that day. */
  | "day_used"
  /** Units held in the running day, from the reservations that are held. */
  | "day_held"
  | "period_used"
  | "period_held"
  /** A closed period's total, which is never edited. */
  | "period_total"
  | "period_over_cap"
  /** A sealed day's tallies, from its events. Equal numbers: the units stand under another member, date or period. */
  | "day_tally"
  /** All tallies of a sealed day, in events, from its seal. */
  | "day_seal";

export interface DifferenceRow {
  organization_id: string;
  meter: string;
  kind: DifferenceKind;
  /** As PostgreSQL writes it in JSON. */
  window_start: string;
  kept: number;
  counted: number;
}

/** Recounts gates and closed periods of some organizations, in one snapshot, and keeps what differs. As hr_worker. */
export async function verifyCounters(
  database: Database,
  organizationIds: readonly string[],
  closedSince: Date | null,
): Promise<{ gates: number; differences: DifferenceRow[] }> {
  const [row] = await queryAtLength<{ gates: number; differences: DifferenceRow[] }>(
    database,
    "select gates, differences from verify_counters($1, coalesce($2::timestamptz, '-infinity'))",
    [organizationIds, closedSince],
  );
  return row ?? { gates: 0, differences: [] };
}

export interface DayToVerify {
  day: string;
  /** Its tallies are to be compared with its events, not only with the seal. */
  withEvents: boolean;
}

/** Sealed days that were not looked at since they were sealed; `every`: all of them. As hr_worker. */
export async function listDaysToVerify(database: Database, every: boolean): Promise<DayToVerify[]> {
  const { rows } = await database.pool.query<DayToVerify>(
    `select day, with_events as "withEvents" from days_to_verify($1)`,
    [every],
  );
  return rows;
}

/** Looks at one sealed day, and keeps what differs. As hr_worker. */
export async function verifyDay(
  database: Database,
  { day, withEvents }: DayToVerify,
): Promise<DifferenceRow[]> {
  const [row] = await queryAtLength<{ found: DifferenceRow[] }>(
    database,
    "select verify_day($1, $2) as found",
    [day, withEvents],
  );
  return row?.found ?? [];
}

/** Compares one organization's tallies of sealed days with its events, where those are there yet. As hr_worker. */
export async function verifyTallies(database: Database, organizationId: string): Promise<DifferenceRow[]> {
  const [row] = await queryAtLength<{ found: DifferenceRow[] }>(
    database,
    "select verify_tallies($1) as found",
    [organizationId],
  );
  return row?.found ?? [];
}

/** Notes what a look at everything found, for metrics. As hr_worker. */
export async function writeUsageCheck(
  database: Database,
  found: { counters: number; thorough: boolean },
): Promise<void> {
  await database.pool.query("select note_usage_check($1, $2)", [found.counters, found.thorough]);
}

export interface UsageCheck {
  checkedAt: Date;
  /** When closed periods and seals of every age were last looked at. */
  thoroughAt: Date | null;
  counters: number;
  /** Differences that are open. */
  differences: number;
}

/** What the last look at everything found; null before the first one. */
export async function readUsageCheck(database: Database): Promise<UsageCheck | null> {
  const row = await database.kysely
    .selectFrom("usage_check")
    .select(["checked_at as checkedAt", "thorough_at as thoroughAt", "counters", "differences"])
    .executeTakeFirst();
  return row ?? null;
}

/** Days of an organization whose tallies differ from events that are there yet; a null meter: any. As hr_worker. */
export async function listStaleDays(
  database: Database,
  organizationId: string,
  meter: string | null,
): Promise<string[]> {
  const rows = await queryAtLength<{ day: string }>(database, "select day from stale_days($1, $2) as day", [
    organizationId,
    meter,
  ]);
  return rows.map((row) => row.day);
}

/**
 * Sets an organization's counters to what its events and reservations say, under its lock, the audit head's and its
 * gates', and has the given sealed days tallied again. `dry`: says what would be set. Answers every gate. As hr_worker.
 */
export async function recomputeGates(
  tx: Tx,
  organizationId: string,
  options: { meter: string | null; staleDays: readonly string[]; dry: boolean },
): Promise<Recount[]> {
  const { rows } = await sql<Recount>`select ${sql.raw(recountColumns)}
    from recompute_usage(${organizationId}, ${options.meter}, ${options.staleDays}::date[], ${options.dry})`.execute(
    tx,
  );
  return rows;
}
