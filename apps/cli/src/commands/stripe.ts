import {
  noteReconciliation,
  type OverageDifference,
  type Reconciliation,
  reconcileOverage,
  type WrittenOffOverage,
} from "@headroom/service/overage-reconciliation";
import type { Command } from "commander";
import { parseTime } from "../arguments.ts";
import { withContext } from "../context.ts";
import { readVariables } from "../environment.ts";
import { resolveOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";
import { addStripeEvents } from "./stripe-events.ts";
import { addStripeImport } from "./stripe-import.ts";

export function addStripe(program: Command, shell: Shell): void {
  const stripe = program.command("stripe").description("what Stripe says, and what has become of it");
  addStripeEvents(stripe, shell);
  addReconcile(stripe, shell);
  addStripeImport(stripe, shell);
}

interface ReconcileOptions {
  organization?: string;
  since?: string;
  repair?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

function addReconcile(stripe: Command, { environment, terminal, finish }: Shell): void {
  stripe
    .command("reconcile")
    .description(
      "compare, for every closed period, the recount of its events, its total, the ledger and Stripe's invoice lines; exit code 1 when something differs",
    )
    .option("--organization <name>", "only this one, by its id or slug")
    .option("--since <time>", "only periods that ended at or after it", parseTime)
    .option("--repair", "send what lacks and amend what differs; the rest is for people")
    .option("--dry-run", "with --repair: say what would be repaired, and repair nothing")
    .option("--json", "print {organizations, periods, rows, differences, repaired, writtenOff}")
    .action(async ({ organization, since, repair, dryRun, json = false }: ReconcileOptions) => {
      const variables = readVariables(environment);
      const organizationId =
        organization === undefined
          ? undefined
          : await withContext(variables, "hr_api", terminal, async (context) =>
              resolveOrganization(context, organization),
            );
      const found = await withContext(variables, "hr_worker", terminal, (context) =>
        withProgress(terminal, "comparing", async (onProgress) => {
          const result = await reconcileOverage(context, {
            organizationId,
            since: since === undefined ? undefined : new Date(since),
            repair: repair ?? false,
            dryRun: dryRun ?? false,
            onProgress,
          });
          if (organizationId === undefined && since === undefined) {
            await noteReconciliation(context, result);
          }
          return result;
        }),
      );
      printResult(terminal, json, found, describe(found, dryRun ?? false));
      finish(found.differences.length === 0 ? 0 : 1);
    });
}

const kinds: Record<OverageDifference["kind"], string> = {
  total_differs: "total is not the recount",
  ledger_differs: "ledger is not the bill",
  not_sent: "not sent",
  line_missing: "no line at Stripe",
  line_differs: "line says something else",
  line_void: "line is on a void invoice",
  line_twice: "line stands twice",
  line_unknown: "line that is not in the ledger",
  meter_differs: "Stripe's billing meter, or its invoice, lacks units that were told to it",
};

function describe(found: Reconciliation, dryRun: boolean): string[] {
  const { organizations, periods, rows, differences, repaired, writtenOff } = found;
  return [
    ...table(differences),
    ...(repaired.length === 0
      ? []
      : [`${repaired.length} ${dryRun ? "would be repaired" : "repaired"}:`, ...table(repaired)]),
    ...(writtenOff.length === 0
      ? []
      : ["written off, because the customer was deleted at Stripe:", ...lost(writtenOff)]),
    `${count(organizations, "organization")}, ${count(periods, "closed period")} and ${count(rows, "ledger row")} compared, ${count(differences.length, "difference")}`,
  ];
}

function lost(rows: readonly WrittenOffOverage[]): string[] {
  const heads = ["organization", "meter", "period", "units", "amount", "overage"];
  return alignColumns([
    heads,
    ...rows.map(({ organizationId, meter, periodStart, quantity, amount, currency, overageId }) => [
      organizationId,
      meter,
      periodStart,
      String(quantity),
      `${amount} ${currency}`,
      overageId,
    ]),
  ]);
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? "" : "s"}`;
}

function table(differences: OverageDifference[]): string[] {
  const rows = differences.map((one) => [
    one.organizationId,
    kinds[one.kind],
    one.meter ?? "-",
    one.periodStart ?? "-",
    one.kept ?? "nothing",
    one.found ?? "nothing",
    one.invoiceId ?? "-",
    one.overageId ?? "-",
  ]);
  const heads = ["organization", "what", "meter", "period", "kept", "found", "invoice", "overage"];
  return rows.length === 0 ? [] : alignColumns([heads, ...rows]);
}
