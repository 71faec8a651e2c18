import type { Role } from "@headroom/domain/permissions";
import { type Selectable, sql } from "kysely";
import { erasedIssuer } from "./accounts.ts";
import type { Database } from "./client.ts";
import { answersByPlace, coalescedRead } from "./coalesced-reads.ts";
import type { DB } from "./schema.ts";
import { promptly } from "./silence.ts";
import type { Tx } from "./tenancy.ts";

export type MembershipRow = Omit<Selectable<DB["membership"]>, "role"> & { role: Role };

interface NewMembership {
  organizationId: string;
  id: string;
  userId: string;
  role: Role;
  at: Date;
}

export interface MemberRow extends MembershipRow {
  email: string | null;
  name: string | null;
}

/** Keys are an organization and a user, or an organization alone. */
const readRoles = coalescedRead<{ role: Role | null } | null>(async ({ pool }, keys) => {
  const pairs = keys.map((key) => key.split(" "));
  const { rows } = await pool.query<{ place: number; role: Role | null }>(
    promptly({
      name: "member_roles",
      text: "select place, role from member_roles($1, $2)",
      values: [pairs.map(([organizationId]) => organizationId), pairs.map(([, userId]) => userId ?? null)],
    }),
  );
  return answersByPlace(rows, keys.length);
});

/**
 * The role of a user in a living organization; undefined when there is no such organization or the user is none of
 * its members. Without a user only the organization is asked for, and the role is null. Asked afresh, together with
 * other callers'. Needs no transaction.
 */
export async function findRole(
  database: Database,
  organizationId: string,
  userId: string | null,
): Promise<Role | null | undefined> {
  const found = await readRoles(database, userId === null ? organizationId : `${organizationId} ${userId}`);
  return found === null ? undefined : found.role;
}

export async function findMembership(
  tx: Tx,
  organizationId: string,
  userId: string,
): Promise<MembershipRow | null> {
  const row = await tx
    .selectFrom("membership")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return (row as MembershipRow | undefined) ?? null;
}

export async function findMember(tx: Tx, organizationId: string, userId: string): Promise<MemberRow | null> {
  const row = await memberRows(tx, organizationId).where("m.user_id", "=", userId).executeTakeFirst();
  return (row as MemberRow | undefined) ?? null;
}

function memberRows(tx: Tx, organizationId: string) {
  return tx
    .selectFrom("membership as m")
    .innerJoin("account as a", "a.id", "m.user_id")
    .selectAll("m")
    .select(["a.email", "a.name"])
    .where("m.organization_id", "=", organizationId);
}

/** How many members hold each role. */
export async function countMembers(tx: Tx, organizationId: string): Promise<Record<Role, number>> {
  const rows = await tx
    .selectFrom("membership")
    .select((eb) => ["role", eb.fn.countAll<number>().as("members")])
    .where("organization_id", "=", organizationId)
    .groupBy("role")
    .execute();
  return { owner: 0, admin: 0, member: 0, ...Object.fromEntries(rows.map((row) => [row.role, row.members])) };
}

/** The verified addresses of members with one of these roles, each once, in the order of joining. */
export async function listVerifiedEmails(
  tx: Tx,
  organizationId: string,
  roles: readonly Role[],
): Promise<string[]> {
  const rows = await memberRows(tx, organizationId)
    .where("m.role", "in", [...roles])
    .where("a.email", "is not", null)
    .where("a.email_verified", "=", true)
    .orderBy("m.id")
    .execute();
  return [...new Set(rows.flatMap(({ email }) => email ?? []))];
}

/**
 * Makes a user a member; false when the account was erased meanwhile. Its row stays locked against that until the
 * transaction ends.
 */
export async function insertMembership(
  tx: Tx,
  { organizationId, id, userId, role, at }: NewMembership,
): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    insert into membership (organization_id, id, user_id, role, created_at, updated_at)
    select ${organizationId}::uuid, ${id}::uuid, a.id, ${role}::text, ${at}::timestamptz, ${at}::timestamptz
    from account a where a.id = ${userId} and a.issuer <> ${erasedIssuer} for key share`.execute(tx);
  return numAffectedRows > 0n;
}

export async function updateRole(
  tx: Tx,
  organizationId: string,
  userId: string,
  change: { role: Role; at: Date },
): Promise<void> {
  await tx
    .updateTable("membership")
    .set({ role: change.role, updated_at: change.at })
    .where("organization_id", "=", organizationId)
    .where("user_id", "=", userId)
    .execute();
}

export async function findOwner(tx: Tx, organizationId: string): Promise<MembershipRow | null> {
  const row = await tx
    .selectFrom("membership")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("role", "=", "owner")
    .executeTakeFirst();
  return (row as MembershipRow | undefined) ?? null;
}

export async function deleteMembership(tx: Tx, organizationId: string, userId: string): Promise<void> {
  await tx
    .deleteFrom("membership")
    .where("organization_id", "=", organizationId)
    .where("user_id", "=", userId)
    .execute();
}
