import { expect, test } from "vitest";
import { hasEtag } from "./etags.ts";

test.each([
  [undefined, false],
  ["", false],
  ['"abc"', true],
  ['W/"abc"', true],
  ['"x", W/"abc" ,"y"', true],
  ["*", true],
  ["abc", false],
  ['"ab"', false],
  ['"abcd"', false],
  ['w/"abc"', false],
  ['"*"', false],
])("If-None-Match: %s has the tag: %s", (header, expected) => {
  expect(hasEtag(header, "abc")).toBe(expected);
});
