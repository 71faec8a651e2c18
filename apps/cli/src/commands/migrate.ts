import { listPendingMigrations } from "@headroom/db/inspection";
import { migrate } from "@headroom/db/migrate";
import type { Command } from "commander";
import { readVariables } from "../environment.ts";
import type { Shell } from "../shell.ts";
import { printResult, withProgress } from "../terminal.ts";

export function addMigrate(program: Command, { environment, terminal }: Shell): void {
  program
    .command("migrate")
    .description("bring the database to this release's schema")
    .option("--dry-run", "say what would be applied, and apply nothing")
    .option("--json", "print {applied: [names]}; with --dry-run {dryRun, pending: [names]}")
    .action(async ({ dryRun = false, json = false }: { dryRun?: boolean; json?: boolean }) => {
      const { DATABASE_URL: connectionString } = readVariables(environment);
      if (dryRun) {
        const pending = await listPendingMigrations(connectionString);
        const told = pending.map((name) => `${name} would be applied`);
        printResult(terminal, json, { dryRun, pending }, told.length > 0 ? told : ["nothing to do"]);
        return;
      }
      const { applied } = await withProgress(terminal, "migrating", () => migrate({ connectionString }));
      const lines = applied.map((name) => `applied ${name}`);
      printResult(terminal, json, { applied }, lines.length > 0 ? lines : ["nothing to do"]);
    });
}
