import type { Actor } from "./actors.ts";
import type { Policies } from "./configuration.ts";
import { DomainError } from "./errors.ts";
import { type Role, topRole } from "./permissions.ts";

const ranks: Readonly<Record<Role, number>> = { owner: 3, admin: 2, member: 1 };

/** True when the role is the top one, or stands above it (an owner from before `roles.creator` became admin). */
export function holdsTop(role: Role, policies: Policies): boolean {
  return ranks[role] >= ranks[topRole(policies)];
}

/** A role may act on the ranks below its own; the top role also on its equals. */
export function mayActOn(acting: Role, target: Role, policies: Policies): boolean {
  return holdsTop(acting, policies) || ranks[acting] > ranks[target];
}

/** A role may be given by those of its own rank or above. Owner is never given: ownership is transferred. */
export function mayGrant(acting: Role, role: Role): boolean {
  return role !== "owner" && ranks[acting] >= ranks[role];
}

/**
 * The rank that an actor acts with. An organization's own key acts as an admin, whoever made it; the SaaS's platform
 * keys and its operators act as the top role.
 */
export function actingRole(actor: Actor, role: Role | null, policies: Policies): Role {
  return role ?? (actor.kind === "organization_key" ? "admin" : topRole(policies));
}

/** What a rule about one member looks at. */
export interface MemberChange {
  acting: Role;
  target: Role;
  /** How many members hold the top role now, the target included. */
  topHolders: number;
}

/** @throws DomainError forbidden, last_owner, last_admin */
export function assertMayRemove(change: MemberChange, policies: Policies): void {
  assertMayActOn(change, policies);
  assertTopRoleStays(change, policies);
}

/** @throws DomainError last_owner, last_admin */
export function assertMayLeave(role: Role, topHolders: number, policies: Policies): void {
  assertTopRoleStays({ target: role, topHolders }, policies);
}

/** @throws DomainError cannot_change_own_role, invalid_role, forbidden, last_owner, last_admin */
export function assertMaySetRole(
  change: MemberChange & { isSelf: boolean; next: Role },
  policies: Policies,
): void {
  if (change.isSelf) {
    throw new DomainError("cannot_change_own_role", "Nobody changes their own role.");
  }
  if (change.next === "owner") {
    throw new DomainError("invalid_role", "The owner's role is not given; ownership is transferred.");
  }
  assertMayActOn(change, policies);
  if (!mayGrant(change.acting, change.next)) {
    throw new DomainError("forbidden", "A role above your own is not yours to give.", { role: change.next });
  }
  if (!holdsTop(change.next, policies)) {
    assertTopRoleStays(change, policies);
  }
}

function assertMayActOn(change: MemberChange, policies: Policies): void {
  if (!mayActOn(change.acting, change.target, policies)) {
    throw new DomainError("forbidden", "This member's rank is not below yours.", { role: change.target });
  }
}

function assertTopRoleStays(change: { target: Role; topHolders: number }, policies: Policies): void {
  if (!holdsTop(change.target, policies) || change.topHolders > 1) {
    return;
  }
  throw topRole(policies) === "owner"
    ? new DomainError("last_owner", "The organization would be left without an owner.")
    : new DomainError("last_admin", "The organization would be left without an admin.");
}

/** The same for somebody who is unknown as for a member of another organization. */
export function notAMember(): DomainError {
  return new DomainError("not_a_member", "This user is no active member of the organization.");
}
