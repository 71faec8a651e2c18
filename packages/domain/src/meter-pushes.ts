import type { Instant } from "./subscriptions.ts";

/** The event name of Stripe's billing meter for one of ours. */
export function eventNameOf(meter: string): string {
  return `headroom_${meter}`;
}

/** What Stripe knows a push by, at most 100 characters. @param bucket the instant at which it ends; with a number in it */
export function identifierOf(organizationId: string, meter: string, bucket: Instant, seq: number): string {
  return `hr1:${organizationId.replaceAll("-", "")}:${meter}:${Math.floor(bucket / 1000)}:${seq}`;
}

/** The instant that a push carries: the last second of its period. */
export function pushTime(periodStart: Instant, periodEnd: Instant): Instant {
  return Math.max(Math.ceil(periodStart / 1000) * 1000, Math.ceil(periodEnd / 1000) * 1000 - 1000);
}

const hour = 3_600_000;
/** Stripe takes an identifier once in 24 hours at least (MeterEvents.d.ts of its package). */
const certainFor = 20 * hour;

/** What is done about a push that has no answer: sent, again too; or Stripe is asked first whether it arrived. */
export function nextStep(push: { state: string; sentAt: Instant | null }, now: Instant): "send" | "ask" {
  const old = push.sentAt !== null && now - push.sentAt >= certainFor;
  return push.state === "ambiguous" || old ? "ask" : "send";
}

/**
 * What Stripe's sum for the minute of a push says of it: it is in it, or it is not, or neither can be told.
 * @param others what else of ours is known to be in that minute.
 */
export function readSum(sum: number, others: number, value: number): "arrived" | "missing" | "unclear" {
  if (sum === others + value) {
    return "arrived";
  }
  return sum === others ? "missing" : "unclear";
}
