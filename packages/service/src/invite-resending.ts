import { readInviteFacts } from "@headroom/db/invite-facts";
import { markExpired, renewInvite } from "@headroom/db/invite-writes";
import { findInvite, type InviteRow } from "@headroom/db/invites";
import type { OrganizationRow, Tx } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { decideResend } from "@headroom/domain/invitations";
import { inviteLifetime, statusAt } from "@headroom/domain/invites";
import { hasRoomForInvite } from "@headroom/domain/seats";
import { type Access, withLockedOrganization } from "./access.ts";
import { withSeatNotice } from "./billing-mails.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { waitForInviteMails } from "./invite-deliveries.ts";
import { recordExpiry } from "./invite-expiry.ts";
import { findInviterName, toAddressFacts } from "./invite-issuing.ts";
import { createLinkToken, linkTo } from "./invite-links.ts";
import { type IssuedInvite, inviteNotFound, readInvite, toIssuedInvite } from "./invite-views.ts";
import { queueInviteMail } from "./notifications.ts";
import { assertRoom } from "./seats.ts";

/**
 * Gives an invite another link and its whole time again, mails it, and waits up to 3 seconds for the first attempt. The
 * old link is dead once this has answered. One that has expired takes a seat again.
 * @throws DomainError invite_not_found, invite_not_pending, already_member, already_invited, seat_limit_reached
 */
export async function resendInvite(
  context: ServiceContext,
  access: Access,
  input: { inviteId: string },
): Promise<IssuedInvite> {
  const { invite, version } = await reissueInvite(context, access, input);
  const links = [{ id: input.inviteId, version }];
  const [delivery] = await waitForInviteMails(context, access.organizationId, links);
  return { ...invite, emailDelivery: delivery ?? invite.emailDelivery };
}

/** `resendInvite` without the wait. */
export async function reissueInvite(
  context: ServiceContext,
  access: Access,
  input: { inviteId: string },
): Promise<{ invite: IssuedInvite; version: number }> {
  const reissue = async (tx: Tx, organization: OrganizationRow) => {
    const invite = await findInvite(tx, organization.id, input.inviteId);
    if (invite === null) {
      throw inviteNotFound();
    }
    const at = await assertResendable(context, tx, invite);
    const { link, row } = await renew(context, tx, { organization, invite, at });
    const inviteId = encodeId("inv", invite.id);
    await recordChange(tx, {
      organizationId: organization.id,
      actor: access.actor,
      audit: { action: "invite.resent", target: inviteId, personal: { email: invite.email } },
      events: [{ name: "invite.resent", payload: { inviteId } }],
    });
    const written = await readInvite(tx, organization.id, invite.id);
    return { invite: toIssuedInvite(written, link), version: row.version };
  };
  return withSeatNotice(context, access.organizationId, () =>
    withLockedOrganization(context, access, reissue),
  );
}

/** Answers the instant that the decision holds for. */
async function assertResendable(context: ServiceContext, tx: Tx, invite: InviteRow): Promise<Date> {
  const { at, seats, addresses } = await readInviteFacts(tx, invite.organization_id, [invite.email_folded]);
  const [found] = addresses;
  const status = statusAt(invite.status, invite.expires_at.getTime(), at.getTime());
  const address = found === undefined ? { isMember: false, openInviteId: null } : toAddressFacts(found);
  const { needsSeat } = decideResend(status, address);
  if (needsSeat) {
    await assertRoom(tx, context.configuration.policies, seats, hasRoomForInvite);
  }
  await clearTheWay(tx, invite, found?.pending?.id ?? null);
  return at;
}

// A newer invite of the address that has expired, and that nobody has marked yet: one of an address is pending in the table.
async function clearTheWay(
  tx: Tx,
  { id, organization_id }: InviteRow,
  pendingId: string | null,
): Promise<void> {
  if (pendingId !== null && pendingId !== id) {
    await recordExpiry(tx, organization_id, await markExpired(tx, organization_id, { ids: [pendingId] }));
  }
}

async function renew(
  context: ServiceContext,
  tx: Tx,
  call: { organization: OrganizationRow; invite: InviteRow; at: Date },
): Promise<{ link: string; row: InviteRow }> {
  const { organization, invite, at } = call;
  const version = invite.version + 1;
  const token = createLinkToken(context, { id: invite.id, version });
  const expiresAt = new Date(at.getTime() + inviteLifetime(context.configuration.policies));
  const row = await renewInvite(tx, invite, { version, tokenHash: token.hash, at, expiresAt });
  const link = linkTo(context, token.secret);
  const inviterName = await findInviterName(tx, invite.invited_by);
  await queueInviteMail(tx, { invite: row, at, organizationName: organization.name, inviterName, link });
  return { link, row };
}
