import { type PlanPush, pushPlans } from "@headroom/service/plans";
import type { Command } from "commander";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import type { Shell } from "../program.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";

export function addPlans(program: Command, { environment, terminal }: Shell): void {
  const plans = program.command("plans").description("the plan catalogue");
  plans
    .command("push")
    .description("write the configured meters and plans to the database and, with a key, to Stripe")
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print {dryRun, meters, plans, prices}")
    .action(async ({ dryRun = false, json = false }: { dryRun?: boolean; json?: boolean }) => {
      const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "pushing plans", () =>
          pushPlans(context, { dryRun, operator: operatorOf(environment) }),
        ),
      );
      printResult(terminal, json, { dryRun, ...result }, describe(result));
    });
}

function describe({ meters, plans, prices }: PlanPush): string[] {
  return [
    ...alignColumns([
      ...meters.map(({ name, change }) => ["meter", name, change]),
      ...plans.map(({ id, version, change }) => ["plan", `${id} v${version}`, change]),
      ...(prices ?? []).map(({ lookupKey, change }) => ["price", lookupKey, change]),
    ]),
    ...(prices === null ? ["no STRIPE_SECRET_KEY: Stripe was not asked"] : []),
  ];
}
