import { describeChange } from "@headroom/domain/plan-differences";
import { type PlanPull, pullPlans, type UnknownPlan } from "@headroom/service/plan-pull";
import type { Command } from "commander";
import { withContext } from "../context.ts";
import { readVariables } from "../environment.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";

/** `plans pull`. */
export function addPlansPull(plans: Command, { environment, terminal, finish }: Shell): void {
  plans
    .command("pull")
    .description(
      "compare Stripe's products and prices with the catalogue, and print as configuration what only Stripe has; " +
        "changes nothing at Stripe; exit code 1 when a price differs",
    )
    .option("--write-links", "write down what Stripe calls the prices that it has as we do")
    .option("--json", "print {writeLinks, prices, unknown}")
    .action(async ({ writeLinks = false, json = false }: { writeLinks?: boolean; json?: boolean }) => {
      const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "asking Stripe", () => pullPlans(context, { writeLinks })),
      );
      printResult(terminal, json, { writeLinks, ...result }, describe(result));
      finish(result.prices.some(({ state }) => state === "differs") ? 1 : 0);
    });
}

function describe({ prices, unknown }: PlanPull): string[] {
  const heads = alignColumns(
    prices.map(({ lookupKey, state, stripePriceId, archived }) => [
      lookupKey,
      state,
      `${stripePriceId ?? ""}${archived ? " archived" : ""}`,
    ]),
  );
  return [
    ...prices.flatMap(({ fields }, at) => [
      heads[at] ?? "",
      ...fields.map((field) => `  ${describeChange(field)}`),
    ]),
    ...unknown.flatMap(asConfiguration),
  ];
}

/** What a plan of Stripe's would be in `headroom.config.ts`: its prices; seats and meters are for a person to say. */
function asConfiguration({ id, displayName, stripeProductId, prices }: UnknownPlan): string[] {
  return [
    `// ${stripeProductId}, not in the catalogue: ${prices.map((price) => price.stripePriceId).join(", ")}`,
    `${JSON.stringify(id)}: {`,
    `  displayName: ${JSON.stringify(displayName)},`,
    "  prices: [",
    ...prices.map(
      ({ interval, currency, unitAmount }) =>
        `    { interval: "${interval}", currency: "${currency}", unitAmount: "${unitAmount}" },`,
    ),
    "  ],",
    "},",
  ];
}
