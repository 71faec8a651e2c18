import { listPricesOf, listVersionUses } from "@headroom/db/plan-prices";
import { listOrganizationsOnPlan, listVersions } from "@headroom/db/plan-versions";
import { findPlan } from "@headroom/db/plans";
import { type Tx, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";
import { recordOperatorAct } from "./operator-acts.ts";
import { moveInDatabase } from "./plan-migration-rows.ts";
import { moveSubscription } from "./plan-migration-steps.ts";
import type { MigrationPlan, MigrationStep } from "./plan-migration-terms.ts";
import type { Report } from "./stripe/catalogue-push.ts";
import { paced } from "./stripe/pace.ts";
import { notLive } from "./stripe/read-only.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log" | "configuration">;

export interface MigrationInput {
  planId: string;
  /** Default: every version before the one moved to. */
  from?: number | undefined;
  /** Default: the current version. */
  to?: number | undefined;
  /** Only this one, a raw id. */
  organizationId?: string | undefined;
  /** When what is paid for changes: at once with the plan's proration, or with the end of the paid period. */
  at: "now" | "period_end";
  dryRun: boolean;
  operator: Actor;
  report?: Report;
}

export interface MigratedOrganization extends MigrationStep {
  organizationId: string;
}

export interface PlanMigration {
  planId: string;
  from: number[];
  to: number;
  /** One line for each way in which an organization is on the plan. */
  organizations: MigratedOrganization[];
}

const organizationsAtOnce = 100;
const requestsPerSecond = 5;

/**
 * Moves organizations from older versions of a plan to another: subscriptions at Stripe, one customer at a time under
 * their lease; base plans and what operators assigned in the database, at once. Killed half way, the next run goes on
 * with those that are left.
 * @param context `db` as hr_worker. @throws DomainError plan_not_found, validation_failed,
 *   billing_not_configured while billing is not live
 */
export async function migratePlan(context: Context, input: MigrationInput): Promise<PlanMigration> {
  const { db } = context;
  const { report = () => undefined } = input;
  if (context.stripe?.readOnly && !input.dryRun) {
    throw notLive();
  }
  const { plan, total } = await withSystem(db, (tx) => prepare(tx, context.configuration, input));
  const stripe = context.stripe && paced(context.stripe, requestsPerSecond);
  const organizations: MigratedOrganization[] = [];
  let done = 0;
  for await (const organizationId of organizationsOn(context, plan, input.organizationId)) {
    const steps = await moveInDatabase(context, organizationId, plan);
    const subscription = await moveSubscription({ ...context, stripe }, organizationId, plan);
    const id = encodeId("org", organizationId);
    for (const step of [...steps, ...(subscription === null ? [] : [subscription])]) {
      organizations.push({ organizationId: id, ...step });
    }
    report(Math.min(++done, total), total);
  }
  return { planId: plan.planId, from: [...plan.from], to: plan.to, organizations };
}

async function prepare(
  tx: Tx,
  { policies }: Context["configuration"],
  input: MigrationInput,
): Promise<{ plan: MigrationPlan; total: number }> {
  const { planId, at, dryRun, operator } = input;
  const target = await findPlan(tx, planId, input.to);
  const versions = await listVersions(tx, planId);
  const missing = input.from !== undefined && !versions.includes(input.from);
  if (target === null || missing) {
    throw new DomainError("plan_not_found", "There is no such version of the plan.", { planId });
  }
  const to = target.version;
  const from = versions.filter((version) =>
    input.from === undefined ? version < to : version === input.from && version !== to,
  );
  const uses = await listVersionUses(tx);
  const used = uses.filter((use) => use.planId === planId && from.includes(use.planVersion));
  const total = used.reduce((sum, { base, subscribed, assigned }) => sum + base + subscribed + assigned, 0);
  if (!dryRun && total > 0) {
    const data = { from, to, at, organization: input.organizationId ?? null };
    await recordOperatorAct(tx, operator, { action: "plans.migrated", target: planId, data });
  }
  const { proration } = target.definition;
  const byMeter = policies.overage.sink === "meter";
  const prices = await listPricesOf(tx, planId, to);
  return {
    plan: { planId, from, to, at, proration, byMeter, prices, run: uuidv7(), dryRun, operator },
    total: input.organizationId === undefined ? total : 1,
  };
}

async function* organizationsOn(
  { db }: Context,
  { planId, from }: MigrationPlan,
  only: string | undefined,
): AsyncGenerator<string> {
  if (only !== undefined) {
    yield only;
    return;
  }
  for (let after: string | null = null; ; ) {
    const page = { after, most: organizationsAtOnce };
    const plan = { id: planId, versions: from };
    const found: string[] = await withSystem(db, (tx) => listOrganizationsOnPlan(tx, plan, page));
    yield* found;
    after = found.at(-1) ?? null;
    if (found.length < organizationsAtOnce) {
      return;
    }
  }
}
