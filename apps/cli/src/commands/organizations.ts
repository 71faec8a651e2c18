import { authorize } from "@headroom/service/access";
import { describeOrganization, type OrganizationOverview } from "@headroom/service/organization-overview";
import { type TransferredOwnership, transferOwnership } from "@headroom/service/organization-transfer";
import type { Command } from "commander";
import { parseUserId } from "../arguments.ts";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import { resolveOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult } from "../terminal.ts";
import { addAssignPlan, describeAssignment } from "./assign-plan.ts";
import { addSetLimit, describeOverride, describePlace } from "./set-limit.ts";

export function addOrganizations(program: Command, shell: Shell): void {
  const organizations = program.command("organizations").description("organizations");
  addShow(organizations, shell);
  addTransfer(organizations, shell);
  addSetLimit(organizations, shell);
  addAssignPlan(organizations, shell);
}

function addShow(organizations: Command, { environment, terminal }: Shell): void {
  organizations
    .command("show")
    .description("tell an organization's members, seats, plan, usage and overrides")
    .argument("<organization>", "its id or slug")
    .option("--json", "print {organization, members, seats, billing, usage, overrides, assignments}")
    .action(async (name: string, { json = false }: { json?: boolean }) => {
      const overview = await withContext(readVariables(environment), "hr_api", terminal, async (context) =>
        describeOrganization(context, operatorOf(environment), await resolveOrganization(context, name)),
      );
      printResult(terminal, json, overview, describe(overview));
    });
}

interface TransferOptions {
  dryRun?: boolean;
  json?: boolean;
}

function addTransfer(organizations: Command, { environment, terminal }: Shell): void {
  organizations
    .command("transfer-ownership")
    .description("make a member the owner; the old owner becomes an admin")
    .argument("<organization>", "its id or slug")
    .argument("<user>", "an active member, usr_…", parseUserId)
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print {dryRun, organizationId, ownerId, previousOwnerId}")
    .action(async (name: string, userId: string, { dryRun = false, json = false }: TransferOptions) => {
      const done = await withContext(readVariables(environment), "hr_api", terminal, async (context) => {
        const organizationId = await resolveOrganization(context, name);
        const permission = "organization.transfer";
        const access = await authorize(context, operatorOf(environment), organizationId, permission);
        return transferOwnership(context, access, { userId, dryRun });
      });
      const { organization, ownerId, previousOwnerId } = done;
      const result = { dryRun, organizationId: organization.id, ownerId, previousOwnerId };
      printResult(terminal, json, result, [tell(done, dryRun)]);
    });
}

function tell({ ownerId, previousOwnerId }: TransferredOwnership, dryRun: boolean): string {
  if (ownerId === previousOwnerId) {
    return `${ownerId} is the owner already`;
  }
  const old = previousOwnerId === null ? "" : `, ${previousOwnerId} an admin`;
  return `${ownerId} ${dryRun ? "would become" : "is"} the owner${old}`;
}

function describe({
  organization,
  members,
  seats,
  billing,
  usage,
  overrides,
  assignments,
}: OrganizationOverview): string[] {
  const { id, name, slug, domain, settings, createdAt } = organization;
  return alignColumns([
    ["organization", `${name} (${slug})`],
    ["id", id],
    ["domain", domain ?? "none"],
    ["time zone", settings.timeZone],
    ["billing e-mail", settings.billingEmail ?? "none"],
    ["created", createdAt],
    ["plan", `${billing.plan.displayName} v${billing.plan.version}, ${billing.status}`],
    ...assignments.map((one) => [
      "assigned",
      `${describeAssignment(one)}, ${one.state} (${one.setBy}: ${one.reason})`,
    ]),
    ["seats", `${seats.used} of ${seats.limit ?? "no limit"}, ${seats.pending} pending`],
    ...usage.map(({ meter, dailyUsed, dailyLimit, monthlyUsed, monthlyLimit }) => [
      meter,
      `${dailyUsed} of ${dailyLimit ?? "no limit"} today, ${monthlyUsed} of ${monthlyLimit ?? "no limit"} this month`,
    ]),
    ...overrides.map((override) => [
      "override",
      `${describePlace(override)}: ${describeOverride(override)} (${override.setBy}: ${override.reason})`,
    ]),
    ...members.map((member) => [member.role, `${member.id} ${member.email ?? ""}`]),
  ]);
}
