import type { Database } from "./client.ts";
import { isMigrated } from "./migrations.ts";
import { countDaysAhead } from "./usage-partitions.ts";

/** What the `/readyz` of every application asks: the database answers, and its schema is this code's. */
export function databaseChecks(database: Database): Record<"database" | "migrations", () => Promise<void>> {
  return {
    database: async () => {
      await database.pool.query("select 1");
    },
    migrations: async () => {
      if (!(await isMigrated(database.pool))) {
        throw new Error("the database's migrations are not this code's");
      }
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
