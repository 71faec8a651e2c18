import {
  type CheckoutIntent,
  closeCheckout,
  findOpenCheckout,
  type IntentStatus,
  keepSession,
  listSupersededCheckouts,
  supersedeCheckouts,
} from "@headroom/db/checkouts";
import { findCustomer } from "@headroom/db/customers";
import { enqueue } from "@headroom/db/jobs";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { isLiveAtStripe } from "@headroom/domain/subscriptions";
import type { Access } from "./access.ts";
import { type CheckoutView, claimCheckout } from "./checkout-intents.ts";
import type { CheckoutInput } from "./checkout-terms.ts";
import type { ServiceContext } from "./context.ts";
import { withCustomerLease } from "./customer-leases.ts";
import { refreshCustomer } from "./customer-sync.ts";
import { ensureCustomer, hasLostCustomer } from "./customers.ts";
import type { Repeatable } from "./idempotency.ts";
import { answerWithinMs, withinDeadline } from "./stripe/deadlines.ts";
import { forWaitingPerson, isUnanswered } from "./stripe/faults.ts";
import type { StripeCheckout, StripeGateway } from "./stripe/gateway.ts";
import { requireChanges, requireStripe } from "./stripe/requirements.ts";

type Context = Pick<ServiceContext, "db" | "configuration" | "addresses" | "log"> & { stripe: StripeGateway };

/**
 * Opens a checkout for a plan. Its row is committed before Stripe is called, and its id is the idempotency key: the
 * same wish again continues where the last try stopped; another wish closes the checkout that was open. A call that is
 * repeated under its key is answered with the checkout that it opened, also when another has taken its place since.
 * @throws DomainError plan_not_found (404), plan_not_available (400), active_subscription, currency_fixed and
 *   idempotency_mismatch (409), billing_not_configured and unavailable (503)
 */
export async function startCheckout(
  context: ServiceContext,
  access: Access,
  input: CheckoutInput,
  { idempotencyKey = null }: Repeatable = {},
): Promise<CheckoutView> {
  const ready = requireChanges(context);
  const intent = await claimCheckout(ready, access, input, idempotencyKey);
  if ("checkoutUrl" in intent) {
    return intent;
  }
  return answered(async () => {
    try {
      return await openFor(ready, access, input, intent);
    } catch (error) {
      const { organizationId } = access;
      if (!(await hasLostCustomer(ready, organizationId, error))) {
        throw error;
      }
      // It was for a customer who is gone; the next one is made for one who is there.
      await close(ready, organizationId, intent.id, "failed");
      return startCheckout(context, access, input);
    }
  });
}

async function openFor(
  context: ServiceContext & { stripe: StripeGateway },
  access: Access,
  input: CheckoutInput,
  intent: CheckoutIntent,
): Promise<CheckoutView> {
  const { organizationId } = access;
  const customerId = await ensureCustomer(context, organizationId);
  if (await endSuperseded(context, organizationId, customerId)) {
    await assertEnded(context, organizationId, customerId, () =>
      close(context, organizationId, intent.id, "failed"),
    );
  }
  const session = await openSession(context, organizationId, customerId, intent);
  if (session.status === "open" && session.url !== null) {
    return { checkoutUrl: session.url };
  }
  if (session.status === "complete") {
    await assertEnded(context, organizationId, customerId);
  }
  await close(context, organizationId, intent.id, session.status === "complete" ? "completed" : "expired");
  return startCheckout(context, access, input);
}

function answered<Result>(work: () => Promise<Result>): Promise<Result> {
  return forWaitingPerson(() => withinDeadline(answerWithinMs, work));
}

/** The session of an intent: the one it has, or, under the intent's own key, the one that Stripe opens for it. */
async function openSession(
  context: Context,
  organizationId: string,
  customerId: string,
  intent: CheckoutIntent,
): Promise<StripeCheckout> {
  const { db, stripe } = context;
  if (intent.session !== null) {
    return stripe.fetchCheckout(intent.session.id);
  }
  const session = await createSession(context, organizationId, customerId, intent);
  const { id, url } = session;
  if (
    url !== null &&
    !(await withOrganization(db, organizationId, (tx) =>
      keepSession(tx, organizationId, intent.id, { id, url }),
    ))
  ) {
    await stripe.expireCheckout(id);
    throw new DomainError("unavailable", "A newer checkout has taken the place of this one.");
  }
  return session;
}

async function createSession(
  context: Context,
  organizationId: string,
  customerId: string,
  { id, parameters }: CheckoutIntent,
): Promise<StripeCheckout> {
  const { planId: _plan, planVersion: _version, ...terms } = parameters;
  try {
    return await context.stripe.createCheckout({ organizationId, customerId, ...terms }, id);
  } catch (error) {
    context.log.error({ err: error, organizationId, intentId: id }, "checkout not opened");
    // A session that was opened all the same has an address that nobody was given.
    if (!isUnanswered(error)) {
      await close(context, organizationId, id, "failed");
    }
    throw error;
  }
}

/**
 * Closes the sessions of superseded checkouts; true when one of them was paid first. A session that was opened and
 * never written down is found by making the same call again, under the same key.
 */
export async function endSuperseded(
  context: Context,
  organizationId: string,
  customerId: string,
): Promise<boolean> {
  const superseded = await withOrganization(context.db, organizationId, (tx) =>
    listSupersededCheckouts(tx, organizationId),
  );
  let paid = false;
  for (const intent of superseded) {
    const session = intent.session ?? (await createSession(context, organizationId, customerId, intent));
    const { status } = await context.stripe.expireCheckout(session.id);
    paid ||= status === "complete";
    await close(context, organizationId, intent.id, status === "complete" ? "completed" : "expired");
  }
  return paid;
}

/** Lets nobody pay any more: the worker closes what is open. The caller holds the organization's lock. */
export async function withdrawCheckout(tx: Tx, organizationId: string): Promise<void> {
  if ((await findOpenCheckout(tx, organizationId)) !== null) {
    await supersedeCheckouts(tx, organizationId);
    await enqueue(tx, "end_checkouts", { organizationId }, { jobKey: `end_checkouts:${organizationId}` });
  }
}

/** Closes the sessions of withdrawn checkouts. @param context `db` as hr_worker. @throws StripeFault: try again later */
export async function endCheckouts(
  context: ServiceContext,
  { organizationId }: { organizationId: string },
): Promise<void> {
  const ready = requireStripe(context);
  // A page that was opened before billing went into the shadow is left to expire.
  if (ready.stripe.readOnly) {
    return;
  }
  const customerId = await withOrganization(ready.db, organizationId, (tx) =>
    findCustomer(tx, organizationId),
  );
  if (customerId !== null) {
    await endSuperseded(ready, organizationId, customerId);
  }
}

async function close(
  { db }: Context,
  organizationId: string,
  id: string,
  status: IntentStatus,
): Promise<void> {
  await withOrganization(db, organizationId, (tx) => closeCheckout(tx, organizationId, id, status));
}

// A checkout was paid: what it began runs, unless it has ended since. Stripe knows, whatever has reached us of it.
async function assertEnded(
  context: Context,
  organizationId: string,
  customerId: string,
  otherwise?: () => Promise<void>,
): Promise<void> {
  const facts = await withCustomerLease(
    context,
    customerId,
    (lease) => refreshCustomer(context, lease, organizationId),
    { waitMs: 5_000 },
  );
  if (facts === "busy" || facts === null || isLiveAtStripe(facts)) {
    await otherwise?.();
    throw new DomainError("active_subscription", "A checkout of this organization has just been paid.");
  }
}
