import { type ListedInvite, readInvites } from "@headroom/db/invites";
import type { OutboxStatus } from "@headroom/db/outbox";
import type { Tx } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import type { InvitedRole, InviteStatus } from "@headroom/domain/invites";

export interface InviteView {
  id: string;
  organizationId: string;
  email: string;
  role: InvitedRole;
  status: InviteStatus;
  /** The user who invited; null when a key did. */
  invitedBy: string | null;
  emailDelivery: OutboxStatus;
  /** Only for those who may invite, and only under `invites.linkInList`; null: this one's link cannot be told again. */
  inviteUrl?: string | null;
  createdAt: string;
  expiresAt: string;
}

/** An invite as whoever has just made or renewed it sees it: its link, told once; null when the call is repeated. */
export interface IssuedInvite extends InviteView {
  inviteUrl: string | null;
  /** The membership that the invite has become; null while it is open. */
  teamMemberId: string | null;
}

/**
 * The wire form of an invite, without its token or a hash of it.
 * @param inviteUrl absent: the reader is told of no link.
 */
export function toInviteView(invite: ListedInvite, inviteUrl?: string | null): InviteView {
  return {
    id: encodeId("inv", invite.id),
    organizationId: encodeId("org", invite.organizationId),
    email: invite.email,
    role: invite.role,
    status: invite.status,
    invitedBy: invite.invitedBy === null ? null : encodeId("usr", invite.invitedBy),
    emailDelivery: invite.delivery ?? "skipped",
    ...(inviteUrl === undefined ? {} : { inviteUrl }),
    createdAt: toInstant(invite.createdAt),
    expiresAt: toInstant(invite.expiresAt),
  };
}

export function toIssuedInvite(invite: ListedInvite, inviteUrl: string | null): IssuedInvite {
  return {
    ...toInviteView(invite),
    inviteUrl,
    teamMemberId: invite.membershipId === null ? null : encodeId("mbr", invite.membershipId),
  };
}

/** @throws DomainError invite_not_found */
export async function readInvite(tx: Tx, organizationId: string, inviteId: string): Promise<ListedInvite> {
  const invite = (await readInvites(tx, organizationId, [inviteId])).get(inviteId);
  if (invite === undefined) {
    throw inviteNotFound();
  }
  return invite;
}

export function inviteNotFound(): DomainError {
  return new DomainError("invite_not_found", "There is no such invite.");
}

// PostgreSQL writes instants into JSON with the session's offset.
function toInstant(text: string): string {
  return new Date(text).toISOString();
}
