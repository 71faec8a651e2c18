import type { Proration } from "./configuration.ts";
import type { Instant } from "./subscriptions.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * What Stripe takes for one subscription (docs.stripe.com/rate-limits), less a part that is left to plan changes,
 * renewals and people: 200 changes of quantity an hour, 10 new invoices a minute and 20 a day.
 */
export const subscriptionLimits = { updatesAnHour: 180, invoicesAMinute: 8, invoicesADay: 16 } as const;

/** Calls that were made lately for one subscription, in any order. Real time. */
export interface RecentCalls {
  updates: readonly Instant[];
  /** Those of them that made an invoice. */
  invoices: readonly Instant[];
}

/** When the next call may go, and how it is then settled. */
export interface Slot {
  at: Instant;
  proration: Proration;
}

/**
 * A sliding window over the calls of the last hour and day. What comes before the slot is one call then, because calls
 * are absolute. When the day has no invoice left, the next invoice carries the change, so that the quantity does not wait.
 */
export function slotFor(recent: RecentCalls, proration: Proration, now: Instant): Slot {
  const { updatesAnHour, invoicesAMinute, invoicesADay } = subscriptionLimits;
  const spent = proration === "now" && within(recent.invoices, day, now).length >= invoicesADay;
  const settled = spent ? "next_invoice" : proration;
  const free = freeAt(recent.updates, hour, updatesAnHour, now);
  const at = settled === "now" ? Math.max(free, freeAt(recent.invoices, minute, invoicesAMinute, now)) : free;
  return { at, proration: settled };
}

/** The calls that still count, and one that is made now. */
export function noteCall(recent: RecentCalls, proration: Proration, now: Instant): RecentCalls {
  const invoiced = proration === "now" ? [now] : [];
  return {
    updates: [...within(recent.updates, hour, now), now],
    invoices: [...within(recent.invoices, day, now), ...invoiced],
  };
}

/** The first instant with fewer than `most` calls in the window that ends there. */
function freeAt(calls: readonly Instant[], window: number, most: number, now: Instant): Instant {
  const counted = within(calls, window, now);
  const leaving = counted[counted.length - most];
  return leaving === undefined ? now : leaving + window;
}

function within(calls: readonly Instant[], window: number, now: Instant): Instant[] {
  return calls.filter((at) => at > now - window).sort((a, b) => a - b);
}
