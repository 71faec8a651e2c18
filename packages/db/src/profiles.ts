import type { ProfileAllowance, ProfileOffer } from "@headroom/domain/profiles";
import { type Insertable, type Selectable, sql, type Updateable } from "kysely";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

export type ProfileRow = Selectable<DB["profile"]>;

export async function insertProfile(tx: Tx, row: Insertable<DB["profile"]>): Promise<ProfileRow> {
  return tx.insertInto("profile").values(row).returningAll().executeTakeFirstOrThrow();
}

export async function findProfile(
  tx: Tx,
  organizationId: string,
  profileId: string,
): Promise<ProfileRow | null> {
  const row = await tx
    .selectFrom("profile")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("id", "=", profileId)
    .executeTakeFirst();
  return row ?? null;
}

/** Profiles, oldest first, after an id. Of one user, of nobody (null), or of everybody (undefined). */
export async function listProfiles(
  tx: Tx,
  organizationId: string,
  page: { userId: string | null | undefined; after: string | null; limit: number },
): Promise<ProfileRow[]> {
  const { userId = null } = page;
  return (
    tx
      .selectFrom("profile")
      .selectAll()
      .where("organization_id", "=", organizationId)
      .$if(page.userId !== undefined, (query) =>
        userId === null ? query.where("user_id", "is", null) : query.where("user_id", "=", userId),
      )
      .$if(page.after !== null, (query) => query.where("id", ">", page.after))
      // PostgreSQL takes `is null` for no constant: only this order is then the index's own.
      .$if(page.userId === null, (query) => query.orderBy("user_id"))
      .orderBy("id")
      .limit(page.limit)
      .execute()
  );
}

export async function updateProfile(
  tx: Tx,
  organizationId: string,
  profileId: string,
  changes: Updateable<DB["profile"]>,
): Promise<ProfileRow> {
  return tx
    .updateTable("profile")
    .set(changes)
    .where("organization_id", "=", organizationId)
    .where("id", "=", profileId)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function deleteProfile(tx: Tx, organizationId: string, profileId: string): Promise<void> {
  await tx
    .deleteFrom("profile")
    .where("organization_id", "=", organizationId)
    .where("id", "=", profileId)
    .execute();
}

/** Takes a member's profiles from them; the profiles' ids, oldest first. Before the membership ends. */
export async function orphanProfiles(
  tx: Tx,
  organizationId: string,
  userId: string,
  at: Date,
): Promise<string[]> {
  const rows = await tx
    .updateTable("profile")
    .set({ user_id: null, updated_at: at })
    .where("organization_id", "=", organizationId)
    .where("user_id", "=", userId)
    .returning("id")
    .execute();
  return rows.map(({ id }) => id).sort();
}

/**
 * How many profiles there are, and may be by the plan in force at an instant: the subscription's while its limits hold,
 * else the base plan. Exact when the transaction holds the organization's lock.
 */
export async function readProfileAllowance(
  tx: Tx,
  organizationId: string,
  at: Date,
): Promise<ProfileAllowance & { planId: string }> {
  const { rows } = await sql<ProfileAllowance & { planId: string }>`
    select p.id as "planId", (p.definition ->> 'profilesIncluded')::int as "limit",
      (select count(*) from profile f where f.organization_id = s.organization_id) as used
    from subscription s
    cross join lateral plan_in_force(s, ${at}::timestamptz) f
    join plan p on p.id = f.plan_id and p.version = f.plan_version
    where s.organization_id = ${organizationId}`.execute(tx);
  const row = rows[0];
  if (row === undefined) {
    throw new Error(`organization ${organizationId} has no subscription row`);
  }
  return row;
}

/** The plans that anybody can buy now, in the catalogue's order, except one. */
export async function listProfileOffers(tx: Tx, exceptPlanId: string): Promise<ProfileOffer[]> {
  return tx
    .selectFrom("plan")
    .select([
      "id as planId",
      "display_name as displayName",
      sql<number | null>`(definition ->> 'profilesIncluded')::int`.as("limit"),
    ])
    .where("is_current", "=", true)
    .where("is_public", "=", true)
    .where("active", "=", true)
    .where("id", "<>", exceptPlanId)
    .orderBy("position")
    .execute();
}
