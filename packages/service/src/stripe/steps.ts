import type { StripeGateway, SubscriptionChange } from "./gateway.ts";

/** One call that changes a subscription; all of them are absolute. */
export type StripeStep =
  | { call: "update"; change: SubscriptionChange }
  | { call: "usage_prices"; priceIds: readonly string[] }
  | { call: "cancel"; when: "now" | "period_end" }
  | { call: "resume" };

/** Makes one of a wish's calls. */
export function perform(
  stripe: StripeGateway,
  subscriptionId: string,
  step: StripeStep,
  key: string,
): Promise<void> {
  switch (step.call) {
    case "update":
      return stripe.updateSubscription(subscriptionId, step.change, key);
    case "usage_prices":
      return stripe.setUsagePrices(subscriptionId, step.priceIds, key);
    case "cancel":
      return stripe.cancelSubscription(subscriptionId, step.when, key);
    case "resume":
      return stripe.resumeSubscription(subscriptionId, key);
  }
}
