import { type ApiKeyRow, endApiKey, insertApiKey, type KeyEnd } from "@headroom/db/api-keys";
import { readClock } from "@headroom/db/clock";
import type { Tx } from "@headroom/db/tenancy";
import { memberBehind, personBehind } from "@headroom/domain/access";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import type { Scope } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import type { Access } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { createInOrganization } from "./creation.ts";
import type { Repeatable } from "./idempotency.ts";
import {
  assertGrantable,
  type IssuedApiKey,
  namedKey,
  requireApiKey,
  toApiKeyView,
} from "./organization-keys.ts";
import { createKeySecret } from "./secrets.ts";

export interface KeyRotation {
  /** Raw UUID. */
  keyId: string;
  /** How long the old key goes on working beside its successor. */
  overlapSeconds: number;
}

/**
 * Gives a key a successor with the same name, scopes, owner and expiry, and a secret of its own. The old key ends at
 * once, or after the overlap. Only its own member does this to a personal key, and nobody to a key with a scope that
 * their own role lacks: they would learn its secret.
 * @throws DomainError resource_not_found (unknown, revoked, expired, or has a successor), forbidden, idempotency_mismatch
 */
export async function rotateApiKey(
  context: ServiceContext,
  access: Access,
  input: KeyRotation,
  { idempotencyKey = null }: Repeatable = {},
): Promise<IssuedApiKey> {
  const id = uuidv7();
  const call = { idempotencyKey, procedure: "apiKeys.rotate", payload: input, resourceId: id };
  return createInOrganization(context, access, call, {
    create: (tx, _organization, fresh) => replaceKey(context, tx, fresh, { ...input, id }),
    replay: async (tx, earlierId) => ({
      ...toApiKeyView(await requireApiKey(tx, access.organizationId, earlierId)),
      secret: null,
    }),
  });
}

async function replaceKey(
  context: ServiceContext,
  tx: Tx,
  access: Access,
  { id, keyId, overlapSeconds }: KeyRotation & { id: string },
): Promise<IssuedApiKey> {
  const { organizationId, actor } = access;
  const at = await readClock(tx);
  const old = await requireApiKey(tx, organizationId, keyId);
  assertRotatable(old, at);
  assertOwn(old, access);
  assertGrantable(context, access, old.scopes as Scope[]);
  const { secret, hash, prefix } = createKeySecret(context.environment);
  const successor = await insertApiKey(tx, organizationId, {
    id,
    name: old.name,
    scopes: old.scopes as Scope[],
    secretPrefix: prefix,
    secretHash: hash,
    at,
    expiresAt: old.expires_at,
    memberUserId: old.member_id,
    createdBy: memberBehind(actor),
  });
  await endApiKey(tx, organizationId, old.id, keyEnd(old, { successorId: id, at, overlapSeconds }));
  const [target, successorId] = [encodeId("key", old.id), encodeId("key", id)];
  await recordChange(tx, {
    organizationId,
    actor,
    audit: { action: "api_key.rotated", target, ...namedKey(old, { successorId, overlapSeconds }) },
    events: [{ name: "api_key.rotated", payload: { keyId: target, successorId } }],
  });
  return { ...toApiKeyView(successor), secret };
}

type Lifetime = Pick<ApiKeyRow, "revoked_at" | "expires_at" | "replaced_by">;

/** @throws DomainError resource_not_found */
export function assertRotatable(key: Lifetime, at: Date): void {
  const isOver = key.revoked_at !== null || (key.expires_at !== null && key.expires_at <= at);
  if (isOver || key.replaced_by !== null) {
    throw new DomainError(
      "resource_not_found",
      "This key is revoked or expired, or has a successor already.",
    );
  }
}

/** How a key ends that has a successor. An overlap never makes it live longer than it would have. */
export function keyEnd(
  old: Pick<Lifetime, "expires_at">,
  { successorId, at, overlapSeconds }: { successorId: string; at: Date; overlapSeconds: number },
): KeyEnd {
  if (overlapSeconds === 0) {
    return { revokedAt: at, replacedBy: successorId };
  }
  const end = new Date(at.getTime() + overlapSeconds * 1_000);
  const expiresAt = old.expires_at !== null && old.expires_at < end ? old.expires_at : end;
  return { expiresAt, replacedBy: successorId };
}

function assertOwn(key: ApiKeyRow, { actor }: Access): void {
  if (key.member_id !== null && key.member_id !== personBehind(actor)) {
    throw new DomainError("forbidden", "Only its own member rotates a personal key.");
  }
}
