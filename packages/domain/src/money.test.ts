import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amountOf, costOf, isUnitPrice, monthlyAmount, plainPrice, sumOf } from "./money.ts";

const price = fc
  .tuple(fc.nat(1_000_000), fc.option(fc.stringMatching(/^[0-9]{1,12}$/), { nil: null }))
  .map(([whole, places]) => (places === null ? `${whole}` : `${whole}.${places}`));
const quantity = fc.nat(2_000_000_000);

describe("amountOf", () => {
  it.each([
    ["2.5", 1, 3],
    ["2.5", 3, 8],
    ["2.4", 1, 2],
    ["0.000000000001", 1, 0],
    ["0.000000000001", 500_000_000_000, 1],
    ["0.1", 4, 0],
    ["0.1", 5, 1],
    ["2900", 1, 2900],
    ["2.5", 0, 0],
  ])("%s × %i = %i, rounded once and half up", (unitPrice, units, amount) => {
    expect(amountOf(unitPrice, units)).toBe(amount);
  });

  it("is never more than half a minor unit away from the exact product", () => {
    fc.assert(
      fc.property(price, quantity, (unitPrice, units) => {
        const [whole = "", places = ""] = unitPrice.split(".");
        const exact = BigInt(whole + places.padEnd(12, "0")) * BigInt(units);
        const off = (BigInt(amountOf(unitPrice, units)) * 10n ** 12n - exact) * 2n;
        expect(off > -(10n ** 12n) && off <= 10n ** 12n).toBe(true);
      }),
    );
  });

  it("grows with the quantity", () => {
    fc.assert(
      fc.property(price, quantity, (unitPrice, units) => {
        expect(amountOf(unitPrice, units + 1)).toBeGreaterThanOrEqual(amountOf(unitPrice, units));
      }),
    );
  });

  it.each(["", "-1", "1e3", "1.", ".5", "1.0000000000001", " 1", "NaN"])("refuses the price %j", (text) => {
    expect(isUnitPrice(text)).toBe(false);
    expect(() => amountOf(text, 1)).toThrow(RangeError);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])("refuses the quantity %d", (units) => {
    expect(() => amountOf("1", units)).toThrow(RangeError);
  });

  it("refuses an amount that JSON could not carry", () => {
    expect(() => amountOf("2", Number.MAX_SAFE_INTEGER)).toThrow(RangeError);
  });
});

describe("costOf", () => {
  it("is the amount wherever an amount can hold it, and the largest elsewhere", () => {
    fc.assert(
      fc.property(price, quantity, (unitPrice, units) => {
        expect(costOf(unitPrice, units)).toBe(amountOf(unitPrice, units));
      }),
    );
    expect(costOf("1", Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
    expect(costOf("2", Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
    expect(costOf("999999999999999999.5", 1)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("takes no price and no quantity that is none", () => {
    expect(() => costOf("-1", 1)).toThrow(RangeError);
    expect(() => costOf("1", 2 ** 53)).toThrow(RangeError);
  });
});

describe("sumOf", () => {
  it("adds up exactly, to the largest amount at most", () => {
    expect(sumOf([])).toBe(0);
    expect(sumOf([5, -7])).toBe(-2);
    expect(sumOf([Number.MAX_SAFE_INTEGER, 1, -2])).toBe(Number.MAX_SAFE_INTEGER - 1);
    expect(sumOf([Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER])).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe("plainPrice", () => {
  it.each([
    ["2.500000000000", "2.5"],
    ["2900.000000000000", "2900"],
    ["0.000000000001", "0.000000000001"],
    ["0", "0"],
    ["007.10", "7.1"],
  ])("%s is %s", (text, plain) => {
    expect(plainPrice(text)).toBe(plain);
  });

  it("keeps the value", () => {
    fc.assert(
      fc.property(price, quantity, (unitPrice, units) => {
        expect(amountOf(plainPrice(unitPrice), units)).toBe(amountOf(unitPrice, units));
      }),
    );
  });
});

describe("monthlyAmount", () => {
  it.each([
    [[], "month", 0],
    [[["2900", 1]], "month", 2900],
    [
      [
        ["2900", 1],
        ["900", 2],
      ],
      "month",
      4700,
    ],
    [[["10000", 1]], "year", 833],
    [[["6", 1]], "year", 1],
    [[["5.999999999999", 1]], "year", 0],
    // Each alone would be rounded down.
    [
      [
        ["5", 1],
        ["1", 1],
      ],
      "year",
      1,
    ],
    [
      [
        ["0.5", 1],
        ["0.5", 3],
      ],
      "month",
      2,
    ],
  ] as const)("of %j per %s is %i, rounded once", (prices, interval, amount) => {
    const recurring = prices.map(([unitPrice, quantity]) => ({ unitPrice, quantity }));
    expect(monthlyAmount(recurring, interval)).toBe(amount);
  });

  it("refuses what no amount can hold", () => {
    const most = { unitPrice: "999999999999999999", quantity: 1 };
    expect(() => monthlyAmount([most], "month")).toThrow(RangeError);
  });
});
