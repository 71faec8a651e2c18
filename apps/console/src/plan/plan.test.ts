import { createFormats } from "@headroom/react";
import { expect, test } from "vitest";
import { plan as words } from "../messages/en/plan.ts";
import { isActivated } from "./checkout-return.ts";
import { effectOf } from "./effect.ts";
import { limitChanges } from "./limits.ts";
import { seatsIn } from "./seat-numbers.ts";
import { isUnpaid, standingOf } from "./standing.ts";

const end = "2026-12-22T16:00:00.000Z";
const formats = createFormats("en-GB", "UTC");
const active: Parameters<typeof standingOf>[0] = {
  status: "active",
  source: "stripe",
  period: { start: "2026-11-22T16:00:00.000Z", end },
  trialEnd: null,
  cancelAt: null,
  effectiveAt: null,
  pendingPlan: null,
};
const standing = (over: Partial<typeof active>) =>
  standingOf({ ...active, ...over }, words, formats, (id) => id.toUpperCase());

test("how a plan stands is said in a word and a sentence", () => {
  expect(standing({})).toEqual({ badge: "Active", tone: "ok", text: "Renews on 22 Dec 2026." });
  const free = { planId: "free", planVersion: 1 };
  expect(standing({ pendingPlan: free, effectiveAt: end }).text).toContain("Moves to FREE on 22 Dec 2026.");
  const ending = standing({ pendingPlan: free, effectiveAt: end, cancelAt: end });
  expect([ending.badge, ending.text]).toEqual([
    "Ends soon",
    "Ends on 22 Dec 2026. Until then everything stays as it is; after that FREE holds.",
  ]);
  expect(standing({ status: "trialing", trialEnd: "2026-12-01T00:00:00.000Z" }).text).toContain("1 Dec 2026");
  expect(standing({ status: "trialing", cancelAt: end }).badge).toBe("Ends soon");
  expect(standing({ status: "past_due" }).tone).toBe("danger");
  expect(standing({ status: "restricted", cancelAt: end }).badge).toBe("Restricted");
  expect(standing({ source: "operator" }).text).toBe(words.standing.operator);
});

test("an open payment stands in the way, a trial does not", () => {
  expect(
    (["past_due", "restricted", "suspended", "incomplete"] as const).map((status) => isUnpaid({ status })),
  ).toEqual([true, true, true, true]);
  expect((["active", "trialing", "none", "ended"] as const).some((status) => isUnpaid({ status }))).toBe(
    false,
  );
});

test("when a change takes hold follows from the subscription, not from this device's clock", () => {
  const billing = { period: { start: end, end }, cancelAt: null, effectiveAt: null };
  expect(effectOf({ effectiveAt: null }, billing)).toBe("paid");
  expect(effectOf({ effectiveAt: end }, billing)).toBe("later");
  expect(effectOf({ effectiveAt: "2099-01-01T00:00:00.000Z" }, billing)).toBe("now");
});

test("a payment is there once its subscription is, with the plan that was paid for", () => {
  const plan = (id: string) => ({ id, version: 1, displayName: id });
  expect(isActivated({ source: "none", plan: plan("free") }, "pro")).toBe(false);
  expect(isActivated({ source: "stripe", plan: plan("team") }, "pro")).toBe(false);
  expect(isActivated({ source: "stripe", plan: plan("pro") }, "pro")).toBe(true);
  expect(isActivated({ source: "stripe", plan: plan("pro") }, null)).toBe(true);
});

test("seats are whole numbers that the api takes", () => {
  expect(["0", " 7 ", "100000"].map(seatsIn)).toEqual([0, 7, 100_000]);
  expect(["", "-1", "1.5", "1e3", "100001", "x"].map(seatsIn)).toEqual([null, null, null, null, null, null]);
});

type Target = Parameters<typeof limitChanges>[2]["to"];
const target = (seats: Partial<Target["seats"]>, limits: Target["limits"]): Target => ({
  id: "to",
  version: 1,
  displayName: "To",
  monthlyPriceCents: 0,
  prices: [],
  seats: { kind: "licensed", included: 2, max: null, prices: [], ...seats },
  dailyPageLimit: null,
  limits,
  features: {},
  trialDays: 0,
});
const seatPrices: Target["seats"]["prices"] = [{ interval: "month", currency: "usd", unitAmount: "900" }];
const billing = {
  seats: { limit: 7, members: 4, pending: 1, used: 5, available: 2, overLimit: false },
  seatsPurchased: 2,
};
const meters = [
  { meter: "pages", dailyUsed: 1_500, dailyLimit: 10_000, monthlyUsed: 9_000, included: null },
  { meter: "jobs", dailyUsed: 1, dailyLimit: null, monthlyUsed: 50, included: 100 },
];

test("limits are set beside what is used, and those that fall below it are marked", () => {
  const to = target({}, [{ meter: "pages", dailyLimit: 1_000, included: null, overage: null }]);
  const overLimit = { limit: 2, members: 4, pending: 1, used: 5 };
  const rows = limitChanges(billing, meters, { from: null, to }, { overLimit });
  expect(rows.map(({ kind, meter, now, after, exceeds }) => [kind, meter, now, after, exceeds])).toEqual([
    ["seats", null, 7, 2, true],
    ["daily", "pages", 10_000, 1_000, true],
    // The plan does not have the meter: it is closed.
    ["daily", "jobs", null, 0, true],
    ["period", "jobs", 100, 0, true],
  ]);
});

test("seats that were bought stay where they are sold; those that follow the members have the plan's limit", () => {
  const seatsAfter = (seats: Partial<Target["seats"]>, from: Target | null = null) =>
    limitChanges(billing, [], { from, to: target(seats, []) }, { overLimit: null })[0]?.after;
  expect(seatsAfter({ included: 20, prices: seatPrices })).toBe(22);
  expect(seatsAfter({ included: 20 })).toBe(20);
  expect(seatsAfter({ kind: "auto", max: 50 })).toBe(50);
  expect(seatsAfter({ included: 3, prices: seatPrices }, target({ kind: "auto" }, []))).toBe(4);
});
