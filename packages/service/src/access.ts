import { findApiKey, isPlatformKeyRevoked } from "@headroom/db/api-keys";
import { findMembership, findRole } from "@headroom/db/members";
import { lockOrganization, type OrganizationRow, type Tx, withOrganization } from "@headroom/db/tenancy";
import { hasPermission, memberBehind, personBehind } from "@headroom/domain/access";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { type Permission, permissions, type Role } from "@headroom/domain/permissions";
import type { ServiceContext } from "./context.ts";

/** Proof that an actor may do one thing in one organization. Made by `authorize`, asked again under the lock. */
export interface Access {
  organizationId: string;
  actor: Actor;
  /** The role of the member behind the actor; null for keys of the organization or the SaaS, and for operators. */
  role: Role | null;
  permission: Permission;
}

/**
 * Asks afresh what the actor may do.
 * @param known the role that was found with the actor (`roleFoundWith`), when nothing was waited for since then: it is not
 *   asked for again
 * @throws DomainError organization_not_found for a foreign, unknown or deleted organization alike, forbidden
 */
export async function authorize(
  context: Pick<ServiceContext, "db" | "configuration">,
  actor: Actor,
  organizationId: string,
  permission: Permission,
  known?: Role | null,
): Promise<Access> {
  const role = await requireRole(context, actor, organizationId, known);
  const access: Access = { organizationId, actor, role, permission };
  assertPermission(context, access, permission);
  return access;
}

async function requireRole(
  context: Pick<ServiceContext, "db">,
  actor: Actor,
  organizationId: string,
  known: Role | null | undefined,
): Promise<Role | null> {
  if (actor.kind === "organization_key" && actor.organizationId !== organizationId) {
    throw organizationNotFound();
  }
  if (known !== undefined) return known;
  const role = await findRole(context.db, organizationId, memberBehind(actor));
  if (role === undefined) {
    throw organizationNotFound();
  }
  return role;
}

export interface HeldPermissions {
  organizationId: string;
  /** null for a key without a member, and for an operator. */
  role: Role | null;
  permissions: Permission[];
}

/**
 * Everything that the actor may do in an organization now.
 * @param known as in `authorize`
 * @throws DomainError organization_not_found
 */
export async function listPermissions(
  context: Pick<ServiceContext, "db" | "configuration">,
  actor: Actor,
  organizationId: string,
  known?: Role | null,
): Promise<HeldPermissions> {
  const role = await requireRole(context, actor, organizationId, known);
  const { policies } = context.configuration;
  return {
    organizationId: encodeId("org", organizationId),
    role,
    permissions: permissions.filter((permission) => hasPermission(actor, role, permission, policies)),
  };
}

/** For a field or a step that needs more than the procedure itself. @throws DomainError forbidden */
export function assertPermission(
  context: Pick<ServiceContext, "configuration">,
  access: Access,
  permission: Permission,
): void {
  if (!hasPermission(access.actor, access.role, permission, context.configuration.policies)) {
    throw new DomainError("forbidden", "You may not do this in this organization.", { permission });
  }
}

/**
 * Runs `work` in a transaction that has locked the organization first and asked for the actor's key, membership and
 * permission again under that lock: whoever was revoked, removed or demoted a moment ago changes nothing any more.
 * `work` gets the locked row and the access as it is now; it is run again after a deadlock, so it has no effect outside.
 * @throws DomainError organization_not_found, forbidden, unauthenticated for a key that was revoked meanwhile
 */
export function withLockedOrganization<Result>(
  context: Pick<ServiceContext, "db" | "configuration">,
  access: Access,
  work: (tx: Tx, organization: OrganizationRow, access: Access) => Promise<Result>,
): Promise<Result> {
  return withOrganization(context.db, access.organizationId, async (tx) => {
    const organization = await lockOrganization(tx, access.organizationId);
    if (organization === null) {
      throw organizationNotFound();
    }
    const fresh = { ...access, role: await readRole(tx, access) };
    assertPermission(context, fresh, access.permission);
    return work(tx, organization, fresh);
  });
}

async function readRole(tx: Tx, access: Access): Promise<Role | null> {
  await assertKeyLives(tx, access);
  const userId = memberBehind(access.actor);
  if (userId === null) {
    return null;
  }
  const membership = await findMembership(tx, access.organizationId, userId);
  if (membership === null) {
    throw organizationNotFound();
  }
  return membership.role;
}

/**
 * Asks for the actor's key again, under the organization's lock: once its revocation has answered, no call that came in
 * before it writes any more. @throws DomainError unauthenticated
 */
export async function assertKeyLives(
  tx: Tx,
  { organizationId, actor }: Pick<Access, "organizationId" | "actor">,
): Promise<void> {
  if (await isKeyRevoked(tx, organizationId, actor)) {
    throw new DomainError("unauthenticated", "A valid credential is needed.");
  }
}

// An organization's key is revoked under the organization's lock, a platform key under its own.
async function isKeyRevoked(tx: Tx, organizationId: string, actor: Actor): Promise<boolean> {
  if (actor.kind === "platform_key") {
    return isPlatformKeyRevoked(tx, actor.keyId);
  }
  const key = actor.kind === "organization_key" ? await findApiKey(tx, organizationId, actor.keyId) : null;
  return key !== null && key.revoked_at !== null;
}

/** The user whom a call is made for. @throws DomainError forbidden for a key or operator as such */
export function requirePerson(actor: Actor): string {
  const userId = personBehind(actor);
  if (userId === null) {
    throw new DomainError("forbidden", "This call needs a signed-in user.");
  }
  return userId;
}

export function organizationNotFound(): DomainError {
  return new DomainError("organization_not_found", "There is no such organization.");
}
