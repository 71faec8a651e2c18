import type { ImportOutcome } from "@headroom/domain/customer-imports";
import { importCustomers, needsLook, type StripeImport } from "@headroom/service/import/stripe-import";
import { readStripeMapping } from "@headroom/service/import/stripe-mapping";
import { compareWithStripe, type StripeComparison } from "@headroom/service/stripe-comparison";
import type { Command } from "commander";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import { resolveOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";

/** `stripe import` and `stripe compare`. */
export function addStripeImport(stripe: Command, shell: Shell): void {
  addImport(stripe, shell);
  addCompare(stripe, shell);
}

interface ImportOptions {
  mapping?: string[];
  dryRun?: boolean;
  json?: boolean;
}

function addImport(stripe: Command, { environment, terminal, finish }: Shell): void {
  stripe
    .command("import")
    .description(
      "link Stripe's customers to organizations, by mapping files, then by metadata (headroom_organization), never by e-mail; exit code 1 when somebody has to look at one",
    )
    .option(
      "--mapping <file>",
      "which customer is whose, and which price stands for what: docs/import.md; can be given again",
      (file: string, files: string[] = []) => [...files, file],
    )
    .option("--dry-run", "say what would be linked, and write nothing")
    .option("--json", "print {dryRun, prices, customers, counts, others}")
    .action(async ({ mapping: files = [], dryRun = false, json = false }: ImportOptions) => {
      const mapping = await readStripeMapping(files);
      const operator = operatorOf(environment);
      const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "linking customers", (onProgress) =>
          importCustomers(context, { mapping, dryRun, operator, onProgress }),
        ),
      );
      printResult(terminal, json, result, describeImport(result));
      finish(needsLook(result) ? 1 : 0);
    });
}

const outcomes: Record<ImportOutcome, string> = {
  linked: "linked",
  already_linked: "already linked",
  unknown_price: "linked; unknown price",
  several_subscriptions: "linked; several live subscriptions",
  unknown_organization: "unknown organization",
  customer_of_two_organizations: "customer of two organizations",
  organization_with_two_customers: "organization with two customers",
  deleted_customer: "deleted customer",
  no_organization: "pays for a plan, and nothing names its organization",
};

function describeImport({ dryRun, prices, customers, counts, others }: StripeImport): string[] {
  const rows = customers.map(({ customer, organization, outcome }) => [
    customer,
    organization ?? "-",
    outcomes[outcome],
  ]);
  const sums = Object.entries(counts).map(
    ([outcome, many]) => `${many} ${outcomes[outcome as ImportOutcome]}`,
  );
  return [
    ...alignColumns(prices.map(({ price, change }) => [price, change])),
    ...alignColumns(rows),
    [...sums, `${others} others`].join(", ") + (dryRun ? "; nothing was written" : ""),
  ];
}

interface CompareOptions {
  organization?: string;
  json?: boolean;
}

function addCompare(stripe: Command, { environment, terminal, finish }: Shell): void {
  stripe
    .command("compare")
    .description(
      "tell, for every linked organization, what Headroom computes beside what Stripe says: plan, status, seats, overage of closed periods; exit code 1 when something differs or is unknown",
    )
    .option("--organization <name>", "only this one, by its id or slug")
    .option("--json", "print {live, compared, organizations, differences, unknown}")
    .action(async ({ organization, json = false }: CompareOptions) => {
      const variables = readVariables(environment);
      const organizationId =
        organization === undefined
          ? undefined
          : await withContext(variables, "hr_api", terminal, async (context) =>
              resolveOrganization(context, organization),
            );
      const found = await withContext(variables, "hr_worker", terminal, (context) =>
        withProgress(terminal, "comparing", (onProgress) =>
          compareWithStripe(context, { organizationId, onProgress }),
        ),
      );
      printResult(terminal, json, found, describeComparison(found));
      finish(found.differences + found.unknown === 0 ? 0 : 1);
    });
}

const results = {
  same: "",
  differs: "differs",
  unknown: "what others billed is not known: no price is mapped to the meter",
  billed_twice: "billed twice",
};

function describeComparison({
  live,
  compared,
  organizations,
  differences,
  unknown,
}: StripeComparison): string[] {
  const rows = organizations.flatMap(({ organizationId, findings, overage }) => [
    ...findings.map(({ what, headroom, stripe }) => [organizationId, what, headroom, stripe, "differs"]),
    ...overage.map(({ meter, periodStart, headroom, stripe, result }) => [
      organizationId,
      `overage of ${meter} since ${periodStart}`,
      String(headroom.amount),
      stripe === null ? "-" : String(stripe.amount),
      results[result],
    ]),
  ]);
  const heads = ["organization", "what", "Headroom", "Stripe", ""];
  return [
    ...(rows.length === 0 ? [] : alignColumns([heads, ...rows])),
    `${compared} compared, ${differences} differ, ${unknown} unknown; billing is ${live ? "live" : "not live"}`,
  ];
}
