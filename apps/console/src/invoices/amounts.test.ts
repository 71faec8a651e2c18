import { expect, test } from "vitest";
import { mayComeOf, spanOf } from "./amounts.ts";

const overage = {
  unitPrice: "2.5",
  currency: "usd",
  otherPrices: [{ currency: "eur", unitPrice: "2" }],
  maxOverage: 200,
  ceiling: null,
};
const plan = { limits: [{ meter: "jobs", dailyLimit: null, included: 100, overage }] };
const jobs = { meter: "jobs", included: 100, overage: 64, maxOverage: 200, planId: "pro" };
const none = { overage: [] };

test("what may be added is what the cap leaves, at the price of the invoice's currency", () => {
  expect(mayComeOf([jobs], plan, { ...none, currency: "usd" })).toEqual([
    { meter: "jobs", units: 136, unitPrice: "2.5", amount: 340 },
  ]);
  expect(mayComeOf([jobs], plan, { ...none, currency: "eur" })[0]?.amount).toBe(272);
  expect(mayComeOf([{ ...jobs, overage: 250 }], plan, { ...none, currency: "usd" })[0]?.units).toBe(0);
  expect(
    mayComeOf([{ ...jobs, maxOverage: null }], plan, { ...none, currency: "usd" })[0]?.amount,
  ).toBeNull();
  const boundless = { ...jobs, maxOverage: Number.MAX_SAFE_INTEGER };
  expect(mayComeOf([boundless], plan, { ...none, currency: "usd" })[0]?.amount).toBe(Number.MAX_SAFE_INTEGER);
});

test("a meter that sells no overage adds nothing", () => {
  const pages = { ...jobs, meter: "pages" };
  expect(mayComeOf([pages], plan, { ...none, currency: "usd" })).toEqual([]);
  expect(mayComeOf([{ ...jobs, included: null }], plan, { ...none, currency: "usd" })).toEqual([]);
  expect(mayComeOf([jobs], null, { ...none, currency: "usd" })).toEqual([]);
});

test("an invoice is for the time of its plan's lines, not of the overage before it", () => {
  const line = (periodStart: string, periodEnd: string, meter: string | null) => ({
    description: null,
    quantity: null,
    unitPrice: null,
    amount: 0,
    meter,
    overageId: null,
    periodStart,
    periodEnd,
  });
  const invoice = { periodStart: "2026-12-22", periodEnd: "2026-12-22" };
  const lines = [line("2026-11-22", "2026-12-22", "jobs"), line("2026-12-22", "2027-01-22", null)];
  expect(spanOf({ ...invoice, lines })).toEqual({ start: "2026-12-22", end: "2027-01-22" });
  expect(spanOf({ ...invoice, lines: lines.slice(0, 1) }).start).toBe("2026-11-22");
  const prorated = line("2026-11-25", "2026-12-22", null);
  expect(spanOf({ ...invoice, lines: [prorated, ...lines] }).start).toBe("2026-12-22");
  expect(spanOf({ ...invoice, lines: [] })).toEqual({ start: "2026-12-22", end: "2026-12-22" });
});
