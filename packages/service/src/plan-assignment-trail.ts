import type { PlanAssignmentRow } from "@headroom/db/plan-assignments";
import type { Tx } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import type { SubscriptionFacts } from "@headroom/domain/subscriptions";
import { recordChange, type SystemActor } from "./changes.ts";

/** What becomes of an assignment. */
export type AssignmentAction = "scheduled" | "assigned" | "replaced" | "removed" | "ended" | "missed";

/** Leaves what became of an assignment in the audit trail, and tells that the organization's entitlements changed. */
export async function recordAssignment(
  tx: Tx,
  organizationId: string,
  actor: Actor | SystemActor,
  change: { action: AssignmentAction; from: SubscriptionFacts; data: Record<string, unknown> },
): Promise<void> {
  const data = { ...change.data, from: change.from.planId };
  const audit = {
    action: `plan_assignment.${change.action}` as const,
    target: encodeId("org", organizationId),
    data,
  };
  await recordChange(tx, { organizationId, actor, audit });
  await recordChange(tx, {
    organizationId,
    actor,
    events: [{ name: "entitlements.changed", payload: {} }],
  });
}

/** An assignment as its audit entries have it. */
export function auditOf({ planId, planVersion, startsAt, endsAt, reason }: PlanAssignmentRow) {
  const [start, until] = [iso(startsAt), endsAt === null ? null : iso(endsAt)];
  return { plan: planId, version: planVersion, start, until, reason };
}

/** ISO 8601 of milliseconds. */
export function iso(instant: number): string {
  return new Date(instant).toISOString();
}
