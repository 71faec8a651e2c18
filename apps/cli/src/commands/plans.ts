import { describeChange, type FieldChange } from "@headroom/domain/plan-differences";
import { type PlanPush, pushPlans } from "@headroom/service/plans";
import type { Command } from "commander";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";
import { addPlansList } from "./plans-list.ts";
import { addPlansMigrate } from "./plans-migrate.ts";
import { addPlansPull } from "./plans-pull.ts";

export function addPlans(program: Command, shell: Shell): void {
  const plans = program.command("plans").description("the plan catalogue");
  addPush(plans, shell);
  addPlansList(plans, shell);
  addPlansPull(plans, shell);
  addPlansMigrate(plans, shell);
}

function addPush(plans: Command, { environment, terminal, finish }: Shell): void {
  plans
    .command("push")
    .description(
      "write the configured meters and plans to the database and, with a key, to Stripe; exit code 1 when Stripe has " +
        "other prices under our names",
    )
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print {dryRun, meters, plans, products, prices, stripeMeters, portal}")
    .action(async ({ dryRun = false, json = false }: { dryRun?: boolean; json?: boolean }) => {
      const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "pushing plans", (report) =>
          pushPlans(context, { dryRun, operator: operatorOf(environment), report }),
        ),
      );
      printResult(terminal, json, { dryRun, ...result }, describe(result));
      const conflicts = (result.prices ?? []).filter(({ change }) => change === "conflict");
      for (const { lookupKey } of conflicts) {
        terminal.err(`${lookupKey}: Stripe has a price of this name with other terms; it is not used\n`);
      }
      finish(conflicts.length > 0 ? 1 : 0);
    });
}

interface Line {
  cells: string[];
  fields: FieldChange[];
}

function describe({ meters, plans, products, prices, stripeMeters, portal }: PlanPush): string[] {
  const lines: Line[] = [
    ...meters.map(({ name, change }) => ({ cells: ["meter", name, change], fields: [] })),
    ...plans.map(({ id, version, change, fields }) => ({
      cells: ["plan", `${id} v${version}`, change],
      fields,
    })),
    ...(stripeMeters ?? []).map(({ eventName, change }) => ({
      cells: ["billing meter", eventName, change],
      fields: [],
    })),
    ...(products ?? []).map(({ id, change, fields }) => ({ cells: ["product", id, change], fields })),
    ...(prices ?? []).map(({ lookupKey, change, fields }) => ({
      cells: ["price", lookupKey, change],
      fields,
    })),
    ...(portal === null ? [] : [{ cells: ["portal", "configuration", portal], fields: [] }]),
  ];
  const heads = alignColumns(lines.map(({ cells }) => cells));
  return [
    ...lines.flatMap(({ fields }, at) => [
      heads[at] ?? "",
      ...fields.map((field) => `  ${describeChange(field)}`),
    ]),
    ...(prices === null ? ["no STRIPE_SECRET_KEY: Stripe was not asked"] : []),
  ];
}
