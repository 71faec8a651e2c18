import { closeSessions } from "@headroom/db/checkouts";
import { readClock } from "@headroom/db/clock";
import { noteSynced, noteSyncFault } from "@headroom/db/customer-leases";
import { linkCustomer, organizationOfCustomer } from "@headroom/db/customers";
import {
  closeEvents,
  hasDueEvents,
  listDueCustomers,
  notePending,
  type PendingEvents,
  putOffEvents,
} from "@headroom/db/inbox";
import { lockOrganizationOrDeleted, type Tx, withOrganization, withSystem } from "@headroom/db/tenancy";
import { decodeId } from "@headroom/domain/ids";
import type { SubscriptionFacts } from "@headroom/domain/subscriptions";
import type { ServiceContext } from "./context.ts";
import { type CustomerLease, withCustomerLease } from "./customer-leases.ts";
import { isPassing } from "./stripe/faults.ts";
import type { CustomerState, StripeGateway } from "./stripe/gateway.ts";
import { applyCustomer } from "./subscriptions.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;

/** What became of a customer's events. `busy`: another process is at it and will see them. */
export type SyncOutcome = "applied" | "ignored" | "put_off" | "busy" | "nothing";

/**
 * Applies everything that waits for a Stripe customer: one process at a time, by refetching what Stripe has now, so
 * that order and number of the events do not matter. What Stripe said is written only while the lease is still held.
 * @param context `db` as hr_webhook or hr_worker.
 */
export async function syncCustomer(context: Context, customerId: string): Promise<SyncOutcome> {
  const { db, stripe } = context;
  if (stripe === null) {
    return "nothing";
  }
  for (let outcome: SyncOutcome = "nothing"; ; ) {
    const now = await withCustomerLease(context, customerId, (lease) =>
      syncUnderLease({ ...context, stripe }, lease),
    );
    if (now === "busy") {
      return outcome === "nothing" ? "busy" : outcome;
    }
    outcome = now;
    // An event that came meanwhile found the lease taken and left: it is seen here, after the lease is back.
    if (outcome === "put_off" || !(await withSystem(db, (tx) => hasDueEvents(tx, customerId)))) {
      return outcome;
    }
  }
}

/** Applies what the webhook app left behind: customers whose events are due, at most 50 of them. */
export async function sweepInbox(context: Context): Promise<{ customers: number; putOff: number }> {
  const customers = await withSystem(context.db, (tx) => listDueCustomers(tx, 50));
  let putOff = 0;
  for (const customerId of context.stripe === null ? [] : customers) {
    if ((await syncCustomer(context, customerId)) === "put_off") {
      putOff += 1;
    }
  }
  return { customers: customers.length, putOff };
}

type StripeContext = Context & { stripe: StripeGateway };

/**
 * Reads a customer's state from Stripe and writes it, whether an event waits or not: after a call of our own, and in
 * sweeps. Null: the organization has been purged.
 * @param context `db` as any role that may write subscriptions. @throws StripeFault, Error when the lease was lost
 */
export async function refreshCustomer(
  { db, stripe }: StripeContext,
  lease: CustomerLease,
  organizationId: string,
): Promise<SubscriptionFacts | null> {
  const customer = await stripe.fetchCustomer(lease.customerId);
  return withOrganization(db, organizationId, async (tx) => {
    const organization = await lockOrganizationOrDeleted(tx, organizationId);
    await lease.assertHeld(tx);
    if (organization === null) {
      return null;
    }
    const facts = await applyCustomer(tx, organization, customer, await readClock(tx));
    await noteSynced(tx, lease.customerId, null);
    return facts;
  });
}

async function syncUnderLease(context: StripeContext, lease: CustomerLease): Promise<SyncOutcome> {
  const { db, log } = context;
  const { customerId } = lease;
  const noted = await withSystem(db, (tx) => notePending(tx, customerId));
  if (noted === null) {
    return "nothing";
  }
  try {
    return await applyEvents(context, lease, noted);
  } catch (fault) {
    log.error({ err: fault, customerId }, "Stripe events put off");
    const message = fault instanceof Error ? fault.message : String(fault);
    await withSystem(db, async (tx) => {
      if (await lease.isHeld(tx)) {
        await putOffEvents(tx, customerId, noted.seq, { message, passing: isPassing(fault) });
        await noteSyncFault(tx, customerId, message);
      }
    });
    return "put_off";
  }
}

async function applyEvents(
  { db, stripe, log }: StripeContext,
  lease: CustomerLease,
  noted: PendingEvents,
): Promise<SyncOutcome> {
  const { customerId } = lease;
  const customer = await stripe.fetchCustomer(customerId);
  const linked = await withSystem(db, (tx) => organizationOfCustomer(tx, customerId));
  const organizationId = linked ?? claimedBy(noted, customer);
  if (organizationId === null) {
    return ignoreForeign(db, lease, noted, customer);
  }
  return withOrganization<SyncOutcome>(db, organizationId, async (tx) => {
    // A deleted one too: its bills go on until its subscription ends, and are gone only when it is purged.
    const organization = await lockOrganizationOrDeleted(tx, organizationId);
    await lease.assertHeld(tx);
    if (organization === null) {
      await closeNoted(tx, lease, noted, "ignored");
      return "ignored";
    }
    const now = await readClock(tx);
    if (linked === null && !(await linkCustomer(tx, organizationId, customerId, now))) {
      throw new Error(`customer ${customerId} names an organization that has another customer`);
    }
    const { state, planId, attention } = await applyCustomer(tx, organization, customer, now);
    await closeNotedSessions(tx, organizationId, noted);
    await closeNoted(tx, lease, noted, "applied");
    log.info(
      { organizationId, customerId, seq: noted.seq, state, planId, attention },
      "Stripe events applied",
    );
    return "applied";
  });
}

async function closeNoted(
  tx: Tx,
  { customerId }: CustomerLease,
  { seq }: PendingEvents,
  status: "applied" | "ignored",
): Promise<void> {
  await closeEvents(tx, customerId, seq, { status });
  await noteSynced(tx, customerId, seq);
}

// The organization that a checkout was opened for, or that the customer was made for.
function claimedBy({ sessions }: PendingEvents, customer: CustomerState | null): string | null {
  const named = sessions.map(({ reference }) => decodeId("org", reference ?? "")).find((id) => id !== null);
  return named ?? customer?.organizationId ?? null;
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

// A Stripe account may serve more than us. A customer who has one of our prices and no organization is a fault.
async function ignoreForeign(
  db: Context["db"],
  lease: CustomerLease,
  noted: PendingEvents,
  customer: CustomerState | null,
): Promise<SyncOutcome> {
  const { customerId } = lease;
  if (customer?.subscriptions.some(({ items }) => items.some((item) => "headroom_role" in item.metadata))) {
    throw new Error(`customer ${customerId} has a subscription of ours and no organization`);
  }
  return withSystem<SyncOutcome>(db, async (tx) => {
    await lease.assertHeld(tx);
    await closeNoted(tx, lease, noted, "ignored");
    return "ignored";
  });
}
