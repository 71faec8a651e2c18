import type { Policies } from "./configuration.ts";

export type Role = "owner" | "admin" | "member";

export const roles: readonly Role[] = ["owner", "admin", "member"];

/** What an API key may be given. A key has the permissions of its scopes, whoever made it. */
export const scopes = [
  "usage:read",
  "usage:write",
  "organizations:read",
  "organizations:write",
  "members:read",
  "members:write",
  "billing:read",
  "billing:write",
  "conversations:read",
  "conversations:write",
  "profiles:read",
  "profiles:write",
  "users:read",
  "users:write",
  "impersonate",
] as const;

export type Scope = (typeof scopes)[number];

interface Rule {
  /** Roles that have the permission, under the policies. */
  roles: (policies: Policies) => readonly Role[];
  /** The scope that gives it to an API key; null: no key has it. */
  scope: Scope | null;
}

const everyone: readonly Role[] = ["owner", "admin", "member"];
const admins: readonly Role[] = ["owner", "admin"];
const owner: readonly Role[] = ["owner"];

/** The one table. What is not in it is denied. */
const table = {
  "organization.view": { roles: () => everyone, scope: "organizations:read" },
  "organization.update": { roles: () => admins, scope: "organizations:write" },
  "organization.identify": {
    roles: (p) => (p.organizations.identityBy === "owner" ? owner : admins),
    scope: "organizations:write",
  },
  "organization.transfer": { roles: () => owner, scope: null },
  "organization.delete": { roles: () => owner, scope: null },
  "members.view": { roles: () => everyone, scope: "members:read" },
  "members.change": { roles: () => admins, scope: "members:write" },
  "members.leave": { roles: () => everyone, scope: null },
  "invites.manage": { roles: (p) => (p.invites.by === "owner" ? owner : admins), scope: "members:write" },
  "billing.view": { roles: () => everyone, scope: "billing:read" },
  "billing.manage": { roles: (p) => (p.billing.by === "admins" ? admins : owner), scope: "billing:write" },
  "usage.view": { roles: () => everyone, scope: "usage:read" },
  "usage.write": { roles: () => [], scope: "usage:write" },
  "profiles.view": { roles: () => everyone, scope: "profiles:read" },
  "profiles.own": { roles: () => everyone, scope: "profiles:write" },
  "profiles.manage": { roles: () => admins, scope: "profiles:write" },
  "conversations.view": { roles: () => everyone, scope: "conversations:read" },
  "conversations.write": { roles: () => everyone, scope: "conversations:write" },
  "conversations.assign": { roles: () => admins, scope: "conversations:write" },
  "events.view": { roles: () => everyone, scope: null },
  "keys.manage": { roles: () => admins, scope: null },
  "webhooks.manage": { roles: () => admins, scope: null },
  "audit.view": { roles: () => admins, scope: null },
  // Operators hold every permission; this one nobody else does.
  "overrides.manage": { roles: () => [], scope: null },
} as const satisfies Record<string, Rule>;

export type Permission = keyof typeof table;

export const permissions = Object.keys(table) as readonly Permission[];

/** The top role: owner, or admin where the creator becomes admin; it has every permission of the owner column. */
export function topRole(policies: Policies): Role {
  return policies.roles.creator;
}

/** True when a member with this role has the permission. */
export function roleMay(role: Role, permission: Permission, policies: Policies): boolean {
  const allowed: readonly Role[] = table[permission].roles(policies);
  return allowed.includes(role) || (role === topRole(policies) && allowed.includes("owner"));
}

/** True when an API key with these scopes has the permission. */
export function scopesMay(held: readonly Scope[], permission: Permission): boolean {
  const scope: Scope | null = table[permission].scope;
  return scope !== null && held.includes(scope);
}
