import { findAccount } from "@headroom/db/accounts";
import { readClock } from "@headroom/db/clock";
import { finishInvite } from "@headroom/db/invite-writes";
import { type ListedInvite, readInvites } from "@headroom/db/invites";
import { findOrganization } from "@headroom/db/organizations";
import { lockOrganization, type OrganizationRow, type Tx, withOrganization } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import {
  assertPending,
  type InvitedRole,
  type InviteStatus,
  maskEmail,
  statusAt,
} from "@headroom/domain/invites";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { assertOpens, type OpenedToken, resolveToken } from "./invite-tokens.ts";
import { inviteNotFound } from "./invite-views.ts";

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
  const opened = await resolveToken(context, input.token);
  return withOrganization(context.db, opened.organizationId, async (tx) => {
    const organization = await findOrganization(tx, opened.organizationId);
    const { invite, state } = await readOpened(tx, opened);
    return toPreview(tx, organization, invite, state);
  });
}

/**
 * Declines an invite. The link is enough: whoever received it need not sign in to say no. Again: the same answer.
 * @throws DomainError invite_not_found, invite_not_pending, invite_expired
 */
export async function declineInvite(
  context: ServiceContext,
  input: { token: string },
): Promise<InvitePreview> {
  const opened = await resolveToken(context, input.token);
  return withOrganization(context.db, opened.organizationId, async (tx) => {
    const organization = await lockOrganization(tx, opened.organizationId);
    const { invite, state, at } = await readOpened(tx, opened);
    if (organization !== null && state !== "declined") {
      assertPending(state);
      await finishInvite(tx, { organization_id: organization.id, id: invite.id }, { status: "declined", at });
      const inviteId = encodeId("inv", invite.id);
      await recordChange(tx, {
        organizationId: organization.id,
        actor: { kind: "system", name: "invite_link" },
        audit: { action: "invite.declined", target: inviteId, personal: { email: invite.email } },
        events: [{ name: "invite.declined", payload: { inviteId } }],
      });
    }
    return toPreview(tx, organization, invite, "declined");
  });
}

async function readOpened(
  tx: Tx,
  opened: OpenedToken,
): Promise<{ invite: ListedInvite; state: InviteStatus; at: Date }> {
  const { organizationId, inviteId } = opened;
  const invite = assertOpens(opened, (await readInvites(tx, organizationId, [inviteId])).get(inviteId));
  const at = await readClock(tx);
  return { invite, state: statusAt(invite.status, Date.parse(invite.expiresAt), at.getTime()), at };
}

async function toPreview(
  tx: Tx,
  organization: OrganizationRow | null,
  invite: ListedInvite,
  state: InviteStatus,
): Promise<InvitePreview> {
  if (organization === null) {
    throw inviteNotFound();
  }
  const inviter = invite.invitedBy === null ? null : await findAccount(tx, invite.invitedBy);
  const name = inviter?.name ?? (inviter?.email ? maskEmail(inviter.email) : null);
  return {
    organization: { name: organization.name },
    invitedBy: name === null ? null : { name },
    role: invite.role,
    email: maskEmail(invite.email),
    expiresAt: new Date(invite.expiresAt).toISOString(),
    state,
  };
}
