import { type FileImport, importFile } from "@headroom/service/import/file-import";
import type { Tally } from "@headroom/service/import/newcomers";
import type { Command } from "commander";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";

interface ImportOptions {
  dryRun?: boolean;
  skipBad?: boolean;
  json?: boolean;
}

export function addImport(program: Command, { environment, terminal, finish }: Shell): void {
  program
    .command("import")
    .description(
      "take in users, organizations, members, invites and opening usage; what is there stays as it is; exit code 1 when a line cannot be imported",
    )
    .argument("<file>", "one JSON object a line, each with its kind: docs/import.md")
    .option("--dry-run", "look at every line, and write nothing")
    .option("--skip-bad", "import the others although some lines cannot be; by default one keeps all out")
    .option(
      "--json",
      "print {dryRun, lines, faults, imported, users, organizations, members, invites, usage, overLimit}",
    )
    .action(async (file: string, { dryRun = false, skipBad = false, json = false }: ImportOptions) => {
      const operator = operatorOf(environment);
      const result = await withContext(readVariables(environment), "hr_api", terminal, (context) =>
        withProgress(terminal, "importing", (onProgress) => {
          const configured = context.configuration.issuers.map(({ issuer }) => issuer);
          const named = environment.OIDC_ISSUER ? [environment.OIDC_ISSUER] : [];
          const issuers = new Set([...configured, ...named]);
          return importFile(context, { file, dryRun, skipBad, operator, issuers, onProgress });
        }),
      );
      printResult(terminal, json, result, describe(result));
      finish(result.faults.length === 0 ? 0 : 1);
    });
}

function describe(result: FileImport): string[] {
  const { dryRun, imported, faults, overLimit } = result;
  const kinds = ["users", "organizations", "members", "invites", "usage"] as const;
  const refused = !imported && faults.length > 0;
  return [
    ...faults.map(({ line, message }) => `line ${line}: ${message}`),
    ...overLimit.map(
      ({ organizationId, externalId, members, limit }) =>
        `${organizationId} (${externalId}) has ${members} members on ${limit} seats: they stay, nobody can be added`,
    ),
    ...(refused && !dryRun
      ? ["Nothing was imported: correct the lines, or leave them out with --skip-bad."]
      : alignColumns(kinds.map((kind) => [kind, words(result[kind], dryRun)]))),
  ];
}

function words({ created, existing }: Tally, dryRun: boolean): string {
  return `${created} ${dryRun ? "would be new" : "new"}, ${existing} there already`;
}
