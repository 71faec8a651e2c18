import { pushPlans } from "@headroom/service/plans";
import type { Command } from "commander";
import { withContext } from "../context.ts";
import { readVariables } from "../environment.ts";
import type { Shell } from "../program.ts";
import { printResult, withProgress } from "../terminal.ts";

export function addPlans(program: Command, { environment, terminal }: Shell): void {
  const plans = program.command("plans").description("the plan catalogue");
  plans
    .command("push")
    .description("write the configured meters and plans to the database and, with a key, to Stripe")
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print the changes")
    .action(async ({ dryRun = false, json = false }: { dryRun?: boolean; json?: boolean }) => {
      const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "pushing plans", () => pushPlans(context, { dryRun })),
      );
      printResult(terminal, json, result, []);
    });
}
