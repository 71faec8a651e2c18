import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultPolicies, type MeterTerms, type PlanDefinition } from "./configuration.ts";
import {
  assertAvailable,
  canonical,
  choosePrice,
  diffPlans,
  pricesOf,
  type StoredPlan,
  termsOf,
} from "./plans.ts";

const free: PlanDefinition = {
  displayName: "Free",
  default: true,
  public: true,
  active: true,
  prices: [],
  seats: { kind: "licensed", included: 2, prices: [], proration: "next_invoice" },
  meters: { pages: { dailyLimit: 1, included: null, overage: null } },
  features: {},
  trialDays: 0,
  graceDays: 7,
  downgrade: "period_end",
  proration: "next_invoice",
  profilesIncluded: null,
};
const usd = { interval: "month", currency: "usd", unitAmount: "2900" } as const;
const eur = { interval: "year", currency: "eur", unitAmount: "30000" } as const;
const soldIn = (...others: string[]): MeterTerms => {
  const otherPrices = others.map((currency) => ({ currency, unitPrice: "2" }));
  const overage = { unitPrice: "2.5", currency: "usd", otherPrices, maxOverage: 0, ceiling: null };
  return { dailyLimit: 1, included: 5, overage };
};
const pro: PlanDefinition = {
  ...free,
  displayName: "Pro",
  default: false,
  prices: [usd, eur],
  meters: { pages: soldIn() },
};
const policies = defaultPolicies;
const digest = (terms: string) => `${terms.length}:${terms}`;

function stored(id: string, plan: PlanDefinition, version = 1): StoredPlan {
  return { id, version, active: plan.active, definition: plan, terms: digest(termsOf(plan, false)) };
}

describe("diffPlans", () => {
  it.each<[string, PlanDefinition, string, number]>([
    ["the same", pro, "unchanged", 1],
    ["another price", { ...pro, prices: [{ ...usd, unitAmount: "3900" }] }, "new_version", 2],
    ["other limits", { ...pro, meters: {} }, "new_version", 2],
    ["another name", { ...pro, displayName: "Professional" }, "updated", 1],
    ["no longer sold", { ...pro, active: false }, "updated", 1],
    ["other prorations", { ...pro, proration: "now" }, "updated", 1],
    ["seats prorated otherwise", { ...pro, seats: { ...pro.seats, proration: "none" } }, "updated", 1],
    ["overage in one more currency", { ...pro, meters: { pages: soldIn("eur") } }, "new_version", 2],
  ])("%s", (_, plan, change, version) => {
    const diff = diffPlans({ plans: { pro: plan }, policies }, [stored("pro", pro)], digest);
    expect(diff).toEqual([{ id: "pro", version, change }]);
  });

  it("creates what is new and takes what is gone off sale, once", () => {
    const diff = diffPlans({ plans: { free }, policies }, [stored("pro", pro, 3)], digest);
    expect(diff).toEqual([
      { id: "free", version: 1, change: "created" },
      { id: "pro", version: 3, change: "deactivated" },
    ]);
    const again = diffPlans(
      { plans: { free }, policies },
      [stored("free", free), { ...stored("pro", pro, 3), active: false }],
      digest,
    );
    expect(again.map((one) => one.change)).toEqual(["unchanged", "unchanged"]);
  });

  it("sees a new version where units above the cap begin to be billed", () => {
    const billing = { ...policies, overage: { ...policies.overage, billAboveCap: true } };
    expect(diffPlans({ plans: { pro }, policies: billing }, [stored("pro", pro)], digest)[0]?.change).toBe(
      "new_version",
    );
  });
});

describe("termsOf", () => {
  it("of a plan written before there were prorations and other currencies is the same", () => {
    const { proration: _plan, seats, ...rest } = pro;
    const { proration: _seats, ...seatTerms } = seats;
    const overage = { unitPrice: "2.5", currency: "usd", maxOverage: 0, ceiling: null };
    const before = { ...rest, seats: seatTerms, meters: { pages: { ...soldIn(), overage } } };
    const { displayName: _a, default: _b, public: _c, active: _d, ...terms } = before;
    expect(termsOf(pro, false)).toBe(canonical({ ...terms, billAboveCap: false }));
  });
});

describe("canonical", () => {
  it("does not depend on the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonical(reversed(value))).toBe(canonical(value));
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(reversed);
  }
  return value !== null && typeof value === "object"
    ? Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, reversed(inner)]),
      )
    : value;
}

describe("buying", () => {
  it("takes the first price unless told otherwise", () => {
    expect(choosePrice("pro", pro, {})).toEqual(usd);
    expect(choosePrice("pro", pro, { interval: "year" })).toEqual(eur);
    expect(choosePrice("pro", pro, { currency: "eur" })).toEqual(eur);
    expect(() => choosePrice("pro", pro, { interval: "year", currency: "usd" })).toThrow(
      "not sold like that",
    );
  });

  it.each([
    { active: false, public: true },
    { active: true, public: false },
  ])("refuses %j", (plan) => {
    expect(() => assertAvailable({ id: "pro", ...plan })).toThrow("not available");
  });

  it("names a version's price for ever", () => {
    const seats = { ...pro.seats, included: 5, prices: [usd] };
    const keys = pricesOf({ id: "pro", version: 2 }, { ...pro, seats }).map((price) => price.lookupKey);
    expect(keys).toEqual([
      "headroom_pro_v2_plan_month_usd",
      "headroom_pro_v2_plan_year_eur",
      "headroom_pro_v2_seat_month_usd",
    ]);
  });
});
