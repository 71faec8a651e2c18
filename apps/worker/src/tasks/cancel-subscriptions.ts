import type { JobPayloads } from "@headroom/db/jobs";
import type { ServiceContext } from "@headroom/service/context";
import { cancelSubscriptions } from "@headroom/service/subscription-cancellation";

/** Ends what Stripe has of a deleted organization. */
export async function cancelOrganizationSubscriptions(
  context: ServiceContext,
  payload: JobPayloads["cancel_subscriptions"],
): Promise<void> {
  await cancelSubscriptions(context, payload);
}
