import type { Database } from "@headroom/db/client";
import { databaseChecks, partitionChecks } from "@headroom/db/readiness";
import type { Check } from "@headroom/platform/health";
import type { JobRunner } from "./runner.ts";

/** What `/readyz` asks: both database roles answer, the schema is this code's, usage has where to go, and this process really gets jobs. */
export function readinessChecks(
  database: Database,
  jobs: Database,
  runner: JobRunner,
): Record<string, Check> {
  return {
    ...databaseChecks(database),
    ...partitionChecks(database),
    queue: databaseChecks(jobs).database,
    probe: async () => {
      if (!runner.isProven()) {
        throw new Error("no job has run here lately");
      }
    },
  };
}
