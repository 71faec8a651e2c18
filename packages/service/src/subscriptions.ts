import { closeSessions } from "@headroom/db/checkouts";
import { readClock } from "@headroom/db/clock";
import { extendLease, holdLease, releaseLease, takeLease } from "@headroom/db/customer-leases";
import { linkCustomer, organizationOfCustomer } from "@headroom/db/customers";
import {
  closeEvents,
  hasDueEvents,
  listDueCustomers,
  notePending,
  type PendingEvents,
  putOffEvents,
} from "@headroom/db/inbox";
import { enqueue } from "@headroom/db/jobs";
import { wakeOverages } from "@headroom/db/overages";
import { readCatalogue } from "@headroom/db/plans";
import { readSubscription, writeSubscription } from "@headroom/db/subscriptions";
import {
  lockOrganizationOrDeleted,
  type OrganizationRow,
  type Tx,
  withOrganization,
  withSystem,
} from "@headroom/db/tenancy";
import { reduceSubscription } from "@headroom/domain/billing";
import { decodeId, encodeId } from "@headroom/domain/ids";
import { canonical } from "@headroom/domain/plans";
import { isLiveAtStripe, type SubscriptionFacts, transitionsOf } from "@headroom/domain/subscriptions";
import { uuidv7 } from "@headroom/platform/uuid";
import { queuePaymentFailed } from "./billing-mails.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { isPassing } from "./stripe/faults.ts";
import type { CustomerState, StripeGateway } from "./stripe/gateway.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;

/** What became of a customer's events. `busy`: another process is at it and will see them. */
export type SyncOutcome = "applied" | "ignored" | "put_off" | "busy" | "nothing";

/**
 * Applies everything that waits for a Stripe customer: one process at a time, by refetching what Stripe has now, so
 * that order and number of the events do not matter. What Stripe said is written only while the lease is still held.
 * @param context `db` as hr_webhook or hr_worker.
 */
export async function syncCustomer(context: Context, customerId: string): Promise<SyncOutcome> {
  const { stripe } = context;
  if (stripe === null) {
    return "nothing";
  }
  for (let outcome: SyncOutcome = "nothing"; ; ) {
    const token = uuidv7();
    if (!(await withSystem(context.db, (tx) => takeLease(tx, customerId, token)))) {
      return outcome === "nothing" ? "busy" : outcome;
    }
    outcome = await syncUnderLease({ ...context, stripe }, customerId, token);
    // An event that came meanwhile found the lease taken and left: it is seen here, after the lease is back.
    if (outcome === "put_off" || !(await withSystem(context.db, (tx) => hasDueEvents(tx, customerId)))) {
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

async function syncUnderLease(
  context: StripeContext,
  customerId: string,
  token: string,
): Promise<SyncOutcome> {
  const { db, log } = context;
  const noted = await withSystem(db, (tx) => notePending(tx, customerId));
  let error: string | null = null;
  const heartbeat = setInterval(() => void keepLease(context, customerId, token), 1_500);
  try {
    return noted === null ? "nothing" : await applyEvents(context, customerId, token, noted);
  } catch (fault) {
    log.error({ err: fault, customerId }, "Stripe events put off");
    error = fault instanceof Error ? fault.message : String(fault);
    const reason = { message: error, passing: isPassing(fault) };
    await withSystem(db, async (tx) => {
      if (noted !== null && (await holdLease(tx, customerId, token))) {
        await putOffEvents(tx, customerId, noted.seq, reason);
      }
    });
    return "put_off";
  } finally {
    clearInterval(heartbeat);
    await withSystem(db, (tx) => releaseLease(tx, customerId, token, { seq: noted?.seq ?? null, error }));
  }
}

// A short lease that is kept alive: the events of a process that was killed wait seconds, not as long as Stripe may take.
async function keepLease({ db, log }: StripeContext, customerId: string, token: string): Promise<void> {
  try {
    await withSystem(db, (tx) => extendLease(tx, customerId, token));
  } catch (error) {
    log.warn({ err: error, customerId }, "lease not extended");
  }
}

async function applyEvents(
  { db, stripe, log }: StripeContext,
  customerId: string,
  token: string,
  noted: PendingEvents,
): Promise<SyncOutcome> {
  const customer = await stripe.fetchCustomer(customerId);
  const linked = await withSystem(db, (tx) => organizationOfCustomer(tx, customerId));
  const organizationId = linked ?? claimedBy(noted, customer);
  if (organizationId === null) {
    return ignoreForeign(db, customerId, token, noted, customer);
  }
  return withOrganization<SyncOutcome>(db, organizationId, async (tx) => {
    // A deleted one too: its bills go on until its subscription ends, and are gone only when it is purged.
    const organization = await lockOrganizationOrDeleted(tx, organizationId);
    await assertLease(tx, customerId, token);
    if (organization === null) {
      await closeEvents(tx, customerId, noted.seq, { status: "ignored" });
      return "ignored";
    }
    const now = await readClock(tx);
    if (linked === null && !(await linkCustomer(tx, organizationId, customerId, now))) {
      throw new Error(`customer ${customerId} names an organization that has another customer`);
    }
    const facts = await applyCustomer(tx, organization, customer, now);
    await closeNotedSessions(tx, organizationId, noted);
    if (organization.deleted_at !== null && isLiveAtStripe(facts) && facts.cancelAt === null) {
      const jobKey = `cancel_subscriptions:${organizationId}`;
      await enqueue(tx, "cancel_subscriptions", { organizationId }, { jobKey });
    }
    if ((await wakeOverages(tx, organizationId)) > 0) {
      await enqueue(tx, "report_overage", {}, { jobKey: "report_overage" });
    }
    await closeEvents(tx, customerId, noted.seq, { status: "applied" });
    const { state, planId, attention } = facts;
    log.info(
      { organizationId, customerId, seq: noted.seq, state, planId, attention },
      "Stripe events applied",
    );
    return "applied";
  });
}

/** Reduces and writes; nothing is written where nothing changed. The caller holds lock and lease. */
async function applyCustomer(
  tx: Tx,
  organization: OrganizationRow,
  customer: CustomerState | null,
  now: Date,
): Promise<SubscriptionFacts> {
  const organizationId = organization.id;
  const { facts: previous } = await readSubscription(tx, organizationId);
  const catalogue = await readCatalogue(tx);
  const subscriptions = customer?.subscriptions ?? [];
  const { facts, periodStart } = reduceSubscription(subscriptions, catalogue, previous, now.getTime());
  if (canonical(facts) === canonical(previous)) {
    return facts;
  }
  await writeSubscription(tx, organizationId, facts, { periodStart, now });
  const actor = { kind: "system", name: "stripe" } as const;
  for (const { action, data } of transitionsOf(previous, facts)) {
    const target = encodeId("org", organizationId);
    await recordChange(tx, { organizationId, actor, audit: { action, target, data } });
  }
  if (facts.state === "past_due" && previous.state !== "past_due") {
    await queuePaymentFailed(tx, organization, facts, now);
  }
  await recordChange(tx, {
    organizationId,
    actor,
    events: [{ name: "entitlements.changed", payload: {} }],
  });
  return facts;
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
  customerId: string,
  token: string,
  noted: PendingEvents,
  customer: CustomerState | null,
): Promise<SyncOutcome> {
  if (customer?.subscriptions.some(({ items }) => items.some((item) => "headroom_role" in item.metadata))) {
    throw new Error(`customer ${customerId} has a subscription of ours and no organization`);
  }
  return withSystem<SyncOutcome>(db, async (tx) => {
    await assertLease(tx, customerId, token);
    await closeEvents(tx, customerId, noted.seq, { status: "ignored" });
    return "ignored";
  });
}

async function assertLease(tx: Tx, customerId: string, token: string): Promise<void> {
  if (!(await holdLease(tx, customerId, token))) {
    throw new Error(`the lease of customer ${customerId} was lost`);
  }
}
