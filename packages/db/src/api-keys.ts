import type { Scope } from "@headroom/domain/permissions";
import type { Selectable } from "kysely";
import type { Database } from "./client.ts";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

export type ApiKeyRow = Selectable<DB["api_key"]>;

export interface NewKey {
  id: string;
  name: string;
  scopes: readonly Scope[];
  secretPrefix: string;
  secretHash: Buffer;
  at: Date;
  expiresAt: Date | null;
}

export async function insertApiKey(
  tx: Tx,
  organizationId: string,
  key: NewKey & { memberUserId: string | null; createdBy: string | null },
): Promise<ApiKeyRow> {
  const row = await tx
    .insertInto("api_key")
    .values({
      organization_id: organizationId,
      id: key.id,
      name: key.name,
      scopes: [...key.scopes],
      secret_prefix: key.secretPrefix,
      member_id: key.memberUserId,
      created_by: key.createdBy,
      created_at: key.at,
      expires_at: key.expiresAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await insertHash(tx, organizationId, key);
  return row;
}

export type PlatformKeyRow = Selectable<DB["platform_key"]>;

/** The platform's own keys, oldest first; inside `withSystem`. */
export async function listPlatformKeys(
  tx: Tx,
  { includeRevoked }: { includeRevoked: boolean },
): Promise<PlatformKeyRow[]> {
  return tx
    .selectFrom("platform_key")
    .selectAll()
    .$if(!includeRevoked, (query) => query.where("revoked_at", "is", null))
    .orderBy("id")
    .execute();
}

/** A platform key, locked until the transaction ends. */
export async function lockPlatformKey(tx: Tx, keyId: string): Promise<PlatformKeyRow | null> {
  const row = await tx
    .selectFrom("platform_key")
    .selectAll()
    .where("id", "=", keyId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** True for a revoked platform key; any other is revoked by nobody until the transaction ends. */
export async function isPlatformKeyRevoked(tx: Tx, keyId: string): Promise<boolean> {
  const row = await tx
    .selectFrom("platform_key")
    .select("revoked_at")
    .where("id", "=", keyId)
    .forShare()
    .executeTakeFirst();
  return row !== undefined && row.revoked_at !== null;
}

/** The platform keys of a name that are not revoked, locked until the transaction ends. */
export async function lockPlatformKeysNamed(tx: Tx, name: string): Promise<PlatformKeyRow[]> {
  return tx
    .selectFrom("platform_key")
    .selectAll()
    .where("name", "=", name)
    .where("revoked_at", "is", null)
    .orderBy("id")
    .forNoKeyUpdate()
    .execute();
}

/** How a key ends: at once, or when its time is over; and which one came in its place. */
export interface KeyEnd {
  revokedAt?: Date;
  expiresAt?: Date;
  replacedBy?: string;
}

/** Ends a platform key. */
export async function endPlatformKey(tx: Tx, keyId: string, end: KeyEnd): Promise<void> {
  await tx.updateTable("platform_key").set(columnsOf(end)).where("id", "=", keyId).execute();
}

/** Ends a key of an organization. */
export async function endApiKey(tx: Tx, organizationId: string, keyId: string, end: KeyEnd): Promise<void> {
  await tx
    .updateTable("api_key")
    .set(columnsOf(end))
    .where("organization_id", "=", organizationId)
    .where("id", "=", keyId)
    .execute();
}

function columnsOf({ revokedAt, expiresAt, replacedBy }: KeyEnd) {
  return {
    ...(revokedAt === undefined ? {} : { revoked_at: revokedAt }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    ...(replacedBy === undefined ? {} : { replaced_by: replacedBy }),
  };
}

/** A key of the SaaS itself, for any organization; inside `withSystem`. */
export async function insertPlatformKey(tx: Tx, key: NewKey): Promise<void> {
  await tx
    .insertInto("platform_key")
    .values({
      id: key.id,
      name: key.name,
      scopes: [...key.scopes],
      secret_prefix: key.secretPrefix,
      created_at: key.at,
      expires_at: key.expiresAt,
    })
    .execute();
  await insertHash(tx, null, key);
}

async function insertHash(tx: Tx, organizationId: string | null, key: NewKey): Promise<void> {
  await tx
    .insertInto("api_key_hash")
    .values({ secret_hash: key.secretHash, organization_id: organizationId, api_key_id: key.id })
    .execute();
}

export async function findApiKey(tx: Tx, organizationId: string, keyId: string): Promise<ApiKeyRow | null> {
  const row = await tx
    .selectFrom("api_key")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("id", "=", keyId)
    .executeTakeFirst();
  return row ?? null;
}

/** Keys, oldest first, after an id: those that are not revoked, or all; of one member, or of everybody. */
export async function listApiKeys(
  tx: Tx,
  organizationId: string,
  page: { after: string | null; limit: number; includeRevoked: boolean; memberUserId: string | null },
): Promise<ApiKeyRow[]> {
  return tx
    .selectFrom("api_key")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .$if(!page.includeRevoked, (query) => query.where("revoked_at", "is", null))
    .$if(page.memberUserId !== null, (query) => query.where("member_id", "=", page.memberUserId))
    .$if(page.after !== null, (query) => query.where("id", ">", page.after))
    .orderBy("id")
    .limit(page.limit)
    .execute();
}

/** Revokes the personal keys of a member; their ids. */
export async function revokeMemberKeys(
  tx: Tx,
  organizationId: string,
  userId: string,
  at: Date,
): Promise<string[]> {
  const rows = await tx
    .updateTable("api_key")
    .set({ revoked_at: at })
    .where("organization_id", "=", organizationId)
    .where("member_id", "=", userId)
    .where("revoked_at", "is", null)
    .returning("id")
    .execute();
  return rows.map((row) => row.id);
}

/** Notes the use of keys, of each unless one was noted within the last minute. Needs no transaction. */
export async function noteKeyUses(
  { pool }: Database,
  keys: readonly { keyId: string; organizationId: string | null }[],
): Promise<void> {
  await pool.query({
    name: "note_key_uses",
    text: "select note_key_uses($1, $2)",
    values: [keys.map(({ organizationId }) => organizationId), keys.map(({ keyId }) => keyId)],
  });
}
