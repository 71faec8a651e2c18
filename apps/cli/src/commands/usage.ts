import { noteUsageCheck, type UsageMismatch, verifyUsage } from "@headroom/service/metering";
import { type GateCounts, type RecomputedUsage, recomputeUsage } from "@headroom/service/usage-recomputation";
import type { Command } from "commander";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import { identifyOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";
import { addExplain } from "./usage-explain.ts";

export function addUsage(program: Command, shell: Shell): void {
  const usage = program.command("usage").description("metered usage");
  addVerify(usage, shell);
  addRecompute(usage, shell);
  addExplain(usage, shell);
}

interface VerifyOptions {
  organization?: string;
  json?: boolean;
}

function addVerify(usage: Command, shell: Shell): void {
  const { environment, terminal, finish } = shell;
  usage
    .command("verify")
    .description(
      "compare counters, closed periods and tallies with a recount, and keep what differs; exit code 1 when one does",
    )
    .argument("[organization]", "only this one, by its id or slug")
    .option("--organization <name>", "the same")
    .option("--json", "print {checked, days, mismatches}")
    .action(async (named: string | undefined, { organization, json = false }: VerifyOptions) => {
      const name = named ?? organization;
      const organizationId = name === undefined ? undefined : await identifyOrganization(shell, name);
      const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "counting", async (onProgress) => {
          const found = await verifyUsage(context, { organizationId, onProgress });
          if (organizationId === undefined) {
            await noteUsageCheck(context, found, true);
          }
          return found;
        }),
      );
      const { checked, days, mismatches } = result;
      printResult(terminal, json, result, [
        ...describe(mismatches),
        `${count(checked, "counter")} and ${count(days, "sealed day")} checked, ${mismatches.length} ${mismatches.length === 1 ? "differs" : "differ"}`,
      ]);
      finish(mismatches.length === 0 ? 0 : 1);
    });
}

interface RecomputeOptions {
  meter?: string;
  dryRun?: boolean;
  json?: boolean;
}

function addRecompute(usage: Command, shell: Shell): void {
  const { environment, terminal, finish } = shell;
  usage
    .command("recompute")
    .description(
      "set an organization's counters to what its events and reservations say; exit code 1 when something differs that cannot be set",
    )
    .argument("<organization>", "its id or slug")
    .option("--meter <name>", "only this meter")
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print {organizationId, dryRun, meters, days, remaining}")
    .action(async (name: string, { meter, dryRun = false, json = false }: RecomputeOptions) => {
      const organizationId = await identifyOrganization(shell, name);
      const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "counting", () =>
          recomputeUsage(context, operatorOf(environment), { organizationId, meter, dryRun }),
        ),
      );
      printResult(terminal, json, result, tell(result));
      finish(result.remaining.length === 0 ? 0 : 1);
    });
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

const kinds: Record<UsageMismatch["kind"], string> = {
  day_used: "used today",
  day_held: "held today",
  period_used: "used in the period",
  period_held: "held in the period",
  period_total: "closed period's total",
  period_over_cap: "closed period's units above the cap",
  day_tally: "received day's tallies",
  day_seal: "sealed day, in events",
};

function describe(mismatches: UsageMismatch[]): string[] {
  if (mismatches.length === 0) {
    return [];
  }
  return alignColumns([
    ["organization", "meter", "what", "since", "kept", "counted"],
    ...mismatches.map(({ organizationId, meter, kind, windowStart, counter, recount }) => [
      organizationId ?? "all",
      meter ?? "all",
      kinds[kind],
      windowStart,
      String(counter),
      String(recount),
    ]),
  ]);
}

function tell({ dryRun, meters, days, remaining }: RecomputedUsage): string[] {
  const changed = meters.filter((meter) => meter.changed);
  const set = dryRun ? "would be set" : "set";
  return [
    ...alignColumns(meters.flatMap(({ meter, before, after }) => countLines(meter, before, after))),
    `${changed.length} of ${count(meters.length, "meter")} ${set}, ${count(days.length, "received day")} ${dryRun ? "would be " : ""}tallied again`,
    ...describe(remaining),
    ...(remaining.some(({ kind }) => kind.startsWith("period_t") || kind === "period_over_cap")
      ? ["a closed period's total is not edited here: what was billed follows it"]
      : []),
  ];
}

function countLines(meter: string, before: GateCounts, after: GateCounts): string[][] {
  const rows: [string, keyof GateCounts][] = [
    [kinds.day_used, "dayUsed"],
    [kinds.day_held, "dayHeld"],
    [kinds.period_used, "periodUsed"],
    [kinds.period_held, "periodHeld"],
  ];
  return rows.map(([what, count]) => [meter, what, `${before[count]} → ${after[count]}`]);
}
