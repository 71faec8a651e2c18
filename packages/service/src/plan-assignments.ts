import { readClock } from "@headroom/db/clock";
import {
  deletePlanAssignment,
  listPlanAssignments,
  type PlanAssignmentRow,
  startOfMonth,
  writePlanAssignment,
} from "@headroom/db/plan-assignments";
import { findPlan } from "@headroom/db/plans";
import { readSubscription, writeSubscription } from "@headroom/db/subscriptions";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { assertOverrideReason } from "@headroom/domain/overrides";
import {
  assertAssignable,
  assertAssignmentTimes,
  assignedFacts,
  isAssigned,
  unassignedFacts,
} from "@headroom/domain/plan-assignments";
import type { SubscriptionFacts } from "@headroom/domain/subscriptions";
import { type Access, withLockedOrganization } from "./access.ts";
import { actorIdOf, type SystemActor } from "./changes.ts";
import { withdrawCheckout } from "./checkout.ts";
import type { ServiceContext } from "./context.ts";
import { auditOf, iso, recordAssignment } from "./plan-assignment-trail.ts";

type Context = Pick<ServiceContext, "db" | "configuration">;

export interface AssignmentView {
  state: "waiting" | "running";
  planId: string;
  planVersion: number;
  start: string;
  /** null: until it is removed. */
  until: string | null;
  reason: string;
  /** The operator's name. */
  setBy: string;
  setAt: string;
}

export interface AssignmentInput {
  planId: string;
  /** Default: the current one. */
  version?: number | undefined;
  /** ISO 8601; default now, or the start of the assignment that runs. */
  start?: string | undefined;
  /** ISO 8601; default: until it is removed. */
  until?: string | undefined;
  /** 1 to 500 characters. */
  reason: string;
  /** Nothing is written. */
  dryRun?: boolean;
}

export interface AssignmentOutcome {
  changed: boolean;
  /** What stood before, the one that runs before the one that waits. */
  previous: AssignmentView[];
  /** What stands now, or would. */
  assignments: AssignmentView[];
}

/** What operators have assigned to an organization. */
export async function readPlanAssignments(
  context: Pick<ServiceContext, "db">,
  { organizationId }: Access,
): Promise<{ assignments: AssignmentView[] }> {
  return withOrganization(context.db, organizationId, async (tx) => ({
    assignments: (await listPlanAssignments(tx, organizationId)).map(toView),
  }));
}

/**
 * Gives an organization a version of a plan, a private one too, without Stripe: at once, or from a time to come. A
 * running one that is assigned anew goes on counting its months, unless a start is given.
 * @throws DomainError plan_not_found, active_subscription (409) while a subscription at Stripe is live,
 *   validation_failed for a reason or times that do not fit
 */
export async function assignPlan(
  context: Context,
  access: Access,
  input: AssignmentInput,
): Promise<AssignmentOutcome> {
  assertOverrideReason(input.reason);
  return withLockedOrganization(context, access, async (tx, _organization, { organizationId, actor }) => {
    const now = await readClock(tx);
    const { facts } = await readSubscription(tx, organizationId);
    const standing = await listPlanAssignments(tx, organizationId);
    const wanted = await wantedRow(tx, { input, facts, actor, now });
    assertAssignmentTimes(wanted, now.getTime());
    assertAssignable(facts, wanted.startsAt);
    const before = standing.find(({ state }) => state === wanted.state);
    const previous = standing.map(toView);
    if (before !== undefined && isSame(before, wanted)) {
      return { changed: false, previous, assignments: previous };
    }
    if (input.dryRun !== true) {
      await (wanted.state === "waiting"
        ? schedule(tx, organizationId, wanted, actor)
        : startAssignment(tx, organizationId, wanted, { actor, now }));
    }
    const others = standing.filter(({ state }) => state !== wanted.state);
    const assignments = [...others, wanted].sort((a, b) => (a.state < b.state ? -1 : 1)).map(toView);
    return { changed: true, previous, assignments };
  });
}

/**
 * Takes back what was assigned, also what only waits: the base plan holds again, at once.
 * @throws DomainError resource_not_found where nothing was assigned
 */
export async function removePlanAssignment(
  context: Context,
  access: Access,
  { reason, dryRun = false }: { reason: string; dryRun?: boolean },
): Promise<AssignmentOutcome> {
  assertOverrideReason(reason);
  return withLockedOrganization(context, access, async (tx, _organization, { organizationId, actor }) => {
    const now = await readClock(tx);
    const standing = await listPlanAssignments(tx, organizationId);
    if (standing.length === 0) {
      throw new DomainError("resource_not_found", "No plan is assigned.");
    }
    for (const row of dryRun ? [] : standing) {
      await endAssignment(tx, organizationId, row, { actor, at: now, now, action: "removed", reason });
    }
    return { changed: true, previous: standing.map(toView), assignments: [] };
  });
}

/** Makes an assignment what the organization has, and lets nobody pay for another plan. The caller holds its lock. */
export async function startAssignment(
  tx: Tx,
  organizationId: string,
  wanted: PlanAssignmentRow,
  { actor, now }: { actor: Actor | SystemActor; now: Date },
): Promise<void> {
  const { facts } = await readSubscription(tx, organizationId);
  const goesOn = isAssigned(facts, now.getTime()) && facts.anchor === wanted.startsAt;
  const month = await startOfMonth(tx, new Date(wanted.startsAt), now);
  const next = assignedFacts(facts, wanted);
  await writeSubscription(tx, organizationId, next, { periodStart: goesOn ? null : month.getTime(), now });
  await writePlanAssignment(tx, organizationId, { ...wanted, state: "running" });
  await withdrawCheckout(tx, organizationId);
  await recordAssignment(tx, organizationId, actor, {
    action: "assigned",
    from: facts,
    data: auditOf(wanted),
  });
}

interface Ending {
  actor: Actor | SystemActor;
  /** When it ended. */
  at: Date;
  now: Date;
  action: "removed" | "ended" | "missed" | "replaced";
  reason?: string;
}

/** Ends what an assignment gave, or would have given. The caller holds the organization's lock. */
export async function endAssignment(
  tx: Tx,
  organizationId: string,
  row: PlanAssignmentRow,
  { actor, at, now, action, reason }: Ending,
): Promise<void> {
  const { facts } = await readSubscription(tx, organizationId);
  if (row.state === "running" && facts.source === "operator") {
    await writeSubscription(tx, organizationId, unassignedFacts(facts), { periodStart: at.getTime(), now });
  }
  await deletePlanAssignment(tx, organizationId, row.state);
  const data = { plan: row.planId, version: row.planVersion, ...(reason === undefined ? {} : { reason }) };
  await recordAssignment(tx, organizationId, actor, { action, from: facts, data });
}

async function schedule(
  tx: Tx,
  organizationId: string,
  wanted: PlanAssignmentRow,
  actor: Actor,
): Promise<void> {
  await writePlanAssignment(tx, organizationId, wanted);
  const { facts } = await readSubscription(tx, organizationId);
  const data = auditOf(wanted);
  await recordAssignment(tx, organizationId, actor, { action: "scheduled", from: facts, data });
}

async function wantedRow(
  tx: Tx,
  { input, facts, actor, now }: { input: AssignmentInput; facts: SubscriptionFacts; actor: Actor; now: Date },
): Promise<PlanAssignmentRow> {
  const { planId, version, start, until, reason } = input;
  const plan = await findPlan(tx, planId, version);
  if (plan === null) {
    throw new DomainError("plan_not_found", "There is no such plan.", { planId });
  }
  const anchor = isAssigned(facts, now.getTime()) ? facts.anchor : null;
  const startsAt = start === undefined ? (anchor ?? now.getTime()) : Date.parse(start);
  return {
    state: startsAt > now.getTime() ? "waiting" : "running",
    planId,
    planVersion: plan.version,
    startsAt,
    endsAt: until === undefined ? null : Date.parse(until),
    reason,
    setBy: actorIdOf(actor),
    setAt: now,
  };
}

function isSame(a: PlanAssignmentRow, b: PlanAssignmentRow): boolean {
  const names = ["state", "planId", "planVersion", "startsAt", "endsAt", "reason"] as const;
  return names.every((name) => a[name] === b[name]);
}

function toView({ startsAt, endsAt, setAt, ...row }: PlanAssignmentRow): AssignmentView {
  const until = endsAt === null ? null : iso(endsAt);
  return { ...row, start: iso(startsAt), until, setAt: setAt.toISOString() };
}
