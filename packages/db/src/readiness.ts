import type { Database } from "./client.ts";
import { isMigrated } from "./migrations.ts";

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
