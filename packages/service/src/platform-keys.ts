import {
  endPlatformKey,
  insertPlatformKey,
  listPlatformKeys as listPlatformKeyRows,
  lockPlatformKey,
  lockPlatformKeysNamed,
  type PlatformKeyRow,
} from "@headroom/db/api-keys";
import { readClock } from "@headroom/db/clock";
import { type Tx, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import type { Scope } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";
import { assertRotatable, keyEnd } from "./key-rotation.ts";
import { recordOperatorAct, unnamedOperator } from "./operator-acts.ts";
import { createKeySecret } from "./secrets.ts";

type Context = Pick<ServiceContext, "db" | "environment">;

/** A key of the SaaS itself, for any organization. */
export interface PlatformKeyView {
  id: string;
  name: string;
  scopes: Scope[];
  /** How the secret begins. */
  secretPrefix: string;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  lastUsedAt: string | null;
  replacedBy: string | null;
}

/** With its secret, told this once. */
export type IssuedPlatformKey = PlatformKeyView & { secret: string };

/** Makes a platform key: an operator's act. */
export async function createPlatformKey(
  context: Context,
  input: { name: string; scopes: readonly Scope[]; expiresAt?: string | undefined },
  operator: Actor = unnamedOperator,
): Promise<IssuedPlatformKey> {
  const scopes = [...new Set(input.scopes)];
  const expiresAt = input.expiresAt === undefined ? null : new Date(input.expiresAt);
  return withSystem(context.db, async (tx) => {
    const key = await issueKey(context, tx, { id: uuidv7(), name: input.name, scopes, expiresAt });
    const data = { name: input.name, scopes };
    await recordOperatorAct(tx, operator, { action: "platform_key.created", target: key.id, data });
    return key;
  });
}

async function issueKey(
  { environment }: Context,
  tx: Tx,
  input: { id: string; name: string; scopes: Scope[]; expiresAt: Date | null },
): Promise<IssuedPlatformKey> {
  const { secret, hash, prefix } = createKeySecret(environment);
  const at = await readClock(tx);
  await insertPlatformKey(tx, { ...input, secretPrefix: prefix, secretHash: hash, at });
  return {
    ...toView({
      id: input.id,
      name: input.name,
      scopes: input.scopes,
      secret_prefix: prefix,
      created_at: at,
      expires_at: input.expiresAt,
      revoked_at: null,
      last_used_at: null,
      replaced_by: null,
    }),
    secret,
  };
}

/** The platform keys, oldest first. Never a secret. */
export async function listPlatformKeys(
  context: Pick<ServiceContext, "db">,
  input: { includeRevoked: boolean },
): Promise<PlatformKeyView[]> {
  const rows = await withSystem(context.db, (tx) => listPlatformKeyRows(tx, input));
  return rows.map(toView);
}

/** Ends a platform key at once; again: the same answer. @throws DomainError resource_not_found */
export async function revokePlatformKey(
  context: Pick<ServiceContext, "db">,
  keyId: string,
  operator: Actor = unnamedOperator,
): Promise<PlatformKeyView> {
  return withSystem(context.db, async (tx) => {
    const key = await requireKey(tx, keyId);
    return key.revoked_at === null ? revoke(tx, key, operator) : toView(key);
  });
}

/** Ends every platform key of a name at once; how many there were. */
export async function revokePlatformKeysNamed(
  context: Pick<ServiceContext, "db">,
  name: string,
  operator: Actor = unnamedOperator,
): Promise<number> {
  return withSystem(context.db, async (tx) => {
    const keys = await lockPlatformKeysNamed(tx, name);
    for (const key of keys) {
      await revoke(tx, key, operator);
    }
    return keys.length;
  });
}

async function revoke(tx: Tx, key: PlatformKeyRow, operator: Actor): Promise<PlatformKeyView> {
  const revokedAt = await readClock(tx);
  await endPlatformKey(tx, key.id, { revokedAt });
  const target = encodeId("key", key.id);
  const data = { name: key.name };
  await recordOperatorAct(tx, operator, { action: "platform_key.revoked", target, data });
  return toView({ ...key, revoked_at: revokedAt });
}

/**
 * Gives a platform key a successor with the same name, scopes and expiry; the old one ends at once or after the overlap.
 * @throws DomainError resource_not_found (unknown, revoked, expired, or has a successor)
 */
export async function rotatePlatformKey(
  context: Context,
  { keyId, overlapSeconds }: { keyId: string; overlapSeconds: number },
  operator: Actor = unnamedOperator,
): Promise<IssuedPlatformKey> {
  return withSystem(context.db, async (tx) => {
    const old = await requireKey(tx, keyId);
    const at = await readClock(tx);
    assertRotatable(old, at);
    const { name, expires_at: expiresAt } = old;
    const successorId = uuidv7();
    const scopes = old.scopes as Scope[];
    const successor = await issueKey(context, tx, { id: successorId, name, scopes, expiresAt });
    await endPlatformKey(tx, old.id, keyEnd(old, { successorId, at, overlapSeconds }));
    const data = { name, successorId: successor.id, overlapSeconds };
    const target = encodeId("key", old.id);
    await recordOperatorAct(tx, operator, { action: "platform_key.rotated", target, data });
    return successor;
  });
}

async function requireKey(tx: Tx, keyId: string): Promise<PlatformKeyRow> {
  const key = await lockPlatformKey(tx, keyId);
  if (key === null) {
    throw new DomainError("resource_not_found", "There is no such platform key.");
  }
  return key;
}

function toView(row: PlatformKeyRow): PlatformKeyView {
  return {
    id: encodeId("key", row.id),
    name: row.name,
    scopes: row.scopes as Scope[],
    secretPrefix: row.secret_prefix,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    replacedBy: row.replaced_by === null ? null : encodeId("key", row.replaced_by),
  };
}
