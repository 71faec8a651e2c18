import { findAccount, setActiveOrganization } from "@headroom/db/accounts";
import { readClock } from "@headroom/db/clock";
import { findInvite, findInviteByToken, finishInvite, type InviteRow } from "@headroom/db/invites";
import { findMembership, insertMembership } from "@headroom/db/members";
import { findOrganization } from "@headroom/db/organizations";
import { lockOrganization, type OrganizationRow, type Tx, withOrganization } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import {
  assertInvitee,
  assertPending,
  type InvitedRole,
  type InviteStatus,
  maskEmail,
  statusAt,
} from "@headroom/domain/invites";
import { uuidv7 } from "@headroom/platform/uuid";
import { requirePerson } from "./access.ts";
import { withSeatNotice } from "./billing-mails.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { inviteNotFound } from "./invites.ts";
import { type OrganizationView, toOrganizationView } from "./organization-views.ts";
import { assertRoomForMember } from "./seats.ts";
import { hashSecret } from "./secrets.ts";

export interface InvitePreview {
  organization: { name: string };
  /** Who invited, by name; null when a key did or the person has none. */
  invitedBy: { name: string } | null;
  role: InvitedRole;
  /** Masked: enough to recognize one's own. */
  email: string;
  expiresAt: string;
  state: InviteStatus;
}

/** What whoever holds the link may know before signing in. @throws DomainError invite_not_found */
export async function previewInvite(
  context: ServiceContext,
  input: { token: string },
): Promise<InvitePreview> {
  const { organizationId, inviteId, hash } = await resolveToken(context, input.token);
  return withOrganization(context.db, organizationId, async (tx) => {
    const organization = await findOrganization(tx, organizationId);
    if (organization === null) {
      throw inviteNotFound();
    }
    const invite = await readInviteOfToken(tx, { organizationId, inviteId, hash });
    const inviter = invite.invited_by === null ? null : await findAccount(tx, invite.invited_by);
    const name = inviter?.name ?? (inviter?.email ? maskEmail(inviter.email) : null);
    return {
      organization: { name: organization.name },
      invitedBy: name === null ? null : { name },
      role: invite.role,
      email: maskEmail(invite.email),
      expiresAt: invite.expires_at.toISOString(),
      state: statusAt(invite.status, invite.expires_at.getTime(), (await readClock(tx)).getTime()),
    };
  });
}

export interface AcceptedInvite {
  organization: OrganizationView;
  membershipId: string;
  /** The organization is the caller's active one now. */
  activeOrganizationSet: boolean;
}

/**
 * Joins the organization that a link invites to. Again by the same user: the same answer. A member stays what they
 * are. When the seats are full the invite stays open.
 * @throws DomainError invite_not_found, invite_email_mismatch, email_not_verified, invite_not_pending, invite_expired,
 *   seat_limit_reached, forbidden for a key that acts for nobody
 */
export async function acceptInvite(
  context: ServiceContext,
  actor: Actor,
  input: { token: string },
): Promise<AcceptedInvite> {
  const userId = requirePerson(actor);
  const { organizationId, inviteId, hash } = await resolveToken(context, input.token);
  const accept = async (tx: Tx): Promise<AcceptedInvite> => {
    const organization = await lockOrganization(tx, organizationId);
    if (organization === null) {
      throw inviteNotFound();
    }
    const invite = await readInviteOfToken(tx, { organizationId, inviteId, hash });
    const account = await findAccount(tx, userId);
    assertInvitee(invite.email_folded, {
      email: account?.email ?? null,
      emailVerified: account?.email_verified ?? false,
    });
    const joined = await join(context, tx, { organization, invite, actor, userId });
    const active = joined.isNew || account?.active_organization_id === organizationId;
    return {
      organization: toOrganizationView(organization, joined.role),
      membershipId: encodeId("mbr", joined.id),
      activeOrganizationSet: active,
    };
  };
  return withSeatNotice(context, organizationId, () => withOrganization(context.db, organizationId, accept));
}

async function join(
  context: ServiceContext,
  tx: Tx,
  call: { organization: OrganizationRow; invite: InviteRow; actor: Actor; userId: string },
) {
  const { organization, invite, actor, userId } = call;
  const at = await readClock(tx);
  const membership = await findMembership(tx, organization.id, userId);
  if (invite.status === "accepted" && invite.accepted_by === userId && membership !== null) {
    return { ...membership, isNew: false };
  }
  assertPending(statusAt(invite.status, invite.expires_at.getTime(), at.getTime()));
  if (membership === null) {
    await assertRoomForMember(tx, context.configuration.policies, organization.id, at);
  }
  const id = membership?.id ?? uuidv7();
  const role = membership?.role ?? invite.role;
  if (membership === null) {
    await insertMembership(tx, { organizationId: organization.id, id, userId, role, at });
    await setActiveOrganization(tx, userId, organization.id);
  }
  await finishInvite(tx, invite, { status: "accepted", acceptedBy: userId, at });
  const inviteId = encodeId("inv", invite.id);
  const member = { userId: encodeId("usr", userId), membershipId: encodeId("mbr", id), role, inviteId };
  await recordChange(tx, {
    organizationId: organization.id,
    actor,
    audit: {
      action: "invite.accepted",
      target: inviteId,
      data: { userId: member.userId, role, joined: membership === null },
    },
    events: [
      { name: "invite.accepted", payload: { inviteId, userId: member.userId } },
      ...(membership === null ? [{ name: "member.joined" as const, payload: member }] : []),
    ],
  });
  return { id, role, isNew: membership === null };
}

type Opened = { organizationId: string; inviteId: string; hash: Buffer };

async function resolveToken(context: ServiceContext, token: string): Promise<Opened> {
  const hash = hashSecret(token);
  const found = await findInviteByToken(context.db.kysely, hash);
  if (found === null) {
    throw inviteNotFound();
  }
  return { ...found, hash };
}

// Read after the lock: the link may have been revoked while the caller waited for it.
async function readInviteOfToken(tx: Tx, { organizationId, inviteId, hash }: Opened): Promise<InviteRow> {
  const invite = await findInvite(tx, organizationId, inviteId);
  if (invite === null || invite.status === "revoked" || !invite.token_hash.equals(hash)) {
    throw inviteNotFound();
  }
  return invite;
}
