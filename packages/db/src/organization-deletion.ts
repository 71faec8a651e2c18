import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** Marks an organization deleted: from the commit on it is gone for every caller. Its slug stays taken. */
export async function markDeleted(
  tx: Tx,
  organizationId: string,
  { at, purgeAt }: { at: Date; purgeAt: Date },
): Promise<void> {
  await tx
    .updateTable("organization")
    .set({ deleted_at: at, purge_at: purgeAt, updated_at: at })
    .where("id", "=", organizationId)
    .execute();
}

/** Forgets the active organization of all members who have it as theirs. */
export async function clearActiveOrganizations(tx: Tx, organizationId: string): Promise<void> {
  await tx
    .updateTable("account")
    .set({ active_organization_id: null })
    .where("active_organization_id", "=", organizationId)
    .where("id", "in", (eb) =>
      eb.selectFrom("membership").select("user_id").where("organization_id", "=", organizationId),
    )
    .execute();
}

/** Revokes every key of an organization. Answers how many. */
export async function revokeAllKeys(tx: Tx, organizationId: string, at: Date): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable("api_key")
    .set({ revoked_at: at })
    .where("organization_id", "=", organizationId)
    .where("revoked_at", "is", null)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

/** Revokes the open invites of an organization, and lets no link of it open anything any more. Answers how many. */
export async function endAllInvites(tx: Tx, organizationId: string, at: Date): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable("invite")
    .set({ status: "revoked", updated_at: at })
    .where("organization_id", "=", organizationId)
    .where("status", "=", "pending")
    .executeTakeFirstOrThrow();
  await tx.deleteFrom("invite_token").where("organization_id", "=", organizationId).execute();
  return Number(numUpdatedRows);
}

/** Ends the running period of every meter, under the terms that it ran under. The caller holds the organization's lock. */
export async function endRunningPeriods(tx: Tx, organizationId: string, at: Date): Promise<void> {
  await sql`select start_period(${organizationId}, ${at})`.execute(tx);
}

/** Deleted organizations whose time is up and whose money is settled. */
export async function listPurgeable(tx: Tx, most: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select organization_id as id from purgeable_organizations(${most})`.execute(tx);
  return rows.map((row) => row.id);
}

/** Deletes everything that an organization has; false while more than `most` events are left for another call. */
export async function purgeOrganization(tx: Tx, organizationId: string, most: number): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select purge_organization(${organizationId}, ${most}) as done`.execute(tx);
  return rows[0]?.done ?? true;
}
