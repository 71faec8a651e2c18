import type { Database } from "./client.ts";

/** Usage of one local date, by meter and member; the nil UUID stands for usage without a member. */
export interface DailyUsage {
  date: string;
  meter: string;
  memberId: string;
  quantity: number;
}

/**
 * An organization's usage per local date from `from` to `to`: sealed days from the tallies, the others counted now.
 * @param range.memberId null: everybody's.
 */
export async function readDailyUsage(
  database: Database,
  organizationId: string,
  range: { from: string; to: string; memberId: string | null },
): Promise<DailyUsage[]> {
  const { rows } = await database.pool.query<DailyUsage>(
    `select local_date as date, meter, member_id as "memberId", sum(quantity)::bigint as quantity
     from usage_sums($1) where local_date between $2::date and $3::date and ($4::uuid is null or member_id = $4)
     group by local_date, meter, member_id order by local_date, meter, member_id`,
    [organizationId, range.from, range.to, range.memberId],
  );
  return rows;
}

/** Received days that have no final tally yet, oldest first. */
export async function readUnsealedDays(database: Database): Promise<string[]> {
  const { rows } = await database.pool.query<{ day: string }>("select day from unsealed_days() as day");
  return rows.map((row) => row.day);
}

/** Tallies one received day afresh, and seals it once it has ended. Answers the events counted. */
export async function rollUpDay(database: Database, day: string): Promise<number> {
  const { rows } = await database.pool.query<{ events: number }>("select roll_up($1) as events", [day]);
  return rows[0]?.events ?? 0;
}

export interface Recount {
  organizationId: string;
  meter: string;
  dayUsed: number;
  dayCounted: number;
  periodUsed: number;
  periodCounted: number;
}

/** Every gate of one organization (null: of all) beside a recount of its events, in one snapshot. */
export async function recountUsage(database: Database, organizationId: string | null): Promise<Recount[]> {
  const { rows } = await database.pool.query<Recount>(
    `select organization_id as "organizationId", meter, day_used as "dayUsed", day_counted as "dayCounted",
       period_used as "periodUsed", period_counted as "periodCounted" from usage_recount($1)`,
    [organizationId],
  );
  return rows;
}

/** Makes the event partitions of the coming days. Answers how many were missing. */
export async function ensurePartitions(database: Database, daysAhead: number): Promise<number> {
  const { rows } = await database.pool.query<{ made: number }>("select ensure_partitions($1) as made", [
    daysAhead,
  ]);
  return rows[0]?.made ?? 0;
}
