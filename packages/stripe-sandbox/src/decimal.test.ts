import fc from "fast-check";
import { expect, test } from "vitest";
import {
  asInteger,
  containedIn,
  lineAmount,
  normalizeDecimal,
  parseDecimal,
  percentOf,
  roundHalfUp,
  truncate,
} from "./decimal.ts";

test("a line is rounded once, halves away from zero", () => {
  // 37 × 2.5 = 92.5; 10 × 0.05 = 0.5; 3 × 0.333333333333 = 0.999999999999; -1 × 0.5
  expect(lineAmount("2.5", 37)).toBe(93);
  expect(lineAmount("0.05", 10)).toBe(1);
  expect(lineAmount("0.333333333333", 3)).toBe(1);
  expect(lineAmount("-0.5", 1)).toBe(-1);
  expect(lineAmount("0.000000000001", "499999999999")).toBe(0);
  expect(lineAmount("0.000000000001", "500000000000")).toBe(1);
  expect(lineAmount("1000", 5, 20, 30)).toBe(3333);
});

test("an amount beyond exact integers is refused instead of bent", () => {
  expect(() => lineAmount("99999999999", "99999999999")).toThrow(RangeError);
});

test("only plain decimals with at most 12 places are read", () => {
  for (const text of ["", ".5", "5.", "1e3", "+1", "0x1", "1.0000000000001", "NaN", " 1"]) {
    expect(parseDecimal(text)).toBeNull();
  }
  expect(parseDecimal("-12.50")).toEqual({ units: -1250n, scale: 2 });
});

test("spelling is normalized, integers are recognized, truncation is towards zero", () => {
  expect(["2.50", "007", "-0.0", "0.10"].map(normalizeDecimal)).toEqual(["2.5", "7", "0", "0.1"]);
  expect([asInteger("29.00"), asInteger("2.5")]).toEqual([29, null]);
  expect([truncate("29.9"), truncate("-29.9")]).toEqual([29, -29]);
});

const units = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });

test("law: rounding errs by at most half, and mirrors", () => {
  fc.assert(
    fc.property(units, fc.bigInt({ min: 1n, max: 10n ** 9n }), (n, d) => {
      const rounded = roundHalfUp(n, d);
      const error = 2n * (rounded * d - n);
      expect(error <= d && error >= -d).toBe(true);
      expect(roundHalfUp(-n, d)).toBe(-rounded);
    }),
  );
});

test("law: a whole share is the whole amount, and two parts differ from it by at most one", () => {
  const cents = fc.integer({ min: 0, max: 10_000_000 });
  fc.assert(
    fc.property(
      cents,
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 1, max: 2_678_400 }),
      (unit, count, part) => {
        const whole = 2_678_400;
        const full = lineAmount(String(unit), count);
        expect(lineAmount(String(unit), count, whole, whole)).toBe(full);
        const parts =
          lineAmount(String(unit), count, part, whole) + lineAmount(String(unit), count, whole - part, whole);
        expect(Math.abs(parts - full)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test("a percentage is rounded once, halves away from zero, and is exact in decimals", () => {
  expect([percentOf(2990, 25), percentOf(-2990, 25), percentOf(10, 0.05)]).toEqual([748, -748, 0]);
  // 8.875 % of 10000 = 887.5
  expect(percentOf(10_000, 8.875)).toBe(888);
  expect([percentOf(1999, 0), percentOf(1999, 100)]).toEqual([0, 1999]);
});

test("a contained tax and what is left of the amount add up, and one rate is its own share", () => {
  // 2900 × 19/119 = 463.03; 1070 × 7/107 = 70
  expect([containedIn(2900, 19, 19), containedIn(1070, 7, 7), containedIn(-2900, 19, 19)]).toEqual([
    463, 70, -463,
  ]);
  // 10 % and 5 % together: 1150 contains 100 and 50
  expect([containedIn(1150, 10, 15), containedIn(1150, 5, 15)]).toEqual([100, 50]);
  const amount = fc.integer({ min: -100_000_000, max: 100_000_000 });
  fc.assert(
    fc.property(amount, fc.integer({ min: 0, max: 100 }), (gross, percent) => {
      const net = gross - containedIn(gross, percent, percent);
      expect(Math.abs(net + percentOf(net, percent) - gross)).toBeLessThanOrEqual(1);
    }),
  );
});
