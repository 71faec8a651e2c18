import type { Scope } from "@headroom/domain/permissions";
import { type Kysely, type Selectable, sql } from "kysely";
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

/** How many keys were revoked. */
export async function revokePlatformKeys(tx: Tx, name: string, at: Date): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable("platform_key")
    .set({ revoked_at: at })
    .where("name", "=", name)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return Number(numUpdatedRows);
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

/** Keys that are not revoked, oldest first, after an id. */
export async function listApiKeys(
  tx: Tx,
  organizationId: string,
  page: { after: string | null; limit: number },
): Promise<ApiKeyRow[]> {
  return tx
    .selectFrom("api_key")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("revoked_at", "is", null)
    .$if(page.after !== null, (query) => query.where("id", ">", page.after))
    .orderBy("id")
    .limit(page.limit)
    .execute();
}

export async function revokeApiKey(tx: Tx, organizationId: string, keyId: string, at: Date): Promise<void> {
  await tx
    .updateTable("api_key")
    .set({ revoked_at: at })
    .where("organization_id", "=", organizationId)
    .where("id", "=", keyId)
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

export interface ResolvedKey {
  keyId: string;
  /** null: a platform key. */
  organizationId: string | null;
  scopes: Scope[];
  memberUserId: string | null;
}

/** The living key behind a secret's SHA-256, asked afresh; null when there is none. Needs no transaction. */
export async function findKeyByHash(db: Kysely<DB>, secretHash: Buffer): Promise<ResolvedKey | null> {
  const { rows } = await sql<ResolvedKey>`
    select api_key_id as "keyId", organization_id as "organizationId", scopes, member_id as "memberUserId"
    from resolve_api_key(${secretHash})`.execute(db);
  return rows[0] ?? null;
}

/** Notes a use of a key, unless one was noted within the last minute. */
export async function touchKey(
  tx: Tx,
  key: { keyId: string; organizationId: string | null },
  at: Date,
): Promise<void> {
  const minuteAgo = new Date(at.getTime() - 60_000);
  await tx
    .updateTable(key.organizationId === null ? "platform_key" : "api_key")
    .set({ last_used_at: at })
    .where("id", "=", key.keyId)
    .where((eb) => eb.or([eb("last_used_at", "is", null), eb("last_used_at", "<=", minuteAgo)]))
    .execute();
}
