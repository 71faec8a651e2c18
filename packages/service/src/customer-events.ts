import { closeSessions } from "@headroom/db/checkouts";
import { readClock } from "@headroom/db/clock";
import { noteSynced } from "@headroom/db/customer-leases";
import { findCustomer, linkCustomer, organizationOfCustomer } from "@headroom/db/customers";
import { closeEvents, type PendingEvents } from "@headroom/db/inbox";
import { type ParkingReason, parkEvents } from "@headroom/db/inbox-parking";
import { readCatalogue } from "@headroom/db/plans";
import {
  lockOrganizationOrDeleted,
  type Tx,
  withOrganization,
  withStatement,
  withSystem,
} from "@headroom/db/tenancy";
import { mapItem } from "@headroom/domain/catalogue";
import { decodeId } from "@headroom/domain/ids";
import { isLiveAtStripe, type SubscriptionFacts } from "@headroom/domain/subscriptions";
import { failpoint } from "@headroom/platform/failpoints";
import type { ServiceContext } from "./context.ts";
import type { CustomerLease } from "./customer-leases.ts";
import { noteInvoices } from "./invoice-holds.ts";
import type { CustomerState, StripeGateway } from "./stripe/gateway.ts";
import { applyCustomer } from "./subscriptions.ts";

type Context = Pick<ServiceContext, "db" | "log"> & { stripe: StripeGateway };

/**
 * Fetches a customer's state, writes it, and closes the events that it covers or parks them, in one transaction.
 * @throws StripeFault, Error when the lease was lost or the customer names an organization that has another one
 */
export async function applyEvents(
  context: Context,
  lease: CustomerLease,
  noted: PendingEvents,
): Promise<"applied" | "ignored" | "parked"> {
  const { db, stripe } = context;
  const { customerId } = lease;
  const customer = await stripe.fetchCustomer(customerId);
  failpoint("sync.fetched");
  const linked = await withStatement(db, (kysely) => organizationOfCustomer(kysely, customerId));
  // One who is gone and whom we never knew is nobody's.
  const organizationId = linked ?? (customer === null ? null : claimedBy(noted, customer));
  if (organizationId === null) {
    return setAside(context, lease, noted, customer);
  }
  return withOrganization(db, organizationId, async (tx) => {
    // A deleted one too: its bills go on until its subscription ends, and are gone only when it is purged.
    const organization = await lockOrganizationOrDeleted(tx, organizationId);
    await lease.assertHeld(tx);
    if (organization === null) {
      return closeNoted(tx, lease, noted, { status: "ignored", live: false });
    }
    const now = await readClock(tx);
    if (linked === null && !(await linkCustomer(tx, organizationId, customerId, now))) {
      throw new Error(`customer ${customerId} names an organization that has another customer`);
    }
    if ((await findCustomer(tx, organizationId)) !== customerId) {
      // The organization had it once: what it has now is another one's.
      await closeNotedSessions(tx, organizationId, noted);
      return closeNoted(tx, lease, noted, { status: "ignored", live: false });
    }
    const facts = await applyCustomer(tx, organization, { customerId, state: customer }, now);
    failpoint("sync.written");
    await closeNotedSessions(tx, organizationId, noted);
    await noteInvoices(tx, organizationId, noted.invoices);
    const outcome = await closeOrPark(tx, lease, noted, facts);
    failpoint("sync.closed");
    const { state, planId, attention } = facts;
    const fields = { organizationId, customerId, seq: noted.seq, state, planId, attention };
    context.log.info(fields, `Stripe events ${outcome}`);
    return outcome;
  });
}

/** What the events wait for whose state could not be read whole; null: nothing. */
export function parkingReason({ attention }: Pick<SubscriptionFacts, "attention">): ParkingReason | null {
  return attention === "unknown_price" || attention === "unknown_status" ? attention : null;
}

async function closeOrPark(
  tx: Tx,
  lease: CustomerLease,
  noted: PendingEvents,
  facts: SubscriptionFacts,
): Promise<"applied" | "parked"> {
  const reason = parkingReason(facts);
  const live = isLiveAtStripe(facts);
  if (reason === null) {
    return closeNoted(tx, lease, noted, { status: "applied", live });
  }
  await parkNoted(tx, lease, noted, { reason, live });
  return "parked";
}

async function closeNoted<Status extends "applied" | "ignored">(
  tx: Tx,
  { customerId, takenAt }: CustomerLease,
  noted: PendingEvents,
  { status, live }: { status: Status; live: boolean },
): Promise<Status> {
  await closeEvents(tx, customerId, noted, { status });
  await noteSynced(tx, customerId, { seq: noted.seq, checkedAt: takenAt, live });
  return status;
}

async function parkNoted(
  tx: Tx,
  { customerId, takenAt }: CustomerLease,
  { seq }: PendingEvents,
  { reason, live }: { reason: ParkingReason; live: boolean },
): Promise<void> {
  await parkEvents(tx, customerId, seq, reason);
  await noteSynced(tx, customerId, { seq, checkedAt: takenAt, live });
}

// The organization that a checkout was opened for, or that the customer was made for.
function claimedBy({ sessions }: PendingEvents, customer: CustomerState): string | null {
  const named = sessions.map(({ reference }) => decodeId("org", reference ?? "")).find((id) => id !== null);
  return named ?? customer.organizationId;
}

async function closeNotedSessions(
  tx: Tx,
  organizationId: string,
  { sessions }: PendingEvents,
): Promise<void> {
  const ids = (type: string) => sessions.filter((one) => one.type === type).map((one) => one.id);
  await closeSessions(tx, organizationId, ids("checkout.session.completed"), "completed");
  await closeSessions(tx, organizationId, ids("checkout.session.expired"), "expired");
}

// A Stripe account may serve more than us. A customer who has one of our prices waits until somebody links them.
async function setAside(
  { db, log }: Context,
  lease: CustomerLease,
  noted: PendingEvents,
  customer: CustomerState | null,
): Promise<"ignored" | "parked"> {
  const { customerId } = lease;
  const items = customer?.subscriptions.flatMap((one) => one.items) ?? [];
  const catalogue = await withSystem(db, readCatalogue);
  const isOurs = items.some((item) => "headroom_role" in item.metadata || mapItem(item, catalogue) !== null);
  if (isOurs) {
    log.warn({ customerId }, "Stripe events parked: the customer has our prices and no organization");
  }
  return withSystem(db, async (tx) => {
    await lease.assertHeld(tx);
    if (!isOurs) {
      return closeNoted(tx, lease, noted, { status: "ignored", live: false });
    }
    await parkNoted(tx, lease, noted, { reason: "unlinked", live: false });
    return "parked";
  });
}
