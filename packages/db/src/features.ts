import type { Role } from "@headroom/domain/permissions";
import { type Kysely, type Selectable, sql } from "kysely";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

/**
 * The values of a feature that a user holds now: of the plan in force in each organization where they have one of the
 * roles, and `true` for a standing grant.
 */
export async function listHeldFeatures(
  tx: Tx,
  userId: string,
  roles: readonly Role[],
  feature: string,
): Promise<unknown[]> {
  const { rows } = await sql<{ value: unknown }>`
    select value from held_features(${userId}, ${[...roles]}::text[], ${feature})`.execute(tx);
  return rows.map((row) => row.value);
}

export interface NewGrant {
  id: string;
  accountId: string;
  feature: string;
  reason: string;
  grantedBy: string;
  at: Date;
  expiresAt: Date | null;
}

/** Gives a user a feature; a grant of it that stands is to be ended first. */
export async function insertGrant(tx: Tx, grant: NewGrant): Promise<void> {
  await tx
    .insertInto("account_grant")
    .values({
      id: grant.id,
      account_id: grant.accountId,
      feature: grant.feature,
      reason: grant.reason,
      granted_by: grant.grantedBy,
      granted_at: grant.at,
      expires_at: grant.expiresAt,
    })
    .execute();
}

/** Ends a user's grant of a feature; false when none stands. */
export async function endGrant(
  tx: Tx,
  grant: { accountId: string; feature: string; by: string; at: Date },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("account_grant")
    .set({ revoked_by: grant.by, revoked_at: grant.at })
    .where("account_id", "=", grant.accountId)
    .where("feature", "=", grant.feature)
    .where("revoked_at", "is", null)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export type GrantRow = Selectable<DB["account_grant"]>;

/** Every feature that a user was given, also what has ended, oldest first. As hr_worker. */
export async function listGrantsOf(db: Kysely<DB>, accountId: string): Promise<GrantRow[]> {
  return db
    .selectFrom("account_grant")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("id")
    .execute();
}

/** Forgets why a user was given features: what operators wrote about a person. As hr_worker. */
export async function eraseGrantReasons(tx: Tx, accountId: string): Promise<void> {
  await tx
    .updateTable("account_grant")
    .set({ reason: "" })
    .where("account_id", "=", accountId)
    .where("reason", "!=", "")
    .execute();
}
