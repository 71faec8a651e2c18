import { clearActiveOrganization, findAccount } from "@headroom/db/accounts";
import { revokeMemberKeys } from "@headroom/db/api-keys";
import { readClock } from "@headroom/db/clock";
import { listMembers } from "@headroom/db/member-list";
import { countMembers, deleteMembership, findMember, type MemberRow, updateRole } from "@headroom/db/members";
import type { Tx } from "@headroom/db/tenancy";
import { memberBehind, personBehind } from "@headroom/domain/access";
import type { Policies } from "@headroom/domain/configuration";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import {
  actingRole,
  assertMayLeave,
  assertMayRemove,
  assertMaySetRole,
  holdsTop,
  type MemberChange,
} from "@headroom/domain/members";
import type { Role } from "@headroom/domain/permissions";
import { type Access, requirePerson, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { unassignConversations } from "./conversations.ts";
import { type MemberPage, type MemberView, toMemberPage, toMemberView } from "./member-list.ts";
import { type OrganizationView, toOrganizationView } from "./organization-views.ts";
import { releaseProfiles } from "./profiles.ts";

/** @throws DomainError user_not_found, cannot_change_own_role, invalid_role, forbidden, last_owner, last_admin */
export async function setMemberRole(
  context: ServiceContext,
  access: Access,
  input: { userId: string; role: Role },
): Promise<MemberView> {
  const { policies } = context.configuration;
  return withLockedOrganization(context, access, async (tx, organization, fresh) => {
    const member = await requireMember(tx, organization.id, input.userId);
    const change = await weigh(tx, fresh, member, policies);
    const isSelf = memberBehind(access.actor) === member.user_id;
    assertMaySetRole({ ...change, isSelf, next: input.role }, policies);
    if (member.role !== input.role) {
      const at = await readClock(tx);
      await updateRole(tx, organization.id, member.user_id, { role: input.role, at });
      const userId = encodeId("usr", member.user_id);
      const roles = { from: member.role, to: input.role };
      await recordChange(tx, {
        organizationId: organization.id,
        actor: access.actor,
        audit: { action: "member.role_changed", target: userId, data: roles },
        events: [{ name: "member.role_changed", payload: { userId, ...roles } }],
      });
    }
    return toMemberView({ ...member, role: input.role });
  });
}

/**
 * Removes a member; removing oneself is leaving. Frees the seat, revokes the member's personal keys, clears their
 * active organization; their conversations and profiles are nobody's then. Never refused for billing's sake.
 * @throws DomainError user_not_found, forbidden, last_owner, last_admin
 */
export async function removeMember(
  context: ServiceContext,
  access: Access,
  input: { userId: string },
): Promise<MemberPage & { organization: OrganizationView }> {
  const { policies } = context.configuration;
  // A member's own key is not the member: no scope lets it leave for them.
  const isSelf = personBehind(access.actor) === input.userId;
  const needed = { ...access, permission: isSelf ? ("members.leave" as const) : ("members.change" as const) };
  return withLockedOrganization(context, needed, async (tx, organization, fresh) => {
    const member = await requireMember(tx, organization.id, input.userId);
    const change = await weigh(tx, fresh, member, policies);
    if (isSelf) {
      assertMayLeave(member.role, change.topHolders, policies);
    } else {
      assertMayRemove(change, policies);
    }
    await endMembership(tx, fresh, member, isSelf ? "member.left" : "member.removed");
    const reader = isSelf ? { ...fresh, role: null } : fresh;
    const limit = 200;
    const list = await listMembers(tx, organization.id, { after: null, limit: limit + 1 });
    const page = toMemberPage(context, reader, list, limit);
    return { organization: toOrganizationView(organization, reader.role), ...page };
  });
}

/** @throws DomainError last_owner, last_admin, forbidden for a key */
export async function leaveOrganization(
  context: ServiceContext,
  access: Access,
): Promise<{ organizationId: string; activeOrganizationId: string | null }> {
  const { policies } = context.configuration;
  const userId = requirePerson(access.actor);
  return withLockedOrganization(context, access, async (tx, organization, fresh) => {
    const member = await requireMember(tx, organization.id, userId);
    const { topHolders } = await weigh(tx, fresh, member, policies);
    assertMayLeave(member.role, topHolders, policies);
    await endMembership(tx, fresh, member, "member.left");
    const active = (await findAccount(tx, userId))?.active_organization_id ?? null;
    return {
      organizationId: encodeId("org", organization.id),
      activeOrganizationId: active === null ? null : encodeId("org", active),
    };
  });
}

async function requireMember(tx: Tx, organizationId: string, userId: string): Promise<MemberRow> {
  const member = await findMember(tx, organizationId, userId);
  if (member === null) {
    throw new DomainError("user_not_found", "The organization has no such member.");
  }
  return member;
}

/** What the rules about a member look at, read under the organization's lock. */
export async function weigh(
  tx: Tx,
  access: Access,
  target: MemberRow,
  policies: Policies,
): Promise<MemberChange> {
  const counts = await countMembers(tx, access.organizationId);
  const top = (Object.keys(counts) as Role[]).filter((role) => holdsTop(role, policies));
  return {
    acting: actingRole(access.actor, access.role, policies),
    target: target.role,
    topHolders: top.reduce((sum, role) => sum + counts[role], 0),
  };
}

/** Ends a membership and what depends on it, under the organization's lock, by rules that were asked before. */
export async function endMembership(
  tx: Tx,
  access: Access,
  member: MemberRow,
  action: "member.removed" | "member.left",
): Promise<void> {
  const { organization_id: organizationId, user_id: userId } = member;
  const at = await readClock(tx);
  const consequences = [
    ...(await unassignConversations(tx, organizationId, userId, at)),
    ...(await releaseProfiles(tx, organizationId, userId, at)),
  ];
  await deleteMembership(tx, organizationId, userId);
  const keys = await revokeMemberKeys(tx, organizationId, userId, at);
  await clearActiveOrganization(tx, userId, organizationId);
  const target = encodeId("usr", userId);
  await recordChange(tx, {
    organizationId,
    actor: access.actor,
    audit: {
      action,
      target,
      data: { role: member.role, keysRevoked: keys.map((id) => encodeId("key", id)) },
    },
    events: [{ name: action, payload: { userId: target } }, ...consequences],
  });
}
