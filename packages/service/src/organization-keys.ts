import {
  type ApiKeyRow,
  endApiKey,
  findApiKey,
  insertApiKey,
  listApiKeys as listApiKeyRows,
} from "@headroom/db/api-keys";
import { readClock } from "@headroom/db/clock";
import type { Tx } from "@headroom/db/tenancy";
import { readOrganization } from "@headroom/db/tenant-reads";
import { mayGrantScope, memberBehind } from "@headroom/domain/access";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { actingRole } from "@headroom/domain/members";
import type { Scope } from "@headroom/domain/permissions";
import { invalidField } from "@headroom/domain/validation";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Access, requirePerson, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { createInOrganization } from "./creation.ts";
import { nextPage, type PageInput, readIdCursor } from "./cursors.ts";
import type { Repeatable } from "./idempotency.ts";
import { createKeySecret } from "./secrets.ts";

export interface ApiKeyView {
  id: string;
  organizationId: string;
  name: string;
  scopes: Scope[];
  /** How the secret begins: enough to tell keys apart. */
  secretPrefix: string;
  /** The member whose personal key it is; null for a key of the organization. */
  memberId: string | null;
  createdBy: string | null;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  /** Written at most once a minute. */
  lastUsedAt: string | null;
  /** The key that came in its place. */
  replacedBy: string | null;
}

/** A key and, for whoever has just made it, its secret. Told once: null when the call is repeated. */
export interface IssuedApiKey extends ApiKeyView {
  secret: string | null;
}

export interface NewApiKey {
  name: string;
  scopes: readonly Scope[];
  expiresAt?: string | undefined;
  /** Belongs to the caller, never has more rights than they, and ends with their membership. */
  personal?: boolean | undefined;
}

/**
 * Makes a key of the organization, or a personal one. Nobody puts a scope on it that their own role lacks.
 * @throws DomainError validation_failed, forbidden, idempotency_mismatch
 */
export async function createApiKey(
  context: ServiceContext,
  access: Access,
  input: NewApiKey,
  { idempotencyKey = null }: Repeatable = {},
): Promise<IssuedApiKey> {
  const id = uuidv7();
  const call = { idempotencyKey, procedure: "apiKeys.create", payload: input, resourceId: id };
  return createInOrganization(context, access, call, {
    create: (tx, _organization, fresh) => writeApiKey(context, tx, fresh, { ...input, id }),
    replay: async (tx, earlierId) => ({
      ...toApiKeyView(await requireApiKey(tx, access.organizationId, earlierId)),
      secret: null,
    }),
  });
}

async function writeApiKey(
  context: ServiceContext,
  tx: Tx,
  access: Access,
  input: NewApiKey & { id: string },
): Promise<IssuedApiKey> {
  assertGrantable(context, access, input.scopes);
  const at = await readClock(tx);
  const expiresAt = input.expiresAt === undefined ? null : new Date(input.expiresAt);
  if (expiresAt !== null && expiresAt <= at) {
    throw invalidField("expiresAt", "is in the past");
  }
  const { secret, hash, prefix } = createKeySecret(context.environment);
  const row = await insertApiKey(tx, access.organizationId, {
    id: input.id,
    name: input.name,
    scopes: [...new Set(input.scopes)],
    secretPrefix: prefix,
    secretHash: hash,
    at,
    expiresAt,
    memberUserId: input.personal ? requirePerson(access.actor) : null,
    createdBy: memberBehind(access.actor),
  });
  const keyId = encodeId("key", row.id);
  await recordChange(tx, {
    organizationId: access.organizationId,
    actor: access.actor,
    audit: {
      action: "api_key.created",
      target: keyId,
      ...namedKey(row, { scopes: row.scopes, personal: input.personal ?? false }),
    },
    events: [{ name: "api_key.created", payload: { keyId } }],
  });
  return { ...toApiKeyView(row), secret };
}

/** What an audit entry says of a key. People name their own keys after themselves: that text can be erased. */
export function namedKey({ name, member_id: subject }: ApiKeyRow, data: Record<string, unknown> = {}) {
  return subject === null ? { data: { name, ...data } } : { data, personal: { name }, subject };
}

/** @throws DomainError forbidden for a scope that the caller's own role lacks */
export function assertGrantable(context: ServiceContext, access: Access, scopes: readonly Scope[]): void {
  const { policies } = context.configuration;
  const role = actingRole(access.actor, access.role, policies);
  const refused = scopes.find((scope) => !mayGrantScope(role, scope, policies));
  if (refused !== undefined) {
    throw new DomainError("forbidden", `The scope ${refused} is not yours to give.`, { scope: refused });
  }
}

/** The keys that are not revoked, or all, oldest first. Never a secret. */
export async function listApiKeys(
  context: ServiceContext,
  access: Access,
  input: ApiKeyQuery,
): Promise<{ apiKeys: ApiKeyView[]; nextCursor: string | null }> {
  return readApiKeys(context, access, { ...input, memberUserId: null });
}

/** The personal keys of the member behind the caller; a key of the organization has none. */
export async function listOwnApiKeys(
  context: ServiceContext,
  access: Access,
  input: ApiKeyQuery,
): Promise<{ apiKeys: ApiKeyView[]; nextCursor: string | null }> {
  const memberUserId = memberBehind(access.actor);
  return memberUserId === null
    ? { apiKeys: [], nextCursor: null }
    : readApiKeys(context, access, { ...input, memberUserId });
}

export interface ApiKeyQuery extends PageInput {
  includeRevoked?: boolean | undefined;
}

async function readApiKeys(
  context: ServiceContext,
  access: Access,
  input: ApiKeyQuery & { memberUserId: string | null },
): Promise<{ apiKeys: ApiKeyView[]; nextCursor: string | null }> {
  const after = readIdCursor("api_keys", input.cursor);
  const rows = await readOrganization(context.db, access.organizationId, (tx) =>
    listApiKeyRows(tx, access.organizationId, {
      after,
      limit: input.limit + 1,
      includeRevoked: input.includeRevoked ?? false,
      memberUserId: input.memberUserId,
    }),
  );
  const { items, nextCursor } = nextPage("api_keys", rows, input.limit, (row) => row.id);
  return { apiKeys: items.map(toApiKeyView), nextCursor };
}

/** Ends a key at once; again: the same answer. @throws DomainError resource_not_found */
export async function revokeApiKey(
  context: ServiceContext,
  access: Access,
  input: { keyId: string },
): Promise<ApiKeyView> {
  return withLockedOrganization(context, access, async (tx, organization) => {
    const key = await requireApiKey(tx, organization.id, input.keyId);
    if (key.revoked_at !== null) {
      return toApiKeyView(key);
    }
    const at = await readClock(tx);
    await endApiKey(tx, organization.id, key.id, { revokedAt: at });
    const keyId = encodeId("key", key.id);
    await recordChange(tx, {
      organizationId: organization.id,
      actor: access.actor,
      audit: { action: "api_key.revoked", target: keyId, ...namedKey(key) },
      events: [{ name: "api_key.revoked", payload: { keyId } }],
    });
    return toApiKeyView({ ...key, revoked_at: at });
  });
}

/** @throws DomainError resource_not_found */
export async function requireApiKey(tx: Tx, organizationId: string, keyId: string): Promise<ApiKeyRow> {
  const key = await findApiKey(tx, organizationId, keyId);
  if (key === null) {
    throw new DomainError("resource_not_found", "The organization has no such key.");
  }
  return key;
}

export function toApiKeyView(row: ApiKeyRow): ApiKeyView {
  return {
    id: encodeId("key", row.id),
    organizationId: encodeId("org", row.organization_id),
    name: row.name,
    scopes: row.scopes as Scope[],
    secretPrefix: row.secret_prefix,
    memberId: row.member_id === null ? null : encodeId("usr", row.member_id),
    createdBy: row.created_by === null ? null : encodeId("usr", row.created_by),
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    replacedBy: row.replaced_by === null ? null : encodeId("key", row.replaced_by),
  };
}
