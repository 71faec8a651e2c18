import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** Every version of a plan, the oldest first. */
export async function listVersions(tx: Tx, planId: string): Promise<number[]> {
  const rows = await tx
    .selectFrom("plan")
    .select("version")
    .where("id", "=", planId)
    .orderBy("version")
    .execute();
  return rows.map(({ version }) => version);
}

/**
 * Living organizations that are on one of these versions, in whatever way; in the order of their ids, from after the
 * given one. As hr_worker.
 */
export async function listOrganizationsOnPlan(
  tx: Tx,
  plan: { id: string; versions: readonly number[] },
  { after, most }: { after: string | null; most: number },
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from organizations_on_plan(${plan.id}, ${[...plan.versions]}, ${after}, ${most}) as one (id)`.execute(
    tx,
  );
  return rows.map(({ id }) => id);
}
