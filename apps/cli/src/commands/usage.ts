import { type UsageMismatch, verifyUsage } from "@headroom/service/metering";
import type { Command } from "commander";
import { parseOrganizationId } from "../arguments.ts";
import { withContext } from "../context.ts";
import { readVariables } from "../environment.ts";
import type { Shell } from "../program.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";
import { addExplain } from "./usage-explain.ts";

export function addUsage(program: Command, shell: Shell): void {
  const { environment, terminal, finish } = shell;
  const usage = program.command("usage").description("metered usage");
  addExplain(usage, shell);
  usage
    .command("verify")
    .description("compare every counter with a recount of its events; exit code 1 when one differs")
    .option("--organization <id>", "only this organization", parseOrganizationId)
    .option("--json", "print {checked, mismatches}")
    .action(async ({ organization, json = false }: { organization?: string; json?: boolean }) => {
      const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "counting", () =>
          verifyUsage(context, organization === undefined ? {} : { organizationId: organization }),
        ),
      );
      const { checked, mismatches } = result;
      const lines = mismatches.length === 0 ? [] : describe(mismatches);
      printResult(terminal, json, result, [
        ...lines,
        `${checked} counters checked, ${mismatches.length} ${mismatches.length === 1 ? "differs" : "differ"}`,
      ]);
      finish(mismatches.length === 0 ? 0 : 1);
    });
}

function describe(mismatches: UsageMismatch[]): string[] {
  return alignColumns([
    ["organization", "meter", "window", "counter", "events"],
    ...mismatches.map(({ organizationId, meter, window, counter, recount }) => [
      organizationId,
      meter,
      window,
      String(counter),
      String(recount),
    ]),
  ]);
}
