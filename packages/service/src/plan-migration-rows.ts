import { readClock } from "@headroom/db/clock";
import { listPlanAssignments, writePlanAssignment } from "@headroom/db/plan-assignments";
import { readSubscription, writeBasePlan, writeSubscription } from "@headroom/db/subscriptions";
import { lockOrganization, type Tx, withOrganization } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import type { MigrationPlan, MigrationStep } from "./plan-migration-terms.ts";

/** Moves what Stripe has no part in: the base plan, and what operators assigned. Nothing of it is paid: at once. */
export async function moveInDatabase(
  { db }: Pick<ServiceContext, "db">,
  organizationId: string,
  plan: MigrationPlan,
): Promise<MigrationStep[]> {
  return withOrganization(db, organizationId, async (tx) => {
    if ((await lockOrganization(tx, organizationId)) === null) {
      return [];
    }
    return [
      ...(await moveBase(tx, organizationId, plan)),
      ...(await moveAssignments(tx, organizationId, plan)),
    ];
  });
}

async function moveBase(tx: Tx, organizationId: string, plan: MigrationPlan): Promise<MigrationStep[]> {
  const { base } = await readSubscription(tx, organizationId);
  const from = base.planVersion;
  if (base.planId !== plan.planId || !plan.from.includes(from)) {
    return [];
  }
  if (!plan.dryRun) {
    const target = { planId: plan.planId, planVersion: plan.to };
    await writeBasePlan(tx, organizationId, target, await readClock(tx));
    await recordMove(tx, organizationId, plan, { kind: "base", from });
  }
  return [{ kind: "base", from, outcome: "moved", reason: null }];
}

async function moveAssignments(
  tx: Tx,
  organizationId: string,
  plan: MigrationPlan,
): Promise<MigrationStep[]> {
  const { facts } = await readSubscription(tx, organizationId);
  const steps: MigrationStep[] = [];
  for (const row of await listPlanAssignments(tx, organizationId)) {
    const from = row.planVersion;
    if (row.planId !== plan.planId || !plan.from.includes(from)) {
      continue;
    }
    if (!plan.dryRun) {
      if (row.state === "running" && facts.source === "operator") {
        const next = { ...facts, planVersion: plan.to };
        await writeSubscription(tx, organizationId, next, { periodStart: null, now: await readClock(tx) });
      }
      await writePlanAssignment(tx, organizationId, { ...row, planVersion: plan.to });
      await recordMove(tx, organizationId, plan, { kind: "assigned", from });
    }
    steps.push({ kind: "assigned", from, outcome: "moved", reason: null });
  }
  return steps;
}

/** Says in the organization's trail who moved it, and from where. The caller holds its lock. */
export async function recordMove(
  tx: Tx,
  organizationId: string,
  { planId, to, at, operator }: MigrationPlan,
  { kind, from }: Pick<MigrationStep, "kind" | "from">,
): Promise<void> {
  const data = { plan: planId, kind, from, to, ...(kind === "subscription" ? { at } : {}) };
  const target = encodeId("org", organizationId);
  await recordChange(tx, {
    organizationId,
    actor: operator,
    audit: { action: "plan.migrated", target, data },
    events: [{ name: "entitlements.changed", payload: {} }],
  });
}
