import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** A version of a plan as lists have it. */
export interface VersionRow {
  id: string;
  version: number;
  displayName: string;
  current: boolean;
  active: boolean;
  public: boolean;
  default: boolean;
}

/** Every version of every plan, in the catalogue's order, the newest version first. */
export async function listAllVersions(tx: Tx): Promise<VersionRow[]> {
  return tx
    .selectFrom("plan")
    .innerJoin("plan as now", (join) => join.onRef("now.id", "=", "plan.id").on("now.is_current", "=", true))
    .select([
      "plan.id",
      "plan.version",
      "plan.display_name as displayName",
      "plan.is_current as current",
      "plan.active",
      "plan.is_public as public",
      "plan.is_default as default",
    ])
    .orderBy("now.position")
    .orderBy("plan.id")
    .orderBy("plan.version", "desc")
    .execute();
}

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
