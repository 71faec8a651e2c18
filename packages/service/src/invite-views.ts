import type { InviteRow } from "@headroom/db/invites";
import { type OutboxStatus, readDeliveries } from "@headroom/db/outbox";
import type { Tx } from "@headroom/db/tenancy";
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
  createdAt: string;
  expiresAt: string;
}

/** One mail per link: the row's key in the outbox. */
export function deliveryKey(invite: { id: string; version: number }): string {
  return `invite:${invite.id}:${invite.version}`;
}

/** The wire form of invites, with what became of their mails. There is no token in it, nor a hash of one. */
export async function toInviteViews(
  tx: Tx,
  organizationId: string,
  invites: readonly InviteRow[],
): Promise<InviteView[]> {
  const deliveries = await readDeliveries(tx, organizationId, invites.map(deliveryKey));
  return invites.map((invite) => ({
    id: encodeId("inv", invite.id),
    organizationId: encodeId("org", invite.organization_id),
    email: invite.email,
    role: invite.role,
    status: invite.status,
    invitedBy: invite.invited_by === null ? null : encodeId("usr", invite.invited_by),
    emailDelivery: deliveries.get(deliveryKey(invite)) ?? "skipped",
    createdAt: invite.created_at.toISOString(),
    expiresAt: invite.expires_at.toISOString(),
  }));
}
