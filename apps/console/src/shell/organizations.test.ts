import { expect, test } from "vitest";
import { findOrganizations, stepTo } from "./organizations.ts";

const all = [
  { name: "New Acme", slug: "new-acme" },
  { name: "Acme", slug: "acme" },
  { name: "Globex", slug: "gx-7" },
];

test.each([
  ["", ["New Acme", "Acme", "Globex"]],
  ["acme", ["Acme", "New Acme"]],
  [" GLO ", ["Globex"]],
  ["gx-7", ["Globex"]],
  ["nothing", []],
])("%j", (search, names) => {
  expect(findOrganizations(all, search).map(({ name }) => name)).toEqual(names);
});

test.each([
  ["ArrowDown", 0, 1],
  ["ArrowDown", 2, 0],
  ["ArrowUp", 0, 2],
  ["PageDown", 0, 2],
  ["PageUp", 2, 0],
  ["a", 1, null],
])("%s from %d leads to %s of three", (key, index, next) => {
  expect(stepTo(key, index, 3)).toBe(next);
});

test("no key leads anywhere in an empty list", () => {
  expect(stepTo("ArrowDown", 0, 0)).toBeNull();
});
