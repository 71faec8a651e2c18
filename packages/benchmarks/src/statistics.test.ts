import { expect, test } from "vitest";
import { percentile, rounded, spreadOf } from "./statistics.ts";

test("the median is the middle, or lies between the two in the middle", () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  expect(() => spreadOf([])).toThrow(RangeError);
});

test("a percentile is one of the values, by nearest rank", () => {
  const values = Float64Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(percentile(values, 0.99)).toBe(198);
  expect(percentile(values, 0.5)).toBe(100);
  expect(percentile(Float64Array.of(7), 0.99)).toBe(7);
});

test("numbers are told in four digits", () => {
  expect([rounded(123_456), rounded(0.000_123_456)]).toEqual([123_500, 0.000_123_5]);
});
