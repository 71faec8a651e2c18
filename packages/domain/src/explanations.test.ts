import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainCharge } from "./charge-explanations.ts";
import { explainLimits, type LimitFacts, unitsFor } from "./limit-explanations.ts";
import { billableUnits } from "./overage.ts";
import { explainPlan } from "./plan-explanations.ts";
import { explainPeriod } from "./window-explanations.ts";

const none = { dailyLimit: null, included: null, maxOverage: null, hardCap: null };
const terms = {
  dailyLimit: 10,
  included: 100,
  overage: true,
  maxOverageDefault: 20,
  maxOverageCeiling: null,
  unitPrice: "2.5",
  currency: "usd",
  billAboveCap: false,
};
const active = {
  source: "stripe",
  state: "active",
  planId: "pro",
  limitsUntil: null,
  overageAllowed: true,
} as const;

function facts(more: Partial<LimitFacts>): LimitFacts {
  const plan = { id: "pro", version: 3 };
  const given = { at: 1_000, subscription: active, plan, terms, setting: null, overrides: [] };
  return { ...given, inForce: none, ...more };
}

/** As they come out when the gate agrees. */
function limitsOf(more: Partial<LimitFacts>) {
  const guess = { dailyLimit: 10, included: 100, maxOverage: 20, hardCap: 120 };
  return explainLimits(facts({ inForce: guess, ...more }));
}

describe("limits", () => {
  test("each name their source", () => {
    expect(limitsOf({}).map(({ value, rule }) => [value, rule.code])).toEqual([
      [10, "plan"],
      [100, "plan"],
      [20, "plan_default"],
      [120, "included_and_max_overage"],
    ]);
  });

  test("that the gate has otherwise are the gate's, without a reason that is not theirs", () => {
    const [daily, , , cap] = limitsOf({ inForce: { ...none, included: 100, maxOverage: 20, hardCap: 7 } });
    expect(daily).toMatchObject({ value: null, rule: { code: "gate" } });
    expect(cap).toMatchObject({ value: 7, rule: { code: "gate" }, setting: null });
  });

  test("of an operator take the plan's place until they expire, and move the hard cap's end", () => {
    const overrides = [
      { limit: "included", value: 300, expiresAt: 5_000 },
      { limit: "daily_limit", value: null, expiresAt: null },
    ] as const;
    const inForce = { dailyLimit: null, included: 300, maxOverage: 20, hardCap: 320 };
    const subscription = { ...active, limitsUntil: 9_000 };
    expect(limitsOf({ overrides, inForce, subscription })).toMatchObject([
      { value: null, rule: { code: "override" }, until: null },
      { value: 300, rule: { code: "override" }, until: 5_000 },
      { value: 20, rule: { code: "plan_default" }, until: 9_000 },
      { value: 320, rule: { code: "included_and_max_overage" }, until: 5_000 },
    ]);
  });

  test("of a meter that is younger than the plan version are closed", () => {
    const inForce = { dailyLimit: null, included: 0, maxOverage: 0, hardCap: 0 };
    expect(limitsOf({ terms: null, inForce }).map(({ rule }) => rule.code)).toEqual([
      "meter_not_in_plan",
      "meter_not_in_plan",
      "meter_not_in_plan",
      "included_and_max_overage",
    ]);
  });

  test("without an end have no hard cap", () => {
    const free = { ...terms, maxOverageDefault: null };
    const inForce = { dailyLimit: 10, included: 100, maxOverage: null, hardCap: null };
    expect(limitsOf({ terms: free, inForce })[3]).toMatchObject({ value: null, rule: { code: "no_limit" } });
  });

  test("of money are whole units that it pays for, exactly", () => {
    expect(unitsFor(100, "2.5")).toBe(40);
    expect(unitsFor(101, "2.5")).toBe(40);
    expect(unitsFor(1, "0.000000000003")).toBe(333_333_333_333);
    expect(unitsFor(Number.MAX_SAFE_INTEGER, "0.1")).toBe(Number.MAX_SAFE_INTEGER);
    expect(unitsFor(5, "0")).toBeNull();
    const price = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(fc.nat(), price, (cents, thousandths) => {
        const units = unitsFor(
          cents,
          `${Math.floor(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, "0")}`,
        );
        expect(units).toBe(Math.floor((cents * 1000) / thousandths));
      }),
    );
  });
});

describe("the plan", () => {
  test.each([
    [{}, "subscription", null],
    [{ planId: null }, "base", null],
    [{ source: "operator" }, "assigned", null],
    [{ limitsUntil: 2_000 }, "cancellation", 2_000],
    [{ state: "past_due", limitsUntil: 2_000 }, "grace", 2_000],
    [{ state: "past_due", limitsUntil: 1_000 }, "subscription_state", null],
    [{ state: "suspended", limitsUntil: 500 }, "subscription_state", null],
  ] as const)("%j: %s", (more, code, until) => {
    const explained = explainPlan({ id: "pro", version: 3 }, { ...active, ...more }, 1_000);
    expect(explained).toMatchObject({ id: "pro", version: 3, rule: { code }, until });
  });
});

describe("a period", () => {
  const start = 500;
  const given = {
    start,
    zone: "UTC",
    monthStart: 0,
    anchor: 100,
    anchored: { start, months: 2 },
    stripeStart: null,
    running: true,
  };
  test.each([
    [{}, "subscription_month", 2],
    [{ stripeStart: start }, "stripe_period", 2],
    [{ stripeStart: start, anchored: { start: 400, months: 2 } }, "stripe_period", null],
    [{ anchor: null, anchored: null, monthStart: start }, "calendar_month", null],
    [{ anchored: { start: 400, months: 2 }, monthStart: start, running: false }, "calendar_month", null],
    [{ anchor: null, anchored: null }, "after_change", null],
    [{ anchored: { start: 400, months: 2 } }, "after_change", null],
    [{ anchored: { start: 400, months: 2 }, running: false }, "recorded", null],
  ] as const)("%j: %s", (more, code, monthsAfterAnchor) => {
    expect(explainPeriod({ ...given, ...more })).toMatchObject({ rule: { code }, monthsAfterAnchor });
  });
});

describe("a line", () => {
  const billed = {
    total: 150,
    included: 100,
    hardCap: 100,
    overCap: 20,
    sold: true,
    unitPrice: "2.5",
    currency: "usd",
    billAboveCap: false,
    billable: true,
    trialing: false,
    plan: { planId: "pro", planVersion: 1 },
    segments: [],
  };
  test.each([
    [{}, "billed", 30, 75],
    [{ billAboveCap: true }, "billed", 50, 125],
    [{ total: 101, overCap: 0 }, "billed", 1, 3],
    [{ total: 100, overCap: 0 }, "nothing_over", 0, 0],
    [{ total: -5, overCap: 0 }, "nothing_over", 0, 0],
    [{ included: null }, "nothing_over", 0, 0],
    [{ overCap: 50 }, "above_cap_only", 0, 0],
    [{ hardCap: 140 }, "billed", 40, 100],
    [{ hardCap: null }, "billed", 50, 125],
    [{ trialing: true }, "trial", 0, 0],
    [{ billable: false }, "not_billed_by_stripe", 0, 0],
    [{ sold: false }, "no_overage_terms", 0, 0],
  ] as const)("%j: %s", (more, code, quantity, amount) => {
    expect(explainCharge({ ...billed, ...more })).toMatchObject({ quantity, amount, rule: { code } });
  });

  test("always bills what the ledger would", () => {
    const units = fc.nat({ max: 1_000_000 });
    fc.assert(
      fc.property(
        units,
        units,
        units,
        units,
        fc.boolean(),
        (total, included, hardCap, overCap, billAboveCap) => {
          const line = explainCharge({ ...billed, total, included, hardCap, overCap, billAboveCap });
          expect(line.quantity).toBe(billableUnits({ total, included, hardCap, overCap }, billAboveCap));
        },
      ),
    );
  });
});
