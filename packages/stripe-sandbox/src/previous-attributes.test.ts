import { expect, test } from "vitest";
import { previousAttributes } from "./previous-attributes.ts";

test("only what changed, hashes by key, arrays whole, absent as null", () => {
  const before = { a: 1, same: "x", list: [1, 2], hash: { k: "old", kept: 1 }, gone: "was" };
  const after = { a: 2, same: "x", list: [1, 2, 3], hash: { k: "new", kept: 1, added: 1 } };
  expect(previousAttributes(before, after)).toEqual({
    a: 1,
    list: [1, 2],
    hash: { k: "old", added: null },
    gone: "was",
  });
  expect(previousAttributes(before, before)).toEqual({});
});
