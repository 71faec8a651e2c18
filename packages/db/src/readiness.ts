import type { Database } from "./client.ts";
import { isMigrated } from "./migrations.ts";

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
