import { migratePlan, type PlanMigration } from "@headroom/service/plan-migration";
import { type Command, Option } from "commander";
import { parseVersion } from "../arguments.ts";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import { identifyOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";

interface MigrateOptions {
  from?: number;
  to?: number;
  organization?: string;
  at: "now" | "period_end";
  dryRun?: boolean;
  json?: boolean;
}

/** `plans migrate`. */
export function addPlansMigrate(plans: Command, shell: Shell): void {
  const { environment, terminal, finish } = shell;
  plans
    .command("migrate")
    .description(
      "move organizations from older versions of a plan to another; run again, it goes on with those that are left; " +
        "exit code 1 when one failed",
    )
    .argument("<plan>", "the plan's id")
    .option(
      "--from <version>",
      "only those on this version; default all before the one moved to",
      parseVersion,
    )
    .option("--to <version>", "default the current version", parseVersion)
    .option("--organization <name>", "only this one, by its id or slug")
    .addOption(
      new Option(
        "--at <when>",
        "when what is paid for changes: now, with the plan's proration, or at its end",
      )
        .choices(["now", "period_end"])
        .default("now"),
    )
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print {dryRun, planId, from, to, organizations}")
    .action(
      async (planId: string, { organization, dryRun = false, json = false, ...rest }: MigrateOptions) => {
        const organizationId =
          organization === undefined ? undefined : await identifyOrganization(shell, organization);
        const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
          withProgress(terminal, "moving organizations", (report) => {
            const operator = operatorOf(environment);
            return migratePlan(context, { planId, ...rest, organizationId, dryRun, operator, report });
          }),
        );
        printResult(terminal, json, { dryRun, ...result }, describe(result, dryRun));
        finish(result.organizations.some(({ outcome }) => outcome === "failed") ? 1 : 0);
      },
    );
}

function describe({ planId, to, organizations }: PlanMigration, dryRun: boolean): string[] {
  if (organizations.length === 0) {
    return [`nobody is to be moved to ${planId} v${to}`];
  }
  const counted = Map.groupBy(organizations, ({ outcome }) => outcome);
  const sums = [...counted].map(([outcome, those]) => `${those.length} ${outcome}`).join(", ");
  return [
    ...alignColumns(
      organizations.map(({ organizationId, kind, from, outcome, reason }) => [
        organizationId,
        kind,
        `v${from} → v${to}`,
        reason === null ? outcome : `${outcome}: ${reason}`,
      ]),
    ),
    `${sums}${dryRun ? ", nothing changed" : ""}`,
  ];
}
