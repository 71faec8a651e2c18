import { type AuditFault, verifyAudit } from "@headroom/service/audit-verification";
import { listActs } from "@headroom/service/operator-acts";
import { type Command, InvalidArgumentError } from "commander";
import { withContext } from "../context.ts";
import { readVariables } from "../environment.ts";
import { identifyOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";

export function addAudit(program: Command, shell: Shell): void {
  const { environment, terminal, finish } = shell;
  const audit = program.command("audit").description("the audit trail");
  audit
    .command("verify")
    .description("recompute every hash of the audit trail; exit code 1 when one does not hold")
    .option("--organization <name>", "only this organization's, by its id or slug")
    .option("--json", "print {trails, entries, faults}")
    .action(async ({ organization, json = false }: { organization?: string; json?: boolean }) => {
      const organizationId =
        organization === undefined ? undefined : await identifyOrganization(shell, organization);
      const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "verifying", (onProgress) =>
          verifyAudit(context, { organizationId, onProgress }),
        ),
      );
      const { trails, entries, faults } = result;
      printResult(terminal, json, result, [
        ...(faults.length === 0 ? [] : describe(faults)),
        `${entries} entries of ${trails} trails checked, ${faults.length} ${faults.length === 1 ? "trail does" : "trails do"} not hold`,
      ]);
      finish(faults.length === 0 ? 0 : 1);
    });
  audit
    .command("operators")
    .description("list what operators did that belongs to no organization, newest first")
    .option("--limit <count>", "how many at most", parseCount, 50)
    .option("--json", "print {acts}")
    .action(async ({ limit, json = false }: { limit: number; json?: boolean }) => {
      const acts = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        listActs(context, { limit }),
      );
      const lines = acts.map(({ at, actor, action, target, data }) => [
        at,
        actor,
        action,
        target ?? "",
        JSON.stringify(data),
      ]);
      printResult(terminal, json, { acts }, alignColumns(lines));
    });
}

const explained: Record<AuditFault["fault"], string> = {
  missing: "the entry is not there",
  altered: "the entry is not what its hash was taken of",
  unlinked: "the entry does not carry the hash of the one before it",
  text_altered: "text about a person is not what the entry's digest was taken of",
  cut: "the entries from here on are not there, and the head counts them",
  beyond_head: "the head does not count the entries from here on",
  head_altered: "the head carries another hash than this last entry",
};

function describe(faults: AuditFault[]): string[] {
  return alignColumns([
    ["trail", "entry", "first fault"],
    ...faults.map(({ organizationId, seq, fault }) => [
      organizationId ?? "operators",
      String(seq),
      explained[fault],
    ]),
  ]);
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) {
    throw new InvalidArgumentError("1 to 99999.");
  }
  return Number(text);
}
