import { listOrganizationsWithExpiredInvites, markExpired } from "@headroom/db/invite-writes";
import { lockOrganization, type Tx, withOrganization } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";

const organizationsAtOnce = 100;
const invitesAtOnce = 200;

/**
 * Marks the invites whose time is over and tells of it. They have not counted since that instant: this only makes it
 * known. Safe beside itself and when it is run again. Answers how many were marked.
 */
export async function expireInvites(context: Pick<ServiceContext, "db">): Promise<number> {
  let marked = 0;
  for (;;) {
    const due = await listOrganizationsWithExpiredInvites(context.db, organizationsAtOnce);
    let round = 0;
    for (const organizationId of due) {
      round += await expireInvitesOf(context, organizationId);
    }
    marked += round;
    if (round === 0) {
      return marked;
    }
  }
}

function expireInvitesOf(context: Pick<ServiceContext, "db">, organizationId: string): Promise<number> {
  return withOrganization(context.db, organizationId, async (tx) => {
    if ((await lockOrganization(tx, organizationId)) === null) {
      return 0;
    }
    const ids = await markExpired(tx, organizationId, { most: invitesAtOnce });
    await recordExpiry(tx, organizationId, ids);
    return ids.length;
  });
}

/** Tells of invites that were just marked as expired, raw ids; the organization is locked. */
export async function recordExpiry(tx: Tx, organizationId: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const inviteId = encodeId("inv", id);
    await recordChange(tx, {
      organizationId,
      actor: { kind: "system", name: "expiry" },
      audit: { action: "invite.expired", target: inviteId },
      events: [{ name: "invite.expired", payload: { inviteId } }],
    });
  }
}
