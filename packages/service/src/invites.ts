import { findAccount } from "@headroom/db/accounts";
import { readClock } from "@headroom/db/clock";
import {
  findInvite,
  findPendingInvite,
  finishInvite,
  type InviteRow,
  insertInvite,
  listOpenInvites,
} from "@headroom/db/invites";
import { isMemberEmail } from "@headroom/db/members";
import { type OrganizationRow, type Tx, withOrganization } from "@headroom/db/tenancy";
import { memberBehind } from "@headroom/domain/access";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { decideInviteRole, foldEmail, inviteLifetime, parseEmail, statusAt } from "@headroom/domain/invites";
import { actingRole } from "@headroom/domain/members";
import type { Role } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Access, withLockedOrganization } from "./access.ts";
import { withSeatNotice } from "./billing-mails.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { nextPage, type PageInput, readIdCursor } from "./cursors.ts";
import { type Repeatable, withIdempotency } from "./idempotency.ts";
import { type InviteView, toInviteViews } from "./invite-views.ts";
import { queueInviteMail, waitForInviteMail } from "./notifications.ts";
import { assertRoomForInvite } from "./seats.ts";
import { createInviteToken } from "./secrets.ts";

export interface NewInvite {
  email: string;
  /** `member` when absent, unless `invites.roleRequired`. */
  role?: Role | undefined;
}

/** An invite and, for whoever has just made it, its link. Told once: null when the call is repeated. */
export interface IssuedInvite extends InviteView {
  inviteUrl: string | null;
}

/**
 * Invites an address and waits up to 3 seconds for the first attempt to mail it.
 * @throws DomainError validation_failed, invalid_role, forbidden, already_member, already_invited,
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
  if (invite.inviteUrl === null) {
    return invite;
  }
  const emailDelivery = await waitForInviteMail(context, access.organizationId, { id, version: 1 });
  return { ...invite, emailDelivery };
}

/** `createInvite` without the wait: answers as soon as the invite and its mail are written down, under a fresh id. */
export async function issueInvite(
  context: ServiceContext,
  access: Access,
  { id, ...input }: NewInvite & { id: string },
  { idempotencyKey = null }: Repeatable = {},
): Promise<IssuedInvite> {
  const issue = (tx: Tx, organization: OrganizationRow, fresh: Access) =>
    withIdempotency(
      tx,
      {
        idempotencyKey,
        scopeId: organization.id,
        actor: access.actor,
        procedure: "invites.create",
        payload: input,
        resourceId: id,
      },
      {
        create: () => writeInvite(context, tx, { id, organization, access: fresh, input }),
        replay: async (earlierId) => ({
          ...(await readInvite(tx, organization.id, earlierId)),
          inviteUrl: null,
        }),
      },
    );
  return withSeatNotice(context, access.organizationId, () => withLockedOrganization(context, access, issue));
}

async function writeInvite(
  context: ServiceContext,
  tx: Tx,
  call: { id: string; organization: OrganizationRow; access: Access; input: NewInvite },
): Promise<IssuedInvite> {
  const { organization, access } = call;
  const { policies } = context.configuration;
  const email = parseEmail(call.input.email);
  const role = decideInviteRole(call.input.role, actingRole(access.actor, access.role, policies), policies);
  const at = await readClock(tx);
  await clearTheWay(tx, organization.id, email, at);
  await assertRoomForInvite(tx, policies, organization.id, at);
  const { secret, hash } = createInviteToken();
  const invitedBy = memberBehind(access.actor);
  const invite = await insertInvite(tx, {
    organizationId: organization.id,
    id: call.id,
    email,
    emailFolded: foldEmail(email),
    role,
    tokenHash: hash,
    invitedBy,
    at,
    expiresAt: new Date(at.getTime() + inviteLifetime(policies)),
  });
  const inviteUrl = linkTo(context.addresses.inviteAccept, secret);
  const inviter = invitedBy === null ? null : await findAccount(tx, invitedBy);
  await queueInviteMail(tx, {
    invite,
    at,
    organizationName: organization.name,
    inviterName: inviter?.name ?? inviter?.email ?? null,
    link: inviteUrl,
  });
  const inviteId = encodeId("inv", invite.id);
  await recordChange(tx, {
    organizationId: organization.id,
    actor: access.actor,
    audit: { action: "invite.created", target: inviteId, data: { role }, personal: { email } },
    events: [{ name: "invite.created", payload: { inviteId, role } }],
  });
  return { ...(await readInvite(tx, organization.id, invite.id)), inviteUrl };
}

/** An expired invite makes room for its successor; an open one, or a membership, does not. */
async function clearTheWay(tx: Tx, organizationId: string, email: string, at: Date): Promise<void> {
  if (await isMemberEmail(tx, organizationId, email)) {
    throw new DomainError("already_member", "This person is a member already.");
  }
  const earlier = await findPendingInvite(tx, organizationId, foldEmail(email));
  if (earlier === null) {
    return;
  }
  if (isOpen(earlier, at)) {
    throw new DomainError("already_invited", "This address has an invite that is still open.", {
      inviteId: encodeId("inv", earlier.id),
    });
  }
  await finishInvite(tx, earlier, { status: "expired", at });
}

function isOpen(invite: InviteRow, at: Date): boolean {
  return statusAt(invite.status, invite.expires_at.getTime(), at.getTime()) === "pending";
}

function linkTo(page: string, token: string): string {
  const url = new URL(page);
  url.searchParams.set("token", token);
  return url.href;
}

async function readInvite(tx: Tx, organizationId: string, inviteId: string): Promise<InviteView> {
  const invite = await findInvite(tx, organizationId, inviteId);
  const [view] = await toInviteViews(tx, organizationId, invite === null ? [] : [invite]);
  if (view === undefined) {
    throw inviteNotFound();
  }
  return view;
}

/** The invites that can be accepted now, oldest first. Never a token. */
export async function listInvites(
  context: ServiceContext,
  access: Access,
  input: PageInput,
): Promise<{ invites: InviteView[]; nextCursor: string | null }> {
  const { organizationId } = access;
  const after = readIdCursor(input.cursor);
  return withOrganization(context.db, organizationId, async (tx) => {
    const at = await readClock(tx);
    const rows = await listOpenInvites(tx, organizationId, { at, after, limit: input.limit + 1 });
    const { items, nextCursor } = nextPage(rows, input.limit, (row) => row.id);
    return { invites: await toInviteViews(tx, organizationId, items), nextCursor };
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
    if (!isOpen(invite, at)) {
      throw new DomainError("invite_not_pending", "This invite is not open any more.", {
        status: statusAt(invite.status, invite.expires_at.getTime(), at.getTime()),
      });
    }
    await finishInvite(tx, invite, { status: "revoked", at });
    const inviteId = encodeId("inv", invite.id);
    await recordChange(tx, {
      organizationId: organization.id,
      actor: access.actor,
      audit: { action: "invite.revoked", target: inviteId, personal: { email: invite.email } },
      events: [{ name: "invite.revoked", payload: { inviteId } }],
    });
    return readInvite(tx, organization.id, invite.id);
  });
}

export function inviteNotFound(): DomainError {
  return new DomainError("invite_not_found", "There is no such invite.");
}
