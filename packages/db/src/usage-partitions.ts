import { sql } from "kysely";
import type { Database } from "./client.ts";

/** Makes the event partitions of the coming days. Answers how many were missing. */
export async function ensurePartitions(database: Database, daysAhead: number): Promise<number> {
  const { rows } = await database.pool.query<{ made: number }>("select ensure_partitions($1) as made", [
    daysAhead,
  ]);
  return rows[0]?.made ?? 0;
}

/** For how many days after today, in one piece, events can be stored. Real time; -1: not even today. */
export async function countDaysAhead(database: Database): Promise<number> {
  const { rows } = await database.pool.query<{ ahead: number }>(
    `select coalesce(min(d) filter (where p.received_on is null), 366)::int - 1 as ahead
     from generate_series(0, 366) d
     left join usage_partition p on p.received_on = (clock_timestamp() at time zone 'UTC')::date + d`,
  );
  return rows[0]?.ahead ?? -1;
}

/** Received days whose partition may go, oldest first. As hr_worker. */
export async function listDroppableDays(database: Database): Promise<string[]> {
  const { rows } = await database.pool.query<{ day: string }>("select day from droppable_days() as day");
  return rows.map((row) => row.day);
}

/** Drops one day's partition; false when the table was in use, or the day may not go. Inserts wait 50 ms at most. */
export async function dropPartition(database: Database, day: string): Promise<boolean> {
  const { rows } = await database.pool.query<{ dropped: boolean }>("select drop_partition($1) as dropped", [
    day,
  ]);
  return rows[0]?.dropped ?? false;
}

export interface PrunedUsage {
  reservations: number;
  firings: number;
}

/** Deletes finished reservations and alert firings that are not kept any longer, at most so many of each. */
export async function pruneUsage(database: Database, most: number): Promise<PrunedUsage> {
  const { rows } = await sql<PrunedUsage>`select reservations, firings from prune_usage(${most})`.execute(
    database.kysely,
  );
  return rows[0] ?? { reservations: 0, firings: 0 };
}
