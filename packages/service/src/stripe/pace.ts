import { setTimeout as sleep } from "node:timers/promises";
import type { StripeGateway } from "./gateway.ts";

/** What long work of ours calls for each customer. The rest of Stripe's limit is for people who wait. */
export type PacedCalls = Pick<StripeGateway, "fetchCustomer" | "updateSubscription">;

/** The same gateway, never faster than this many requests a second in these calls. */
export function paced(stripe: StripeGateway, requestsPerSecond: number): StripeGateway {
  let next = 0;
  const take = async (requests: number): Promise<void> => {
    const now = performance.now();
    const at = Math.max(now, next);
    const pause = (requests * 1_000) / requestsPerSecond;
    next = at + pause;
    await sleep(at - now);
    // A timer is late now and then: the pause counts from when the call goes out.
    next = Math.max(next, performance.now() + pause);
  };
  const calls: PacedCalls = {
    async fetchCustomer(customerId) {
      // The customer, and the subscriptions.
      await take(2);
      return stripe.fetchCustomer(customerId);
    },
    async updateSubscription(subscriptionId, change, key) {
      await take(1);
      return stripe.updateSubscription(subscriptionId, change, key);
    },
  };
  return { ...stripe, ...calls };
}
