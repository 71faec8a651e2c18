import { readClock } from "@headroom/db/clock";
import { finishInvite } from "@headroom/db/invite-writes";
import { findInvite, listOpenInvites } from "@headroom/db/invites";
import { withOrganization } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { statusAt } from "@headroom/domain/invites";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Access, withLockedOrganization } from "./access.ts";
import { withSeatNotice } from "./billing-mails.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { createInOrganization } from "./creation.ts";
import { nextPage, type PageInput, readIdCursor } from "./cursors.ts";
import type { Repeatable } from "./idempotency.ts";
import { waitForInviteMails } from "./invite-deliveries.ts";
import { type NewInvite, writeInvitations } from "./invite-issuing.ts";
import { listedLink } from "./invite-links.ts";
import {
  type InviteView,
  type IssuedInvite,
  inviteNotFound,
  readInvite,
  toInviteView,
  toIssuedInvite,
} from "./invite-views.ts";

/**
 * Invites an address and waits up to 3 seconds for the first attempt to mail it. Under `invites.mode: direct` an
 * account that has verified the address is a member at once.
 * @throws DomainError validation_failed, invalid_role, forbidden, already_member, already_invited, user_not_found,
 *   seat_limit_reached, idempotency_mismatch
 */
export async function createInvite(
  context: ServiceContext,
  access: Access,
  input: NewInvite,
  repeatable: Repeatable = {},
): Promise<IssuedInvite> {
  const id = uuidv7();
  const invite = await issueInvite(context, access, { ...input, id }, repeatable);
  if (invite.emailDelivery !== "pending" || invite.id !== encodeId("inv", id)) {
    return invite;
  }
  const [delivery] = await waitForInviteMails(context, access.organizationId, [{ id, version: 1 }]);
  return { ...invite, emailDelivery: delivery ?? invite.emailDelivery };
}

/** `createInvite` without the wait: answers as soon as the invite and its mail are written down, under a fresh id. */
export async function issueInvite(
  context: ServiceContext,
  access: Access,
  { id, ...input }: NewInvite & { id: string },
  { idempotencyKey = null }: Repeatable = {},
): Promise<IssuedInvite> {
  const call = { idempotencyKey, procedure: "invites.create", payload: input, resourceId: id };
  return withSeatNotice(context, access.organizationId, () =>
    createInOrganization(context, access, call, {
      create: async (tx, organization, fresh) => {
        const [outcome] = await writeInvitations(context, tx, { organization, access: fresh }, [
          { ...input, id },
        ]);
        if (outcome?.kind === "refused") {
          throw outcome.error;
        }
        return outcome?.invite as IssuedInvite;
      },
      replay: async (tx, earlierId) =>
        toIssuedInvite(await readInvite(tx, access.organizationId, earlierId), null),
    }),
  );
}

/** The invites that can be accepted now, oldest first. A link is in it only where `invites.linkInList` says so. */
export async function listInvites(
  context: ServiceContext,
  access: Access,
  input: PageInput,
): Promise<{ invites: InviteView[]; nextCursor: string | null }> {
  const { organizationId } = access;
  const after = readIdCursor("invites", input.cursor);
  return withOrganization(context.db, organizationId, async (tx) => {
    const rows = await listOpenInvites(tx, organizationId, { after, limit: input.limit + 1 });
    const { items, nextCursor } = nextPage("invites", rows, input.limit, (row) => row.id);
    return { invites: items.map((row) => toInviteView(row, listedLink(context, row))), nextCursor };
  });
}

/** Ends a pending invite: its link opens nothing any more. @throws DomainError invite_not_found, invite_not_pending */
export async function revokeInvite(
  context: ServiceContext,
  access: Access,
  input: { inviteId: string },
): Promise<InviteView> {
  return withLockedOrganization(context, access, async (tx, organization) => {
    const invite = await findInvite(tx, organization.id, input.inviteId);
    if (invite === null) {
      throw inviteNotFound();
    }
    const at = await readClock(tx);
    const status = statusAt(invite.status, invite.expires_at.getTime(), at.getTime());
    if (status !== "pending") {
      throw new DomainError("invite_not_pending", "This invite is not open any more.", { status });
    }
    await finishInvite(tx, invite, { status: "revoked", at });
    const inviteId = encodeId("inv", invite.id);
    await recordChange(tx, {
      organizationId: organization.id,
      actor: access.actor,
      audit: { action: "invite.revoked", target: inviteId, personal: { email: invite.email } },
      events: [{ name: "invite.revoked", payload: { inviteId } }],
    });
    return toInviteView(await readInvite(tx, organization.id, invite.id));
  });
}
