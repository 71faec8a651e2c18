import type { Database } from "@headroom/db/client";
import { isMigrated } from "@headroom/db/migrate";
import type { Check } from "@headroom/platform/health";
import type { JobRunner } from "./runner.ts";

/** What `/readyz` asks: both database roles answer, the schema is this code's, and this process really gets jobs. */
export function readinessChecks(
  database: Database,
  jobs: Database,
  runner: JobRunner,
): Record<string, Check> {
  return {
    database: () => database.kysely.selectFrom("dev_clock").select("singleton").executeTakeFirstOrThrow(),
    migrations: async () => {
      if (!(await isMigrated(database.pool))) {
        throw new Error("the database's migrations are not this code's");
      }
    },
    queue: () => jobs.kysely.selectFrom("worker_heartbeat").select("worker_id").limit(1).execute(),
    probe: async () => {
      if (!runner.isProven()) {
        throw new Error("no job has run here lately");
      }
    },
  };
}
