import type { Database } from "@headroom/db/client";
import { databaseChecks } from "@headroom/db/readiness";
import type { Check } from "@headroom/platform/health";
import type { JobRunner } from "./runner.ts";

/** What `/readyz` asks: both database roles answer, the schema is this code's, and this process really gets jobs. */
export function readinessChecks(
  database: Database,
  jobs: Database,
  runner: JobRunner,
): Record<string, Check> {
  return {
    ...databaseChecks(database),
    queue: databaseChecks(jobs).database,
    probe: async () => {
      if (!runner.isProven()) {
        throw new Error("no job has run here lately");
      }
    },
  };
}
