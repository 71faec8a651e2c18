import { expect, test } from "vitest";
import { featureValueOf, limitOf, momentOf } from "./values.ts";

test("a feature's value is what its text says", () => {
  expect(["true", " false ", "7", "1.5", "gold", "", "0x"].map(featureValueOf)).toEqual([
    true,
    false,
    7,
    1.5,
    "gold",
    "",
    "0x",
  ]);
});

test("a limit is a whole number, and nothing else", () => {
  expect(["0", " 5000 ", "", "-1", "1.5", "1e3", "9007199254740993"].map(limitOf)).toEqual([
    0,
    5000,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("an empty moment is none", () => {
  expect(momentOf("")).toBeNull();
  expect(momentOf("2026-12-01T10:00")).toBe(new Date(2026, 11, 1, 10).toISOString());
});
