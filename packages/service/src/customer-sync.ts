import { readClock } from "@headroom/db/clock";
import { noteSynced, noteSyncFault } from "@headroom/db/customer-leases";
import { hasDueEvents, listDueCustomers, notePending, putOffEvents } from "@headroom/db/inbox";
import { wakeCustomerEvents, wakeDueEvents } from "@headroom/db/inbox-parking";
import { readSubscription } from "@headroom/db/subscriptions";
import {
  lockOrganizationOrDeleted,
  type Tx,
  withOrganization,
  withStatement,
  withSystem,
} from "@headroom/db/tenancy";
import { isLiveAtStripe, type SubscriptionFacts } from "@headroom/domain/subscriptions";
import { failpoint } from "@headroom/platform/failpoints";
import { forEachAtOnce } from "./at-once.ts";
import { applyCatalogueEvents } from "./catalogue-events.ts";
import type { ServiceContext } from "./context.ts";
import { applyEvents, parkingReason } from "./customer-events.ts";
import { type CustomerLease, withCustomerLease } from "./customer-leases.ts";
import { isPassing } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { applyCustomer } from "./subscriptions.ts";
import { type ResolvingBudget, resolveThinEvents } from "./thin-events.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;

/** Two requests each, of the 25 a second that Stripe allows at least. */
const customersAtOnce = 4;

/** What became of a customer's events. `busy`: another process is at it and will see them. */
export type SyncOutcome = "applied" | "ignored" | "parked" | "put_off" | "busy" | "nothing";

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
    failpoint("sync.released");
    if (outcome === "put_off" || !(await withStatement(db, (kysely) => hasDueEvents(kysely, customerId)))) {
      return outcome;
    }
  }
}

/** A call takes a tenth of a second, or ten when Stripe is slow: customers who are due wait for this much and no more. */
const resolving: ResolvingBudget = { most: 10, withinMs: 2_000 };

/**
 * Applies what the webhook app left behind: a few thin events that Stripe is asked about, events about products and prices, and customers
 * whose events are due, at most 50 of them. However many thin events wait, customers are not kept by them: the next sweep asks about more. What was parked an hour ago is due again.
 * @param context `db` as hr_worker.
 */
export async function sweepInbox(context: Context): Promise<{ customers: number; putOff: number }> {
  await withSystem(context.db, wakeDueEvents);
  await resolveThinEvents(context, resolving);
  await applyCatalogueEvents(context);
  const customers = await withStatement(context.db, (kysely) => listDueCustomers(kysely, 50));
  let putOff = 0;
  await forEachAtOnce(context.stripe === null ? [] : customers, customersAtOnce, async (customerId) => {
    const outcome = await syncCustomer(context, customerId);
    putOff += outcome === "put_off" ? 1 : 0;
  });
  return { customers: customers.length, putOff };
}

type StripeContext = Context & { stripe: StripeGateway };

/**
 * Reads a customer's state from Stripe and writes it, whether an event waits or not: after a call of our own, and in
 * sweeps. Null: the organization has been purged.
 * @param written told in the same transaction what was and what is.
 * @param context `db` as any role that may write subscriptions. @throws StripeFault, Error when the lease was lost
 */
export async function refreshCustomer(
  { db, stripe }: StripeContext,
  lease: CustomerLease,
  organizationId: string,
  written: (tx: Tx, before: SubscriptionFacts, after: SubscriptionFacts) => Promise<void> = async () => {},
): Promise<SubscriptionFacts | null> {
  const { customerId, takenAt } = lease;
  const customer = await stripe.fetchCustomer(customerId);
  return withOrganization(db, organizationId, async (tx) => {
    const organization = await lockOrganizationOrDeleted(tx, organizationId);
    await lease.assertHeld(tx);
    if (organization === null) {
      return null;
    }
    const { facts: before } = await readSubscription(tx, organizationId);
    const facts = await applyCustomer(tx, organization, { customerId, state: customer }, await readClock(tx));
    const live = customer !== null && isLiveAtStripe(facts);
    await noteSynced(tx, customerId, { seq: null, checkedAt: takenAt, live });
    if (parkingReason(facts) === null) {
      await wakeCustomerEvents(tx, customerId);
    }
    await written(tx, before, facts);
    return facts;
  });
}

async function syncUnderLease(context: StripeContext, lease: CustomerLease): Promise<SyncOutcome> {
  const { db, log } = context;
  const { customerId } = lease;
  failpoint("sync.leased");
  const noted = await withStatement(db, (kysely) => notePending(kysely, customerId));
  if (noted === null) {
    return "nothing";
  }
  failpoint("sync.noted");
  try {
    const outcome = await applyEvents(context, lease, noted);
    failpoint("sync.committed");
    return outcome;
  } catch (fault) {
    log.error({ err: fault, customerId }, "Stripe events put off");
    const message = fault instanceof Error ? fault.message : String(fault);
    await withSystem(db, async (tx) => {
      // Else whoever has it now applies the events, and says what hinders them.
      if (await lease.isHeld(tx)) {
        await putOffEvents(tx, customerId, noted.seq, { message, passing: isPassing(fault) });
        await noteSyncFault(tx, customerId, message);
      }
    });
    return "put_off";
  }
}
