import type { Database } from "./client.ts";

/**
 * Usage of one local date, by meter and member; the nil UUID stands for usage without a member. Where several periods
 * counted events of the date, which together may be more than any counter, it is 2^53 − 1 at most.
 */
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
    `select local_date as date, meter, member_id as "memberId",
       least(sum(quantity), ${Number.MAX_SAFE_INTEGER})::bigint as quantity
     from usage_sums($1, from_date => $2::date, to_date => $3::date)
     where $4::uuid is null or member_id = $4
     group by local_date, meter, member_id order by local_date, meter, member_id`,
    [organizationId, range.from, range.to, range.memberId],
  );
  return rows;
}

/** Received days that have ended for good and are not sealed, oldest first. */
export async function readUnsealedDays(database: Database): Promise<string[]> {
  const { rows } = await database.pool.query<{ day: string }>("select day from unsealed_days() as day");
  return rows.map((row) => row.day);
}

/** Tallies one received day that has ended, once, and seals it. Answers its events; null while the day still runs. */
export async function rollUpDay(database: Database, day: string): Promise<number | null> {
  const [row] = await queryAtLength<{ events: number | null }>(database, "select roll_up($1) as events", [
    day,
  ]);
  return row?.events ?? null;
}

/**
 * Adds ended days that were tallied to the filter of opaque keys: the oldest, of about so many events together. Answers
 * how many days; 0: the filter knows all that it can.
 */
export async function learnKeys(database: Database, most: number): Promise<number> {
  const [row] = await queryAtLength<{ days: number }>(database, "select learn_keys($1) as days", [most]);
  return row?.days ?? 0;
}

/** A gate's counters beside a recount of its events and reservations. */
export interface Recount {
  organizationId: string;
  meter: string;
  dayStart: Date;
  periodStart: Date;
  dayUsed: number;
  dayCounted: number;
  periodUsed: number;
  periodCounted: number;
  dayHeld: number;
  dayHeldCounted: number;
  periodHeld: number;
  periodHeldCounted: number;
}

/** The columns of a recount, as `Recount` names them. */
export const recountColumns = `organization_id as "organizationId", meter, day_start as "dayStart",
  period_start as "periodStart", day_used as "dayUsed",
  day_counted as "dayCounted", period_used as "periodUsed", period_counted as "periodCounted", day_held as "dayHeld",
  day_held_counted as "dayHeldCounted", period_held as "periodHeld", period_held_counted as "periodHeldCounted"`;

/** Every gate of one organization (null: of all) beside a recount of its events, in one snapshot. */
export async function recountUsage(database: Database, organizationId: string | null): Promise<Recount[]> {
  const { rows } = await database.pool.query<Recount>(`select ${recountColumns} from usage_recount($1)`, [
    organizationId,
  ]);
  return rows;
}

const upkeepMs = 600_000;

/**
 * Runs one statement that reads a whole received day: ten minutes at most, instead of the seconds that a request has.
 * Nobody waits for it, because it only reads events.
 */
export async function queryAtLength<Row extends object>(
  database: Database,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  const client = await database.pool.connect();
  try {
    await client.query("begin");
    await client.query(`set local statement_timeout = ${upkeepMs}`);
    const { rows } = await client.query<Row>({ text, values, query_timeout: upkeepMs + 5_000 } as {
      text: string;
      values: unknown[];
    });
    await client.query("commit");
    client.release();
    return rows;
  } catch (error) {
    // A connection that may be in a transaction yet is not given back.
    client.release(true);
    throw error;
  }
}
