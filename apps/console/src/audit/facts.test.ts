import { expect, test } from "vitest";
import { factsOf, nameOf, textOf } from "./facts.ts";

test.each([
  ["beside each other", { from: 0, to: 3 }, [{ name: "", before: 0, after: 3 }]],
  ["by field", { name: { from: "A", to: "B" } }, [{ name: "name", before: "A", after: "B" }]],
  [
    "as they were",
    { kind: "seats", value: 9, previous: { value: 5, reason: "old" } },
    [
      { name: "kind", after: "seats" },
      { name: "value", before: 5, after: 9 },
      { name: "reason", before: "old", after: null },
    ],
  ],
  ["not at all", { email: "a@b.test", previous: null }, [{ name: "email", after: "a@b.test" }]],
])("what stood before is told %s", (_how, data, facts) => {
  expect(factsOf(data)).toEqual(facts);
});

test("values are written for people", () => {
  const words = { nothing: "none", yes: "yes", no: "no" };
  expect([null, true, 7, "x", [], ["a", null], { a: 1 }].map((value) => textOf(value, words))).toEqual([
    "none",
    "yes",
    "7",
    "x",
    "none",
    "a, none",
    '{"a":1}',
  ]);
  expect(nameOf("billingEmailFrom", {})).toBe("billing email from");
  expect(nameOf("role", { role: "Rolle" })).toBe("Rolle");
});
