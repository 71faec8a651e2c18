import type { Sandbox } from "./parts.ts";

const ended = ["canceled", "incomplete_expired"];
const most = 1000;

/** `GET /_sandbox/subscriptions`: those that have not ended, newest first, with the instants worth going to. */
export function shownSubscriptions({ store }: Sandbox): object {
  const live = store
    .page("subscription", { equal: {}, limit: most })
    .data.filter(({ status }) => !ended.includes(status));
  return {
    subscriptions: live.map((subscription) => {
      const customer = String(subscription.customer);
      return {
        id: subscription.id,
        customer,
        customerName: store.find("customer", customer)?.name ?? null,
        status: subscription.status,
        metadata: subscription.metadata,
        currentPeriodEnd: iso(Math.min(...subscription.items.data.map((item) => item.current_period_end))),
        trialEnd: iso(subscription.trial_end),
        cancelAt: iso(subscription.cancel_at),
      };
    }),
  };
}

function iso(seconds: number | null): string | null {
  return seconds === null || !Number.isFinite(seconds) ? null : new Date(seconds * 1000).toISOString();
}
