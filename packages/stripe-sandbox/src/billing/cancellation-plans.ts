import type { Books } from "../books.ts";
import { invalid } from "../failures.ts";
import type { Subscription } from "../wire.ts";

/** 400 for a subscription whose end is its schedule's to plan. */
export function assertOwnEnd({ id, schedule }: Subscription): void {
  if (schedule === null) return;
  throw invalid(`The end of ${id} is planned by the subscription schedule ${schedule}: change that instead.`);
}

/** Plans the end: at an instant, or (null) takes the plan back. */
export function planEnd(
  books: Books,
  subscription: Subscription,
  at: number | null,
  atPeriodEnd: boolean,
): Subscription {
  const details = subscription.cancellation_details;
  return {
    ...subscription,
    cancel_at: at,
    cancel_at_period_end: atPeriodEnd,
    canceled_at: at === null ? null : books.now,
    cancellation_details: {
      comment: details?.comment ?? null,
      feedback: details?.feedback ?? null,
      feedback_option: details?.feedback_option ?? null,
      reason: at === null ? null : "cancellation_requested",
    },
  };
}
