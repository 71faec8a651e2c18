import { readClock } from "@headroom/db/clock";
import {
  deletePlanAssignment,
  listOrganizationsWithDueAssignments,
  listPlanAssignments,
  type PlanAssignmentRow,
} from "@headroom/db/plan-assignments";
import { readSubscription } from "@headroom/db/subscriptions";
import { lockOrganization, type Tx, withOrganization } from "@headroom/db/tenancy";
import { isLiveAtStripe } from "@headroom/domain/subscriptions";
import type { ServiceContext } from "./context.ts";
import { endAssignment, startAssignment } from "./plan-assignments.ts";

type Context = Pick<ServiceContext, "db" | "log">;

const organizationsAtOnce = 100;
const actor = { kind: "system", name: "assignments" } as const;

/**
 * Starts the assignments whose time has come and clears away those whose time is over: their limits have ended at that
 * instant already. One that is to start waits on while a subscription at Stripe runs. Safe beside itself and when it is
 * run again. Answers how many organizations it changed.
 * @param context `db` as hr_worker.
 */
export async function turnPlanAssignments(context: Context): Promise<number> {
  let turned = 0;
  for (let after: string | null = null; ; ) {
    const due: string[] = await listOrganizationsWithDueAssignments(context.db, {
      after,
      most: organizationsAtOnce,
    });
    for (const organizationId of due) {
      turned += (await turn(context, organizationId)) ? 1 : 0;
    }
    after = due.at(-1) ?? null;
    if (due.length < organizationsAtOnce) {
      return turned;
    }
  }
}

function turn({ db, log }: Context, organizationId: string): Promise<boolean> {
  return withOrganization(db, organizationId, async (tx) => {
    if ((await lockOrganization(tx, organizationId)) === null) {
      return false;
    }
    const now = await readClock(tx);
    let turned = false;
    for (const row of await listPlanAssignments(tx, organizationId)) {
      const outcome = await (row.state === "running"
        ? clear(tx, organizationId, row, now)
        : start(tx, organizationId, row, now));
      turned ||= outcome === "turned";
      if (outcome === "blocked") {
        log.warn({ organizationId, planId: row.planId }, "an assigned plan waits for a subscription to end");
      }
    }
    return turned;
  });
}

type Outcome = "turned" | "not_due" | "blocked";

async function clear(tx: Tx, organizationId: string, row: PlanAssignmentRow, now: Date): Promise<Outcome> {
  const { facts } = await readSubscription(tx, organizationId);
  const replaced = facts.source !== "operator";
  if (!replaced && (row.endsAt === null || now.getTime() < row.endsAt)) {
    return "not_due";
  }
  const at = replaced ? now : new Date(row.endsAt as number);
  const action = replaced ? "replaced" : "ended";
  await endAssignment(tx, organizationId, row, { actor, at, now, action });
  return "turned";
}

async function start(tx: Tx, organizationId: string, row: PlanAssignmentRow, now: Date): Promise<Outcome> {
  if (row.endsAt !== null && row.endsAt <= now.getTime()) {
    await endAssignment(tx, organizationId, row, { actor, at: now, now, action: "missed" });
    return "turned";
  }
  if (now.getTime() < row.startsAt) {
    return "not_due";
  }
  const { facts } = await readSubscription(tx, organizationId);
  if (isLiveAtStripe(facts)) {
    return "blocked";
  }
  await deletePlanAssignment(tx, organizationId, "waiting");
  await startAssignment(tx, organizationId, row, { actor, now });
  return "turned";
}
