import { amountFor } from "@headroom/react";
import { describe, expect, test } from "vitest";
import { noticesOf, overageMoney } from "./notices.ts";
import type { Explanation, MeterUsage } from "./readings.ts";

type Counters = {
  day?: number;
  dailyLimit?: number | null;
  period?: number;
  included?: number | null;
  more?: number;
};

function usageOf({
  day = 0,
  dailyLimit = null,
  period = 0,
  included = null,
  more = 0,
}: Counters): MeterUsage {
  const hardCap = included === null ? null : included + more;
  const resetsAt = "2026-12-01T00:00:00.000Z";
  return {
    meter: "jobs",
    dailyUsed: day,
    dailyLimit,
    monthlyUsed: period,
    monthlyLimit: hardCap,
    planId: "free",
    planVersion: 1,
    periodStart: "2026-11-01T00:00:00.000Z",
    periodEnd: resetsAt,
    windows: {
      day: { used: day, held: 0, limit: dailyLimit, resetsAt },
      period: { used: period, held: 0, limit: hardCap, resetsAt },
    },
    included,
    overage: included === null ? 0 : Math.max(0, period - included),
    maxOverage: more,
    hardCap,
    remaining: null,
  };
}

const explained = (line: object | null, code = "organization_units") =>
  ({ line, limits: [{ limit: "max_overage", rule: { code, text: "" } }] }) as unknown as Explanation;
const line = { unitPrice: "2.5", currency: "usd", total: 0, amount: 0, quantity: 0, overCap: 0 };
const pro = {
  id: "pro",
  limits: [{ meter: "jobs", dailyLimit: 10_000, included: 100, overage: null }],
} as unknown as Parameters<typeof noticesOf>[1][number];
const notice = (counters: Counters, explanation = explained(line), plans = [pro]) =>
  noticesOf([usageOf(counters)], plans, new Map([["jobs", explanation]]))[0] ?? null;

describe("what people are told", () => {
  test("nothing while there is room", () => {
    expect(notice({ day: 999, dailyLimit: 1_000, period: 9, included: 10 })).toBeNull();
  });

  test("a daily limit: a larger plan helps, where there is one", () => {
    expect(notice({ day: 1_000, dailyLimit: 1_000 })).toMatchObject({
      kind: "daily_limit",
      remedy: "upgrade",
    });
    expect(notice({ day: 20_000, dailyLimit: 20_000 })).toMatchObject({ remedy: null });
  });

  test("the hard cap: more overage where it is sold, else a larger plan", () => {
    const full = { period: 15, included: 10, more: 5 };
    expect(notice(full)).toMatchObject({ kind: "hard_cap", remedy: "raise_cap" });
    expect(notice(full, explained(line, "ceiling"))).toMatchObject({ remedy: "upgrade" });
    expect(notice(full, explained(line, "subscription_state"))).toMatchObject({ remedy: "upgrade" });
    expect(notice(full, explained({ ...line, unitPrice: null }), [])).toMatchObject({ remedy: null });
  });

  test("overage, which can be capped otherwise", () => {
    expect(notice({ period: 12, included: 10, more: 5 })).toMatchObject({
      kind: "overage",
      remedy: "change_cap",
    });
  });
});

describe("what overage costs so far", () => {
  test("is what the server has worked out for this count, else the same sum", () => {
    const usage = usageOf({ period: 118, included: 100, more: 50 });
    const settled = explained({ ...line, total: 118, amount: 77, quantity: 20 });
    expect(overageMoney(usage, settled, amountFor)).toMatchObject({ amount: 77, units: 20, most: 125 });
    expect(overageMoney(usage, explained(line), amountFor)).toMatchObject({ amount: 45, units: 18 });
  });

  test("does not bill what stands above the cap", () => {
    const usage = usageOf({ period: 181, included: 100, more: 50 });
    expect(overageMoney(usage, explained({ ...line, overCap: 31 }), amountFor)).toMatchObject({ units: 50 });
    expect(overageMoney(usage, explained({ ...line, overCap: 0 }), amountFor)).toMatchObject({ units: 81 });
  });

  test("is nothing where none is sold", () => {
    expect(overageMoney(usageOf({}), explained({ ...line, unitPrice: null }), amountFor)).toBeNull();
  });
});
