import { findCustomer } from "@headroom/db/customers";
import { readCatalogue } from "@headroom/db/plans";
import { withOrganization } from "@headroom/db/tenancy";
import { isOurs } from "@headroom/domain/billing";
import type { SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import { endSuperseded } from "./checkout.ts";
import type { ServiceContext } from "./context.ts";
import { requireStripe } from "./customers.ts";

const over: readonly string[] = ["canceled", "incomplete_expired"];

/**
 * Ends what Stripe has of a deleted organization: open checkouts, then every live subscription of ours, at once or,
 * under `organizations.deleteWithSubscription: cancel_at_period_end`, with its paid period. Run again it finds nothing
 * left to do.
 * @param context `db` as hr_worker. @throws StripeFault, DomainError billing_not_configured: try again later
 */
export async function cancelSubscriptions(
  context: ServiceContext,
  { organizationId }: { organizationId: string },
): Promise<{ cancelled: number }> {
  const ready = requireStripe(context);
  const { db, stripe, log, configuration } = ready;
  const { customerId, catalogue } = await withOrganization(db, organizationId, async (tx) => ({
    customerId: await findCustomer(tx, organizationId),
    catalogue: await readCatalogue(tx),
  }));
  if (customerId === null) {
    return { cancelled: 0 };
  }
  await endSuperseded(ready, organizationId, customerId);
  const customer = await stripe.fetchCustomer(customerId);
  const atPeriodEnd = configuration.policies.organizations.deleteWithSubscription === "cancel_at_period_end";
  const ours = (customer?.subscriptions ?? []).filter((one) => isOurs(one, catalogue));
  const live = ours.filter((one) => !over.includes(one.status) && !(atPeriodEnd && isEnding(one)));
  for (const { id, status } of live) {
    // Stripe lets an incomplete one only be ended at once.
    const when = atPeriodEnd && status !== "incomplete" ? "period_end" : "now";
    await stripe.cancelSubscription(id, when, `cancel:${id}:${when}`);
    log.info(
      { organizationId, subscriptionId: id, when },
      "subscription of a deleted organization cancelled",
    );
  }
  return { cancelled: live.length };
}

function isEnding({ cancelAt, cancelAtPeriodEnd }: SubscriptionSnapshot): boolean {
  return cancelAtPeriodEnd || cancelAt !== null;
}
