import { readClock } from "@headroom/db/clock";
import { findMembership, findOwner, updateRole } from "@headroom/db/members";
import type { Tx } from "@headroom/db/tenancy";
import { memberBehind } from "@headroom/domain/access";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { assertMayTransfer } from "@headroom/domain/ownership";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { type OrganizationView, toOrganizationView } from "./organization-views.ts";

export interface TransferredOwnership {
  organization: OrganizationView;
  ownerId: string;
  /** An admin now; null: the organization had no owner. The same as `ownerId` when nothing changed. */
  previousOwnerId: string | null;
}

/**
 * Makes an active member the owner, and the owner an admin. To the owner: nothing changes.
 * @param input `userId` is a raw UUID; with `dryRun` nothing is written.
 * @throws DomainError ownership_transfer_disabled, not_a_member, invalid_role
 */
export async function transferOwnership(
  context: ServiceContext,
  access: Access,
  { userId, dryRun = false }: { userId: string; dryRun?: boolean },
): Promise<TransferredOwnership> {
  const { policies, support } = context.configuration;
  assertMayTransfer(access.actor, policies, support);
  return withLockedOrganization(context, access, async (tx, organization, fresh) => {
    if ((await findMembership(tx, organization.id, userId)) === null) {
      throw new DomainError("not_a_member", "Ownership goes to an active member only.");
    }
    const previous = (await findOwner(tx, organization.id))?.user_id ?? null;
    if (!dryRun && previous !== userId) {
      await moveOwnership(tx, fresh, { from: previous, to: userId });
    }
    const self = memberBehind(fresh.actor);
    const role = self === null ? null : ((await findMembership(tx, organization.id, self))?.role ?? null);
    return {
      organization: toOrganizationView(organization, role),
      ownerId: encodeId("usr", userId),
      previousOwnerId: previous === null ? null : encodeId("usr", previous),
    };
  });
}

// The old owner steps down first: the index allows one owner at every moment.
async function moveOwnership(
  tx: Tx,
  { organizationId, actor }: Access,
  { from, to }: { from: string | null; to: string },
): Promise<void> {
  const at = await readClock(tx);
  if (from !== null) {
    await updateRole(tx, organizationId, from, { role: "admin", at });
  }
  await updateRole(tx, organizationId, to, { role: "owner", at });
  const users = { from: from === null ? null : encodeId("usr", from), to: encodeId("usr", to) };
  await recordChange(tx, {
    organizationId,
    actor,
    audit: {
      action: "organization.ownership_transferred",
      target: encodeId("org", organizationId),
      data: users,
    },
    events: [{ name: "organization.ownership_transferred", payload: users }],
  });
}
