import type { Actor } from "./actors.ts";
import type { Policies } from "./configuration.ts";
import { type Permission, permissions, type Role, roleMay, type Scope, scopesMay } from "./permissions.ts";

/** The user whose membership decides what the actor may do here; null: no membership is asked for. */
export function memberBehind(actor: Actor): string | null {
  if (actor.kind === "user") {
    return actor.userId;
  }
  if (actor.kind === "organization_key") {
    return actor.memberUserId;
  }
  return actor.kind === "platform_key" ? actor.onBehalfOf : null;
}

/** The person that a call is made for: who creates, joins, switches and leaves; null for a key or operator as such. */
export function personBehind(actor: Actor): string | null {
  return actor.kind === "organization_key" ? null : memberBehind(actor);
}

/**
 * True when the actor has the permission in an organization where it is known to belong. `role` is the role of
 * `memberBehind(actor)`. A key has what its scopes give; a personal one never more than its member has now.
 */
export function hasPermission(
  actor: Actor,
  role: Role | null,
  permission: Permission,
  policies: Policies,
): boolean {
  switch (actor.kind) {
    case "operator":
      return true;
    case "user":
      return role !== null && roleMay(role, permission, policies);
    case "organization_key":
      return (
        scopesMay(actor.scopes, permission) &&
        (actor.memberUserId === null || (role !== null && memberKeyMay(role, permission, policies)))
      );
    case "platform_key":
      return actor.onBehalfOf === null
        ? scopesMay(actor.scopes, permission)
        : role !== null && roleMay(role, permission, policies);
  }
}

/** Some permissions no role has: they are for keys, and any member's key may have them. */
function memberKeyMay(role: Role, permission: Permission, policies: Policies): boolean {
  return roleMay(role, permission, policies) || isForKeysOnly(permission, policies);
}

function isForKeysOnly(permission: Permission, policies: Policies): boolean {
  return !roleMay("owner", permission, policies) && !roleMay("admin", permission, policies);
}

/** Scopes of the SaaS's own keys: they reach beyond one organization. */
const platformScopes: readonly Scope[] = ["users:read", "users:write", "impersonate"];

/** The scopes that a member may put on a key of the organization: nothing that the member could not do. */
export function mayGrantScope(role: Role, scope: Scope, policies: Policies): boolean {
  return (
    !platformScopes.includes(scope) &&
    permissions
      .filter((permission) => scopesMay([scope], permission))
      .every((permission) => memberKeyMay(role, permission, policies))
  );
}
