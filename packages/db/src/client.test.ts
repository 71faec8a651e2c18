import { expect, test } from "vitest";
import { parseInt8 } from "./client.ts";

test("a bigint becomes a number, exactly or not at all", () => {
  expect(parseInt8("0")).toBe(0);
  expect(parseInt8("-42")).toBe(-42);
  expect(parseInt8("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => parseInt8("9007199254740993")).toThrow(RangeError);
  expect(() => parseInt8("-9223372036854775808")).toThrow(RangeError);
});
