import type { PlanAssignment } from "@headroom/domain/plan-assignments";
import { sql } from "kysely";
import type { Database } from "./client.ts";
import type { Tx } from "./tenancy.ts";

/** An assignment as it was made; it runs, or waits for its start. At most one of each stands. */
export interface PlanAssignmentRow extends PlanAssignment {
  state: "waiting" | "running";
  reason: string;
  /** The operator's name. */
  setBy: string;
  setAt: Date;
}

/** The one that runs before the one that waits. */
export async function listPlanAssignments(tx: Tx, organizationId: string): Promise<PlanAssignmentRow[]> {
  const rows = await tx
    .selectFrom("plan_assignment")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .orderBy("state")
    .execute();
  return rows.map((row) => ({
    state: row.state as PlanAssignmentRow["state"],
    planId: row.plan_id,
    planVersion: row.plan_version,
    startsAt: row.starts_at.getTime(),
    endsAt: row.ends_at?.getTime() ?? null,
    reason: row.reason,
    setBy: row.set_by,
    setAt: row.set_at,
  }));
}

/** Writes an assignment in place of the one in its state. The caller holds the organization's lock. */
export async function writePlanAssignment(
  tx: Tx,
  organizationId: string,
  row: PlanAssignmentRow,
): Promise<void> {
  const columns = {
    plan_id: row.planId,
    plan_version: row.planVersion,
    starts_at: new Date(row.startsAt),
    ends_at: row.endsAt === null ? null : new Date(row.endsAt),
    reason: row.reason,
    set_by: row.setBy,
    set_at: row.setAt,
  };
  await tx
    .insertInto("plan_assignment")
    .values({ organization_id: organizationId, state: row.state, ...columns })
    .onConflict((conflict) => conflict.columns(["organization_id", "state"]).doUpdateSet(columns))
    .execute();
}

/** The caller holds the organization's lock. */
export async function deletePlanAssignment(
  tx: Tx,
  organizationId: string,
  state: PlanAssignmentRow["state"],
): Promise<void> {
  await tx
    .deleteFrom("plan_assignment")
    .where("organization_id", "=", organizationId)
    .where("state", "=", state)
    .execute();
}

/** Where the month of an anchor begins that an instant is in. */
export async function startOfMonth(tx: Tx, anchor: Date, at: Date): Promise<Date> {
  const { rows } = await sql<{ start: Date }>`
    select period_start as start from month_of(${anchor}::timestamptz, ${at}::timestamptz)`.execute(tx);
  return (rows[0] as { start: Date }).start;
}

/**
 * Organizations with an assignment that is to start, is over, or was replaced by a subscription; in the order of their
 * ids, from after the given one. As hr_worker.
 */
export async function listOrganizationsWithDueAssignments(
  database: Database,
  { after, most }: { after: string | null; most: number },
): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    "select id from organizations_with_due_assignments($1, $2) as due (id)",
    [after, most],
  );
  return rows.map(({ id }) => id);
}
