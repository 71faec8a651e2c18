import { expect, test } from "vitest";
import { createFormats } from "./formats.ts";
import { messages } from "./messages.ts";
import { factsOf, spokenName, trendOf } from "./plan-facts.ts";
import {
  type CurrentPlan,
  currenciesOf,
  intervalsOf,
  type PricingPlan,
  type PricingPrice,
  priceOn,
  relationOf,
  yearlySaving,
} from "./pricing.ts";

const price = (interval: "month" | "year", unitAmount: string, currency = "usd"): PricingPrice => ({
  interval,
  currency,
  unitAmount,
});

function plan(id: string, over: Partial<PricingPlan> = {}): PricingPlan {
  const seats = { kind: "licensed" as const, included: 2, max: null, prices: [] };
  return { id, displayName: id, prices: [], seats, limits: [], features: {}, trialDays: 0, ...over };
}

const free = plan("free");
const basic = plan("basic", { prices: [price("month", "1000"), price("year", "10000")] });
const pro = plan("pro", { prices: [price("month", "2000"), price("month", "1800", "eur")] });
const plans = [free, basic, pro];
const monthly = { interval: "month", currency: "usd" } as const;
const yearly = { interval: "year", currency: "usd" } as const;
const on = (planId: string, over: Partial<CurrentPlan> = {}): CurrentPlan => ({
  planId,
  interval: "month",
  currency: "usd",
  pendingPlanId: null,
  ...over,
});

test("what is offered is what something is sold by", () => {
  expect(intervalsOf(plans)).toEqual(["month", "year"]);
  expect(intervalsOf([free, pro])).toEqual(["month"]);
  expect(currenciesOf(plans)).toEqual(["usd", "eur"]);
});

test("a plan that is not sold by the interval shows the price that it has; in another currency it has none", () => {
  expect(priceOn(pro.prices, yearly)?.interval).toBe("month");
  expect(priceOn(basic.prices, { interval: "month", currency: "eur" })).toBeNull();
});

test("what paying by the year saves, and that nothing is said where it saves nothing", () => {
  expect(yearlySaving(basic, "usd")).toBeCloseTo(1 / 6);
  expect(yearlySaving(pro, "usd")).toBeNull();
  expect(yearlySaving({ prices: [price("month", "100"), price("year", "1200")] }, "usd")).toBeNull();
});

test("dearer is an upgrade, cheaper a downgrade, by what a month costs", () => {
  expect(relationOf(pro, plans, monthly, on("basic"))).toBe("upgrade");
  expect(relationOf(free, plans, monthly, on("basic"))).toBe("downgrade");
  expect(relationOf(basic, plans, yearly, on("pro"))).toBe("downgrade");
  expect(relationOf(basic, plans, monthly, on("free", { interval: null, currency: null }))).toBe("upgrade");
});

test("the plan that is there is current, can be kept while another waits, and can be paid otherwise", () => {
  expect(relationOf(basic, plans, monthly, on("basic"))).toBe("current");
  expect(relationOf(basic, plans, yearly, on("basic"))).toBe("interval");
  expect(relationOf(pro, plans, yearly, on("pro"))).toBe("current");
  expect(relationOf(basic, plans, monthly, on("basic", { pendingPlanId: "free" }))).toBe("keep");
  expect(relationOf(free, plans, monthly, on("basic", { pendingPlanId: "free" }))).toBe("pending");
});

test("nothing is called an upgrade that cannot be compared", () => {
  expect(relationOf(pro, plans, monthly, null)).toBe("choose");
  expect(relationOf(pro, plans, monthly, on("private"))).toBe("choose");
  expect(relationOf(basic, plans, { interval: "month", currency: "eur" }, on("pro"))).toBe("choose");
});

const tools = {
  words: messages.en.pricing,
  formats: createFormats("en", "UTC"),
  meterName: spokenName,
  featureName: spokenName,
};
const overage = { unitPrice: "2.5", currency: "usd", otherPrices: [{ currency: "eur", unitPrice: "2" }] };
const small = plan("small", {
  limits: [{ meter: "jobs", dailyLimit: null, included: 10, overage: null }],
  features: { sso: false, retention_days: 7 },
});
const large = plan("large", {
  prices: [price("month", "900"), price("month", "800", "eur")],
  seats: {
    kind: "auto",
    included: 3,
    max: 50,
    prices: [price("month", "500"), price("month", "400", "eur")],
  },
  limits: [
    { meter: "jobs", dailyLimit: null, included: 100, overage },
    { meter: "pages", dailyLimit: null, included: null, overage: null },
  ],
  features: { sso: true, retention_days: 365 },
});
const textsOf = (one: PricingPlan, currency = "usd") =>
  factsOf(one, [small, large], { interval: "month", currency }, tools).map(({ text }) => text);

test("a plan says what it has, in the currency that is asked for, and what others have and it has not", () => {
  expect(textsOf(large)).toEqual([
    "3 seats, each further member $5.00 a month, 50 at most",
    "Jobs: 100 a month, then $0.025 each",
    "Pages: unlimited",
    "SSO",
    "Retention days: 365",
  ]);
  expect(textsOf(large, "eur")[1]).toBe("Jobs: 100 a month, then €0.02 each");
  expect(textsOf(small)).toEqual(["2 seats", "Jobs: 10 a month", "No Pages", "No SSO", "Retention days: 7"]);
});

test("each fact is compared with the same one of the other plan", () => {
  const facts = (one: PricingPlan) => factsOf(one, [small, large], monthly, tools);
  const trends = (one: PricingPlan, other: PricingPlan) =>
    facts(one).map((fact) =>
      trendOf(
        fact,
        facts(other).find(({ key }) => key === fact.key),
      ),
    );
  expect(trends(large, small)).toEqual(["more", "more", "more", "more", "more"]);
  expect(trends(small, large)).toEqual(["less", "less", "less", "less", "less"]);
  expect(trends(small, small)).toEqual(["same", "same", "same", "same", "same"]);
});

test("more a day and less a month is neither more nor less", () => {
  const base = { key: "meter:jobs", has: true };
  const one = { ...base, text: "a", amounts: [10, Number.POSITIVE_INFINITY] };
  const other = { ...base, text: "b", amounts: [Number.POSITIVE_INFINITY, 10] };
  expect(trendOf(one, other)).toBe("other");
  expect(trendOf(one, { ...one, text: "c" })).toBe("other");
});
