import type { Database } from "./client.ts";
import { isMigrated } from "./migrations.ts";
import { countDaysAhead } from "./usage-partitions.ts";

/** Partitions are made 30 days ahead: fewer than these, and whoever makes them has not run for weeks. */
const partitionsAhead = 7;

/**
 * What the `/readyz` of every application asks: the database answers, and its schema is this code's. It warns while
 * fewer than seven days of partitions lie ahead for usage events.
 */
export function databaseChecks(
  database: Database,
): Record<"database" | "migrations" | "partitions", () => Promise<unknown>> {
  return {
    database: async () => {
      await database.pool.query("select 1");
    },
    migrations: async () => {
      if (!(await isMigrated(database.pool))) {
        throw new Error("the database's migrations are not this code's");
      }
    },
    partitions: async () => {
      const { rows } = await database.pool.query<{ made: boolean }>(
        `select bool_and(to_regclass('headroom.usage_event_' || to_char(d, 'YYYYMMDD')) is not null) as made
         from generate_series(clock_timestamp() at time zone 'UTC',
           clock_timestamp() at time zone 'UTC' + make_interval(days => $1), '1 day') d`,
        [partitionsAhead],
      );
      return rows[0]?.made ? "ok" : "warning";
    },
  };
}

const fewDays = 7;

/**
 * Whether usage can be stored in the days to come: a warning when partitions are there for less than a week, a failure
 * when there is none for today. As hr_api or hr_worker.
 */
export function partitionChecks(database: Database): Record<"partitions", () => Promise<"ok" | "warning">> {
  return {
    partitions: async () => {
      const ahead = await countDaysAhead(database);
      if (ahead < 0) {
        throw new Error("there is no partition for today's usage");
      }
      return ahead < fewDays ? "warning" : "ok";
    },
  };
}
