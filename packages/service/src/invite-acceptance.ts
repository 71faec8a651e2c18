import { type AcceptanceFacts, readAcceptanceFacts, writeAcceptance } from "@headroom/db/invite-facts";
import { lockOrganization, type OrganizationRow, type Tx, withOrganization } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import { assertInvitee, decideAcceptance, statusAt } from "@headroom/domain/invites";
import type { Role } from "@headroom/domain/permissions";
import { hasRoomForMember } from "@headroom/domain/seats";
import { uuidv7 } from "@headroom/platform/uuid";
import { assertKeyLives, requirePerson } from "./access.ts";
import { withSeatNotice } from "./billing-mails.ts";
import { toRecord } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { assertOpens, type OpenedToken, resolveToken } from "./invite-tokens.ts";
import { inviteNotFound } from "./invite-views.ts";
import { type OrganizationView, toOrganizationView } from "./organization-views.ts";
import { assertRoom } from "./seats.ts";

export interface AcceptedInvite {
  organization: OrganizationView;
  membershipId: string;
  /** The organization is the caller's active one now. */
  activeOrganizationSet: boolean;
}

/**
 * Joins the organization that a link invites to. Again by the same user: the same answer. A member stays what they
 * are. When the seats are full the invite stays open. Four statements: the token, the lock, everything that decides
 * (after the lock, because a statement that waited for it would still see what was there before), and the change.
 * @throws DomainError invite_not_found, invite_email_mismatch, email_not_verified, invite_not_pending, invite_expired,
 *   seat_limit_reached, forbidden for a key that acts for nobody
 */
export async function acceptInvite(
  context: ServiceContext,
  actor: Actor,
  input: { token: string },
): Promise<AcceptedInvite> {
  const userId = requirePerson(actor);
  const opened = await resolveToken(context, input.token);
  const accept = async (tx: Tx): Promise<AcceptedInvite> => {
    const organization = await lockOrganization(tx, opened.organizationId);
    if (organization === null) {
      throw inviteNotFound();
    }
    await assertKeyLives(tx, { organizationId: organization.id, actor });
    const facts = await readAcceptanceFacts(tx, organization.id, { inviteId: opened.inviteId, userId });
    const member = await join(context, tx, { organization, opened, actor, userId, facts });
    return {
      organization: toOrganizationView(organization, member.role),
      membershipId: encodeId("mbr", member.id),
      activeOrganizationSet: member.isNew || facts.account?.activeOrganizationId === organization.id,
    };
  };
  const { organizationId } = opened;
  return withSeatNotice(context, organizationId, () => withOrganization(context.db, organizationId, accept));
}

interface Call {
  organization: OrganizationRow;
  opened: OpenedToken;
  actor: Actor;
  userId: string;
  facts: AcceptanceFacts;
}

async function join(
  context: ServiceContext,
  tx: Tx,
  { organization, opened, actor, userId, facts }: Call,
): Promise<{ id: string; role: Role; isNew: boolean }> {
  const { at, seats, account, membership } = facts;
  const invite = assertOpens(opened, facts.invite);
  assertInvitee(invite.emailFolded, account ?? { email: null, emailVerified: false });
  const status = statusAt(invite.status, Date.parse(invite.expiresAt), at.getTime());
  const { acceptedBy } = invite;
  const step = decideAcceptance({ status, acceptedBy }, { id: userId, isMember: membership !== null });
  if (step === "member_already" && membership !== null) {
    return { ...membership, isNew: false };
  }
  if (step === "join") {
    await assertRoom(tx, context.configuration.policies, seats, hasRoomForMember);
  }
  const member = membership ?? { id: uuidv7(), role: invite.role };
  await writeAcceptance(tx, {
    organizationId: organization.id,
    inviteId: opened.inviteId,
    userId,
    at,
    membership: step === "join" ? member : null,
    change: toRecord(describeAcceptance({ organization, opened, actor, userId }, member, step === "join")),
  });
  return { ...member, isNew: step === "join" };
}

function describeAcceptance(
  { organization, opened, actor, userId: user }: Omit<Call, "facts">,
  { id, role }: { id: string; role: Role },
  joined: boolean,
) {
  const inviteId = encodeId("inv", opened.inviteId);
  const userId = encodeId("usr", user);
  const payload = { userId, membershipId: encodeId("mbr", id), role, inviteId };
  return {
    organizationId: organization.id,
    actor,
    audit: { action: "invite.accepted" as const, target: inviteId, data: { userId, role, joined } },
    events: [
      { name: "invite.accepted" as const, payload: { inviteId, userId } },
      ...(joined ? [{ name: "member.joined" as const, payload }] : []),
    ],
  };
}
