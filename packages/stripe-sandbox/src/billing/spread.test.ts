import fc from "fast-check";
import { expect, test } from "vitest";
import { spread } from "./spread.ts";

test("the largest remainder gets what is left over", () => {
  // 1000 over 2900 and 2000: 591.84 and 408.16
  expect(spread(1000, [2900, 2000])).toEqual([592, 408]);
  expect(spread(1, [1, 1, 1])).toEqual([1, 0, 0]);
  expect(spread(5000, [2900, 0])).toEqual([2900, 0]);
  expect(spread(10, [0, 0])).toEqual([0, 0]);
});

test("the parts add up to the amount, and none gets more than it is", () => {
  const parts = fc.array(fc.nat({ max: 10_000_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.nat({ max: 100_000_000 }), parts, (amount, sizes) => {
      const shares = spread(amount, sizes);
      const whole = sizes.reduce((sum, size) => sum + size, 0);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(Math.min(amount, whole));
      shares.forEach((share, index) => {
        expect(share).toBeLessThanOrEqual(sizes[index] ?? 0);
      });
    }),
  );
});
