import { expect, test } from "vitest";
import type { Explanation, MeterUsage } from "../usage/readings.ts";
import { capTermsOf, settingOf, unavailable } from "./readings.ts";
import { suggestionsFor } from "./suggestions.ts";

const usage = {
  meter: "jobs",
  planId: "pro",
  planVersion: 1,
  dailyLimit: null,
  included: 100,
  hardCap: 150,
} as MeterUsage;

const explained = (code: string, value: number, setting: object | null = null) =>
  ({
    line: { unitPrice: "2.5", currency: "usd" },
    limits: [{ limit: "max_overage", value, rule: { code, text: "" }, until: null, setting }],
  }) as unknown as Explanation;

const pro = {
  id: "pro",
  version: 1,
  limits: [{ meter: "jobs", overage: { unitPrice: "2.5", currency: "usd", maxOverage: 0, ceiling: 500 } }],
} as unknown as Parameters<typeof capTermsOf>[2][number];

test("the plan's default and ceiling are the listed plan's, or what the rule in force tells", () => {
  expect(capTermsOf(usage, explained("plan_default", 0), [pro])).toEqual({
    included: 100,
    unitPrice: "2.5",
    currency: "usd",
    planDefault: 0,
    ceiling: 500,
  });
  expect(capTermsOf(usage, explained("plan_default", 7), [])).toMatchObject({
    planDefault: 7,
    ceiling: null,
  });
  expect(capTermsOf(usage, explained("ceiling", 40), [])).toMatchObject({
    planDefault: undefined,
    ceiling: 40,
  });
  expect(capTermsOf({ ...usage, included: null }, explained("plan_default", 0), [pro])).toBeNull();
});

test("the setting is shown as it was made: in units or in money", () => {
  expect(settingOf(explained("organization_units", 5, { units: 5, cents: null }))).toEqual({ units: 5 });
  expect(settingOf(explained("organization_cents", 2, { units: null, cents: 5 }))).toEqual({ cents: 5 });
  expect(settingOf(explained("plan_default", 0))).toBeNull();
});

test("says why a cap does not act", () => {
  const stopped = explained("subscription_state", 0);
  expect(unavailable(stopped, "trialing")).toBe("trial");
  expect(unavailable(stopped, "past_due")).toBe("past_due");
  expect(unavailable(stopped, "suspended")).toBe("inactive");
  expect(unavailable(explained("no_subscription", 0), "none")).toBe("no_subscription");
  expect(unavailable(explained("plan_default", 0), "active")).toBeNull();
});

test("suggests 80 and 100 % of each limit that has no such alert", () => {
  const alert = { window: "period", of: "included", percent: 80, units: null } as never;
  expect(suggestionsFor(usage, [alert])).toEqual([
    { window: "period", of: "included", percent: 100 },
    { window: "period", of: "hard_cap", percent: 80 },
    { window: "period", of: "hard_cap", percent: 100 },
  ]);
  expect(suggestionsFor({ ...usage, hardCap: 100, dailyLimit: 0 }, [])).toHaveLength(2);
});
