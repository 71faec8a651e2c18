import type { Database } from "@headroom/db/client";
import { readDevClockOffset } from "@headroom/db/clock";
import { isMigrated } from "@headroom/db/migrate";
import type { Check } from "@headroom/platform/health";

/** What `/readyz` asks: the database answers, and its schema is this code's. */
export function readinessChecks(database: Database): Record<string, Check> {
  return {
    database: () => database.pool.query("select 1"),
    migrations: async () => {
      if (!(await isMigrated(database.pool)))
        throw new Error("the database's migrations are not this code's");
    },
  };
}

/** @throws Error in production while the development clock is moved: limits and invoices would follow it. */
export async function assertRealClock(database: Database, environment: string): Promise<void> {
  if (environment === "production" && (await readDevClockOffset(database)) !== 0) {
    throw new Error("the database's development clock is moved: production keeps real time");
  }
}
