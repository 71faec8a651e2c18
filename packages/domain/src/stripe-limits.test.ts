import fc from "fast-check";
import { expect, test } from "vitest";
import { noteCall, type RecentCalls, slotFor } from "./stripe-limits.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const prorations = ["next_invoice", "now", "none"] as const;

/** Stripe's own numbers (docs.stripe.com/rate-limits): ours stay below them. */
const stripe = { updatesAnHour: 200, invoicesAMinute: 10, invoicesADay: 20 };

/** The most that any window of this length holds. */
function densest(calls: readonly number[], window: number): number {
  return Math.max(0, ...calls.map((from) => calls.filter((at) => at >= from && at < from + window).length));
}

test("whoever asks at whatever moments, and calls when the slot says, stays within Stripe's limits", () => {
  const pause = fc.oneof(fc.integer({ max: 2_000, min: 0 }), fc.integer({ max: 20 * minute, min: 0 }));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(pause, fc.constantFrom(...prorations)), { minLength: 250, maxLength: 400 }),
      (wishes) => {
        let recent: RecentCalls = { updates: [], invoices: [] };
        const calls: number[] = [];
        const invoices: number[] = [];
        let now = 0;
        for (const [wait, wished] of wishes) {
          now += wait;
          let slot = slotFor(recent, wished, now);
          expect(slot.at).toBeGreaterThanOrEqual(now);
          now = slot.at;
          slot = slotFor(recent, wished, now);
          expect(slot.at).toBe(now);
          recent = noteCall(recent, slot.proration, now);
          calls.push(now);
          if (slot.proration === "now") {
            invoices.push(now);
          }
        }
        expect(densest(calls, hour)).toBeLessThanOrEqual(stripe.updatesAnHour);
        expect(densest(invoices, minute)).toBeLessThanOrEqual(stripe.invoicesAMinute);
        expect(densest(invoices, day)).toBeLessThanOrEqual(stripe.invoicesADay);
      },
    ),
    { numRuns: 60 },
  );
});

test("the ninth invoice of a minute waits for the first to leave it", () => {
  const invoices = Array.from({ length: 8 }, (_, second) => second * 1_000);
  const recent = { updates: invoices, invoices };
  expect(slotFor(recent, "now", 10_000)).toEqual({ at: 60_000, proration: "now" });
  expect(slotFor(recent, "next_invoice", 10_000)).toEqual({ at: 10_000, proration: "next_invoice" });
});

test("a day without an invoice left sends the change with the next one, at once", () => {
  const invoices = Array.from({ length: 16 }, (_, index) => index * hour);
  const recent = { updates: invoices.slice(-1), invoices };
  expect(slotFor(recent, "now", 16 * hour)).toEqual({ at: 16 * hour, proration: "next_invoice" });
  expect(slotFor(recent, "now", day)).toEqual({ at: day, proration: "now" });
});

test("calls that no longer count are forgotten", () => {
  const recent = { updates: [0, hour], invoices: [0, hour] };
  expect(noteCall(recent, "now", day)).toEqual({ updates: [day], invoices: [hour, day] });
});
