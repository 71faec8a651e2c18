import { expect, test } from "vitest";
import { bandScale, linearScale } from "./scales.ts";

test.each([
  [0, [0, 1]],
  [1, [0, 1]],
  [2, [0, 1, 2]],
  [7, [0, 2, 4, 6, 8]],
  [150, [0, 50, 100, 150]],
  [9_800, [0, 2_000, 4_000, 6_000, 8_000, 10_000]],
  [12_345_678, [0, 5_000_000, 10_000_000, 15_000_000]],
])("up to %i the ticks are round, few, and above it", (max, ticks) => {
  expect(linearScale(max, [200, 0]).ticks).toEqual(ticks);
});

test("units lie between the ends", () => {
  const scale = linearScale(150, [200, 0]);
  expect([scale(0), scale(75), scale(150)]).toEqual([200, 100, 0]);
});

test("names stand side by side with room between", () => {
  const scale = bandScale(["a", "b"], [10, 110]);
  expect([scale("a"), scale("b")]).toEqual([16.25, 66.25]);
  expect(scale.bandwidth).toBe(37.5);
});
