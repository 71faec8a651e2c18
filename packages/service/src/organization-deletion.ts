import { supersedeCheckouts } from "@headroom/db/checkouts";
import { readClock } from "@headroom/db/clock";
import { findCustomer } from "@headroom/db/customers";
import { enqueue } from "@headroom/db/jobs";
import {
  clearActiveOrganizations,
  endAllInvites,
  endRunningPeriods,
  listPurgeable,
  markDeleted,
  purgeOrganization,
  revokeAllKeys,
} from "@headroom/db/organization-deletion";
import { supersedeChanges } from "@headroom/db/subscription-intents";
import { readSubscription } from "@headroom/db/subscriptions";
import { type Tx, withSystem } from "@headroom/db/tenancy";
import type { Policies } from "@headroom/domain/configuration";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { assertConfirmed, purgeTime } from "@headroom/domain/organizations";
import { isLiveAtStripe } from "@headroom/domain/subscriptions";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";

export interface DeletedOrganization {
  organizationId: string;
  deletedAt: string;
  /** When its data goes for good, unless overage is still to be billed, and its slug is free. */
  purgeAt: string;
}

/**
 * Deletes an organization: at once it is gone for every caller, its keys and links are dead, and the running usage
 * period ends, so that its overage is billed. What Stripe has of it is ended by a job.
 * @throws DomainError validation_failed for another slug, active_subscription
 */
export async function deleteOrganization(
  context: ServiceContext,
  access: Access,
  input: { slug: string },
): Promise<DeletedOrganization> {
  const { policies } = context.configuration;
  return withLockedOrganization(context, access, async (tx, organization) => {
    assertConfirmed(organization, input.slug);
    const { id } = organization;
    await assertNoCharge(tx, id, policies);
    const at = await readClock(tx);
    const purgeAt = new Date(purgeTime(at.getTime()));
    await markDeleted(tx, id, { at, purgeAt });
    await clearActiveOrganizations(tx, id);
    const keysRevoked = await revokeAllKeys(tx, id, at);
    const invitesRevoked = await endAllInvites(tx, id, at);
    // After the audit head in the order of locks.
    await recordChange(tx, {
      organizationId: id,
      actor: access.actor,
      audit: {
        action: "organization.deleted",
        target: encodeId("org", id),
        data: { slug: organization.slug, purgeAt: purgeAt.toISOString(), keysRevoked, invitesRevoked },
      },
      events: [{ name: "organization.deleted", payload: {} }],
    });
    await endRunningPeriods(tx, id, at);
    await endAtStripe(tx, id);
    return {
      organizationId: encodeId("org", id),
      deletedAt: at.toISOString(),
      purgeAt: purgeAt.toISOString(),
    };
  });
}

async function assertNoCharge(tx: Tx, organizationId: string, policies: Policies): Promise<void> {
  const { facts } = await readSubscription(tx, organizationId);
  if (policies.organizations.deleteWithSubscription === "block" && isLiveAtStripe(facts)) {
    throw new DomainError("active_subscription", "The organization has a subscription: cancel it first.", {
      planId: facts.planId,
      status: facts.state,
    });
  }
}

// Under `block` too: a checkout that is open may be paid in this very moment.
async function endAtStripe(tx: Tx, organizationId: string): Promise<void> {
  await supersedeCheckouts(tx, organizationId);
  await supersedeChanges(tx, organizationId);
  if ((await findCustomer(tx, organizationId)) !== null) {
    const jobKey = `cancel_subscriptions:${organizationId}`;
    await enqueue(tx, "cancel_subscriptions", { organizationId }, { jobKey });
  }
}

const organizationsAtOnce = 20;
const eventsAtOnce = 20_000;

/**
 * Deletes the data of organizations that were deleted 30 days ago. One that still has overage to bill, or a
 * subscription that would go on charging, waits. Safe to run beside itself.
 * @param context `db` as hr_worker.
 */
export async function purgeOrganizations({
  db,
  log,
}: Pick<ServiceContext, "db" | "log">): Promise<{ purged: number }> {
  const due = await withSystem(db, (tx) => listPurgeable(tx, organizationsAtOnce));
  for (const organizationId of due) {
    while (!(await withSystem(db, (tx) => purgeOrganization(tx, organizationId, eventsAtOnce)))) {
      // The next lot of events, in a transaction of its own: none takes long.
    }
    log.info({ organizationId }, "deleted organization purged");
  }
  return { purged: due.length };
}
