import { findCustomer } from "@headroom/db/customers";
import { readCatalogue } from "@headroom/db/plans";
import { withOrganization } from "@headroom/db/tenancy";
import { isOurs } from "@headroom/domain/billing";
import type { Catalogue } from "@headroom/domain/catalogue";
import { DomainError } from "@headroom/domain/errors";
import type { SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import { uuidv7 } from "@headroom/platform/uuid";
import { endSuperseded } from "./checkout.ts";
import type { ServiceContext } from "./context.ts";
import { withCustomerLease } from "./customer-leases.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { requireStripe } from "./stripe/requirements.ts";

const over: readonly string[] = ["canceled", "incomplete_expired"];

/**
 * Ends what Stripe has of a deleted organization: open checkouts, then every live subscription of ours, at once or,
 * under `organizations.deleteWithSubscription: cancel_at_period_end`, with its paid period. Run again it finds nothing
 * left to do.
 * @param context `db` as hr_worker. @throws StripeFault, DomainError billing_not_configured, unavailable: try again later
 */
export async function cancelSubscriptions(
  context: ServiceContext,
  { organizationId }: { organizationId: string },
): Promise<{ cancelled: number }> {
  const ready = requireStripe(context);
  const { db, log } = ready;
  if (ready.stripe.readOnly) {
    // Once billing is live, what is read of the customer asks for it again.
    log.warn({ organizationId }, "subscriptions of a deleted organization go on: billing is not live");
    return { cancelled: 0 };
  }
  const { customerId, catalogue } = await withOrganization(db, organizationId, async (tx) => ({
    customerId: await findCustomer(tx, organizationId),
    catalogue: await readCatalogue(tx),
  }));
  if (customerId === null) {
    return { cancelled: 0 };
  }
  await endSuperseded(ready, organizationId, customerId);
  const cancelled = await withCustomerLease(
    ready,
    customerId,
    () => endLive(ready, organizationId, customerId, catalogue),
    {
      waitMs: 5_000,
    },
  );
  if (cancelled === "busy") {
    throw new DomainError("unavailable", "Somebody else works on the customer.");
  }
  return { cancelled };
}

/** The caller holds the customer's lease. Answers how many were live. */
async function endLive(
  { stripe, log, configuration }: ServiceContext & { stripe: StripeGateway },
  organizationId: string,
  customerId: string,
  catalogue: Catalogue,
): Promise<number> {
  const customer = await stripe.fetchCustomer(customerId);
  const atPeriodEnd = configuration.policies.organizations.deleteWithSubscription === "cancel_at_period_end";
  const ours = (customer?.subscriptions ?? []).filter((one) => isOurs(one, catalogue));
  const live = ours.filter((one) => !over.includes(one.status) && !(atPeriodEnd && isEnding(one)));
  for (const { id, status } of live) {
    // Stripe lets an incomplete one only be ended at once.
    const when = atPeriodEnd && status !== "incomplete" ? "period_end" : "now";
    // What is live was read a moment ago: a key of its own, so that no earlier error is given again.
    await stripe.cancelSubscription(id, when, uuidv7());
    log.info(
      { organizationId, subscriptionId: id, when },
      "subscription of a deleted organization cancelled",
    );
  }
  return live.length;
}

function isEnding({ cancelAt, cancelAtPeriodEnd }: SubscriptionSnapshot): boolean {
  return cancelAtPeriodEnd || cancelAt !== null;
}
