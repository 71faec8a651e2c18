import { encodeId } from "@headroom/domain/ids";
import { authorize } from "@headroom/service/access";
import {
  type AssignmentOutcome,
  type AssignmentView,
  assignPlan,
  removePlanAssignment,
} from "@headroom/service/plan-assignments";
import type { Command } from "commander";
import { parseTime, parseVersion } from "../arguments.ts";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import { resolveOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { printResult } from "../terminal.ts";

interface AssignOptions {
  version?: number;
  start?: string;
  until?: string;
  reason?: string;
  remove?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** `organizations assign-plan` */
export function addAssignPlan(organizations: Command, { environment, terminal }: Shell): void {
  organizations
    .command("assign-plan")
    .description(
      "give an organization a plan without Stripe, a private one too; refused while it has a subscription at Stripe",
    )
    .argument("<organization>", "its id or slug")
    .argument("[plan]", "the plan's id")
    .option("--version <number>", "the plan's version; default the current one", parseVersion)
    .option("--start <time>", "ISO 8601, months are counted from it; default now", parseTime)
    .option("--until <time>", "ISO 8601: it ends then by itself; default when it is removed", parseTime)
    .requiredOption("--reason <text>", "why, 1 to 500 characters; kept in the audit trail")
    .option("--remove", "take back what was assigned: the base plan holds again")
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print {dryRun, organizationId, changed, previous, assignments}")
    .action(async (name: string, planId: string | undefined, options: AssignOptions, command: Command) => {
      const { remove = false, dryRun = false, json = false, reason = "", version, start, until } = options;
      const narrowed = [planId, version, start, until].some((one) => one !== undefined);
      if (remove === narrowed) {
        command.error(
          remove ? "error: --remove goes with the organization alone" : "error: name a plan, or --remove",
        );
      }
      if (!remove && planId === undefined) {
        command.error("error: name a plan, or --remove");
      }
      const done = await withContext(readVariables(environment), "hr_api", terminal, async (context) => {
        const organizationId = await resolveOrganization(context, name);
        const operator = operatorOf(environment);
        const access = await authorize(context, operator, organizationId, "overrides.manage");
        const outcome = remove
          ? await removePlanAssignment(context, access, { reason, dryRun })
          : await assignPlan(context, access, {
              planId: planId ?? "",
              version,
              start,
              until,
              reason,
              dryRun,
            });
        return { organizationId: encodeId("org", organizationId), ...outcome };
      });
      printResult(terminal, json, { dryRun, ...done }, tell(done, dryRun));
    });
}

function tell({ changed, previous, assignments }: AssignmentOutcome, dryRun: boolean): string[] {
  if (!changed) {
    return ["assigned already"];
  }
  const not = dryRun ? ", not changed" : "";
  const lines = assignments.filter((one) => !previous.some((before) => isSame(before, one)));
  return lines.length === 0
    ? previous.map((one) => `${describeAssignment(one)}: removed${not}`)
    : lines.map((one) => `${describeAssignment(one)}${not}`);
}

function isSame(a: AssignmentView, b: AssignmentView): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** `enterprise v2 from 2026-11-01T00:00:00.000Z until …`. */
export function describeAssignment({ planId, planVersion, start, until }: AssignmentView): string {
  return `${planId} v${planVersion} from ${start}${until === null ? "" : ` until ${until}`}`;
}
