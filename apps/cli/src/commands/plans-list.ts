import { type CatalogueVersion, listCatalogue } from "@headroom/service/plan-catalogue";
import type { Command } from "commander";
import { withContext } from "../context.ts";
import { readVariables } from "../environment.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult } from "../terminal.ts";

/** `plans list`. */
export function addPlansList(plans: Command, { environment, terminal }: Shell): void {
  plans
    .command("list")
    .description("list every version of every plan, who is on it, and what Stripe calls its prices")
    .option("--json", "print {plans}")
    .action(async ({ json = false }: { json?: boolean }) => {
      const result = await withContext(readVariables(environment), "hr_worker", terminal, listCatalogue);
      printResult(terminal, json, result, describe(result.plans));
    });
}

function describe(plans: readonly CatalogueVersion[]): string[] {
  return alignColumns(
    plans.flatMap(({ id, version, prices, ...plan }) => [
      [`${id} v${version}`, statusOf(plan), subscribersOf(plan)],
      ...prices.map(({ lookupKey, unitAmount, currency, interval, stripePriceId, archived }) => [
        `  ${lookupKey}`,
        `${unitAmount} ${currency} a ${interval}`,
        `${stripePriceId ?? "not at Stripe"}${archived ? ", archived" : ""}`,
      ]),
    ]),
  );
}

function statusOf({
  current,
  active,
  public: listed,
}: Pick<CatalogueVersion, "current" | "active" | "public">): string {
  if (!current) {
    return "old";
  }
  return active ? (listed ? "sold" : "private") : "withdrawn";
}

function subscribersOf({ subscribers }: Pick<CatalogueVersion, "subscribers">): string {
  const { base, subscribed, assigned } = subscribers;
  return `${subscribed} subscribed, ${assigned} assigned, base plan of ${base}`;
}
