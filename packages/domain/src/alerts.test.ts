import { expect, test } from "vitest";
import { readThreshold } from "./alerts.ts";
import type { DomainError } from "./errors.ts";

test.each([
  [
    { window: "day", units: 5 },
    { units: 5, percent: null, of: null },
  ],
  [
    { window: "period", units: 5 },
    { units: 5, percent: null, of: null },
  ],
  [
    { window: "day", percent: 80 },
    { units: null, percent: 80, of: "daily_limit" },
  ],
  [
    { window: "day", percent: 80, of: "daily_limit" },
    { units: null, percent: 80, of: "daily_limit" },
  ],
  [
    { window: "period", percent: 80 },
    { units: null, percent: 80, of: "included" },
  ],
  [
    { window: "period", percent: 80, of: "hard_cap" },
    { units: null, percent: 80, of: "hard_cap" },
  ],
] as const)("%o is %o", (input, threshold) => {
  expect(readThreshold(input)).toEqual(threshold);
});

test.each([
  [{ window: "day" }, "units"],
  [{ window: "day", units: 5, percent: 5 }, "units"],
  [{ window: "day", units: 5, of: "daily_limit" }, "of"],
  [{ window: "day", percent: 5, of: "hard_cap" }, "of"],
  [{ window: "period", percent: 5, of: "daily_limit" }, "of"],
] as const)("%o is refused for %s", (input, path) => {
  const refusal = (): unknown => {
    try {
      return readThreshold(input);
    } catch (error) {
      return (error as DomainError).details;
    }
  };
  expect(refusal()).toEqual({ issues: [{ path, message: expect.any(String) }] });
});
