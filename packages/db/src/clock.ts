import { sql } from "kysely";
import type { Database } from "./client.ts";
import type { Tx } from "./tenancy.ts";

/** The present by the one clock: real time plus the development offset. Ask after the locks, once per transaction. */
export async function readClock(tx: Tx): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select clock_now() as now`.execute(tx);
  return (rows[0] as { now: Date }).now;
}

/** The date in a time zone at an instant, `2026-11-22`. */
export async function readLocalDate(tx: Tx, zone: string, at: Date): Promise<string> {
  const { rows } = await sql<{
    day: string;
  }>`select (${at}::timestamptz at time zone ${zone})::date::text as day`.execute(tx);
  return (rows[0] as { day: string }).day;
}

/** How a statement starts that reads the clock for itself, once: `(select now from clock)` is its instant. */
export const clock = sql`with clock as materialized (select clock_now() as now)`;

/** The present by the one clock, outside any transaction. */
export async function readNow(database: Database): Promise<Date> {
  const { rows } = await database.pool.query<{ now: Date }>("select clock_now() as now");
  return (rows[0] as { now: Date }).now;
}

/** Sets the development offset in milliseconds. Production refuses to start while it is not zero. */
export async function setDevClock(database: Database, offsetMilliseconds: number): Promise<void> {
  await database.pool.query("select set_dev_clock($1 * interval '1 millisecond')", [offsetMilliseconds]);
}

/** The development offset in milliseconds. */
async function readDevClockOffset(database: Database): Promise<number> {
  const { rows } = await database.pool.query<{ ms: number }>(
    "select (extract(epoch from clock_offset) * 1000)::float8 as ms from dev_clock",
  );
  return rows[0]?.ms ?? 0;
}

/** @throws Error in production while the development clock is moved: limits and invoices would follow it. */
export async function assertRealClock(database: Database, environment: string): Promise<void> {
  if (environment === "production" && (await readDevClockOffset(database)) !== 0) {
    throw new Error("the database's development clock is moved: production keeps real time");
  }
}
