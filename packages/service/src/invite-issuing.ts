import { findAccount, setFirstActiveOrganizations } from "@headroom/db/accounts";
import { type AddressRow, readInviteFacts } from "@headroom/db/invite-facts";
import { insertInvites, markExpired } from "@headroom/db/invite-writes";
import { type InviteRow, readInvites } from "@headroom/db/invites";
import { insertMembership } from "@headroom/db/members";
import type { OrganizationRow, Tx } from "@headroom/db/tenancy";
import { memberBehind } from "@headroom/domain/access";
import { DomainError } from "@headroom/domain/errors";
import type { RaisedEvent } from "@headroom/domain/events";
import { encodeId } from "@headroom/domain/ids";
import {
  type AddressFacts,
  decideInvitations,
  type InviteDecision,
  parseInvitation,
} from "@headroom/domain/invitations";
import { foldEmail, inviteLifetime } from "@headroom/domain/invites";
import { actingRole } from "@headroom/domain/members";
import type { Role } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import type { Access } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { recordExpiry } from "./invite-expiry.ts";
import { createLinkToken, linkTo } from "./invite-links.ts";
import { type IssuedInvite, inviteNotFound, toIssuedInvite } from "./invite-views.ts";
import { queueInviteMail } from "./notifications.ts";
import { seatRefusal } from "./seats.ts";

export interface NewInvite {
  email: string;
  /** `member` when absent, unless `invites.roleRequired`. */
  role?: Role | undefined;
}

/** What became of one address: an invite (which `direct` mode may have turned into a membership at once), or why not. */
export type InviteOutcome =
  | { kind: "invited" | "joined"; invite: IssuedInvite }
  | { kind: "refused"; error: DomainError };

interface Call {
  organization: OrganizationRow;
  access: Access;
}

type Granted = Extract<InviteDecision, { kind: "invited" | "joined" }> & {
  id: string;
  /** null: nobody needs one. */
  link: string | null;
  tokenHash: Buffer;
};

/**
 * Invites addresses, each under the raw id given for it, in their order; the organization is locked. One that is
 * refused writes nothing and hinders no other.
 */
export async function writeInvitations(
  context: ServiceContext,
  tx: Tx,
  { organization, access }: Call,
  invitations: readonly (NewInvite & { id: string })[],
): Promise<InviteOutcome[]> {
  const { policies } = context.configuration;
  const acting = actingRole(access.actor, access.role, policies);
  const parsed = invitations.map(({ id, ...asked }) =>
    parseInvitation({ ...asked, inviteId: encodeId("inv", id) }, acting, policies),
  );
  const folded = parsed.flatMap((one) => (one.kind === "candidate" ? one.emailFolded : []));
  const facts = await readInviteFacts(tx, organization.id, folded);
  const addresses = new Map(facts.addresses.map((row) => [row.folded, toAddressFacts(row)]));
  const decisions = decideInvitations(parsed, { addresses, seats: facts.seats, policies });
  const granted = decisions.map((decision, index) => grant(context, decision, invitations[index]?.id ?? ""));
  const writable = granted.filter((one) => one !== null);
  await clearTheWay(tx, organization.id, facts.addresses, writable);
  await writeGranted(context, tx, { organization, access }, { granted: writable, at: facts.at });
  const written = await readInvites(
    tx,
    organization.id,
    writable.map(({ id }) => id),
  );
  return Promise.all(
    decisions.map(async (decision, index): Promise<InviteOutcome> => {
      if (decision.kind === "refused") {
        return decision;
      }
      if (decision.kind === "full") {
        return { kind: "refused", error: await seatRefusal(tx, facts.seats, decision.seats) };
      }
      const invite = written.get(granted[index]?.id ?? "");
      if (invite === undefined) {
        throw inviteNotFound();
      }
      return { kind: decision.kind, invite: toIssuedInvite(invite, granted[index]?.link ?? null) };
    }),
  );
}

export function toAddressFacts(row: AddressRow): AddressFacts {
  return {
    isMember: row.isMember,
    openInviteId: row.pending?.isOpen ? encodeId("inv", row.pending.id) : null,
    hasAccount: row.hasAccount,
    // The database's idea of equal addresses may be wider than the rule's.
    verifiedUserIds: row.verified
      .filter(({ email }) => foldEmail(email) === row.folded)
      .map((one) => one.userId),
  };
}

function grant(context: ServiceContext, decision: InviteDecision, id: string): Granted | null {
  if (decision.kind === "refused" || decision.kind === "full") {
    return null;
  }
  const token = createLinkToken(context, { id, version: 1 });
  const link = decision.kind === "invited" ? linkTo(context, token.secret) : null;
  return { ...decision, id, link, tokenHash: token.hash };
}

// An invite that has expired makes room for its successor: only one of an address is pending in the table.
async function clearTheWay(
  tx: Tx,
  organizationId: string,
  addresses: readonly AddressRow[],
  granted: readonly Granted[],
): Promise<void> {
  const next = new Set(granted.map(({ emailFolded }) => emailFolded));
  const ids = addresses.flatMap(({ folded, pending }) =>
    pending !== null && !pending.isOpen && next.has(folded) ? pending.id : [],
  );
  if (ids.length > 0) {
    await recordExpiry(tx, organizationId, await markExpired(tx, organizationId, { ids }));
  }
}

async function writeGranted(
  context: ServiceContext,
  tx: Tx,
  { organization, access }: Call,
  { granted, at }: { granted: readonly Granted[]; at: Date },
): Promise<void> {
  const invitedBy = memberBehind(access.actor);
  const expiresAt = new Date(at.getTime() + inviteLifetime(context.configuration.policies));
  const rows = await insertInvites(
    tx,
    organization.id,
    granted.map((one) => ({
      ...one,
      invitedBy,
      acceptedBy: one.kind === "joined" ? one.userId : null,
      at,
      expiresAt,
    })),
  );
  const inviterName = await findInviterName(tx, invitedBy);
  for (const one of granted) {
    const invite = rows.get(one.id);
    if (one.link !== null && invite !== undefined) {
      await queueInviteMail(tx, {
        invite,
        at,
        organizationName: organization.name,
        inviterName,
        link: one.link,
      });
    }
    await recordInvitation(
      tx,
      { organization, access },
      one,
      await joinIfGranted(tx, organization.id, one, at),
    );
  }
  // Whoever has an active organization keeps it: they did not ask to come.
  const joined = granted.flatMap((one) => (one.kind === "joined" ? one.userId : []));
  if (joined.length > 0) {
    await setFirstActiveOrganizations(tx, joined, organization.id);
  }
}

/** Makes the member of `direct` mode. */
async function joinIfGranted(
  tx: Tx,
  organizationId: string,
  granted: Granted,
  at: Date,
): Promise<RaisedEvent[]> {
  if (granted.kind !== "joined") {
    return [];
  }
  const { inviteId, role } = granted;
  const id = uuidv7();
  if (!(await insertMembership(tx, { organizationId, id, userId: granted.userId, role, at }))) {
    throw new DomainError("user_not_found", "Nobody has an account with this address.");
  }
  const userId = encodeId("usr", granted.userId);
  return [
    { name: "invite.accepted", payload: { inviteId, userId } },
    { name: "member.joined", payload: { userId, membershipId: encodeId("mbr", id), role, inviteId } },
  ];
}

async function recordInvitation(
  tx: Tx,
  { organization, access }: Call,
  granted: Granted,
  joined: readonly RaisedEvent[],
): Promise<void> {
  const { inviteId, email, role } = granted;
  const subject = granted.kind === "joined" ? granted.userId : null;
  const member = subject === null ? {} : { userId: encodeId("usr", subject), joined: true };
  await recordChange(tx, {
    organizationId: organization.id,
    actor: access.actor,
    audit: {
      action: "invite.created",
      target: inviteId,
      data: { role, ...member },
      personal: { email },
      subject,
    },
    events: [{ name: "invite.created", payload: { inviteId, role } }, ...joined],
  });
}

/** How a mail names whoever invited; null when a key did. */
export async function findInviterName(tx: Tx, invitedBy: InviteRow["invited_by"]): Promise<string | null> {
  const inviter = invitedBy === null ? null : await findAccount(tx, invitedBy);
  return inviter?.name ?? inviter?.email ?? null;
}
