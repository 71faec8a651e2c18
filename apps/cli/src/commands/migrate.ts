import { migrate } from "@headroom/db/migrate";
import type { Command } from "commander";
import { readVariables } from "../environment.ts";
import type { Shell } from "../program.ts";
import { printResult, withProgress } from "../terminal.ts";

export function addMigrate(program: Command, { environment, terminal }: Shell): void {
  program
    .command("migrate")
    .description("bring the database to this release's schema")
    .option("--json", "print {applied: [names]}")
    .action(async ({ json = false }: { json?: boolean }) => {
      const { DATABASE_URL: connectionString } = readVariables(environment);
      const { applied } = await withProgress(terminal, "migrating", () => migrate({ connectionString }));
      const lines = applied.map((name) => `applied ${name}`);
      printResult(terminal, json, { applied }, lines.length > 0 ? lines : ["nothing to do"]);
    });
}
