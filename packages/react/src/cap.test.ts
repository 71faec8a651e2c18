import { describe, expect, test } from "vitest";
import { type CapTerms, effectOf, rangeOf } from "./cap.ts";

const terms: CapTerms = { included: 100, unitPrice: "2.5", currency: "usd", planDefault: 0, ceiling: null };
const outlook = { used: 80, pace: 10, left: 9 };

describe("what a setting does", () => {
  test("units and money", () => {
    expect(effectOf({ units: 50 }, terms, outlook)).toEqual({ more: 50, stopsAt: 150, atMost: 125, days: 7 });
    expect(effectOf({ cents: 124 }, terms, outlook)).toMatchObject({ more: 49, stopsAt: 149, atMost: 123 });
  });

  test("the plan's default, and one that is not known", () => {
    expect(effectOf(null, terms, outlook)).toEqual({ more: 0, stopsAt: 100, atMost: 0, days: 2 });
    expect(effectOf(null, { ...terms, planDefault: null }, outlook)).toMatchObject({
      stopsAt: null,
      atMost: null,
    });
    expect(effectOf(null, { ...terms, planDefault: undefined }, outlook).stopsAt).toBeUndefined();
  });

  test("nothing is above the plan's ceiling", () => {
    const capped = { ...terms, ceiling: 40 };
    expect(effectOf({ units: 50 }, capped, outlook)).toMatchObject({ more: 40, stopsAt: 140 });
    expect(effectOf(null, { ...capped, planDefault: null }, outlook)).toMatchObject({ more: 40 });
  });

  test("when it stops: now, later, not in this period, or nobody knows yet", () => {
    expect(effectOf({ units: 0 }, terms, { ...outlook, used: 100 }).days).toBe(0);
    expect(effectOf({ units: 500 }, terms, outlook).days).toBeNull();
    expect(effectOf({ units: 0 }, terms, { ...outlook, pace: null }).days).toBeUndefined();
    expect(effectOf({ units: 0 }, terms, { ...outlook, used: 120, pace: null }).days).toBe(0);
  });
});

test("the slider goes to the ceiling, or to a round number with room", () => {
  expect(rangeOf({ ...terms, ceiling: 40 }, { set: 0, expected: 0 })).toEqual({ max: 40, step: 1 });
  expect(rangeOf(terms, { set: 50, expected: 0 })).toEqual({ max: 200, step: 1 });
  expect(rangeOf(terms, { set: 4_000, expected: 0 })).toEqual({ max: 10_000, step: 20 });
});
