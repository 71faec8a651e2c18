import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { problemsOf } from "./conformance.ts";
import { compile, packageTypes } from "./package-types.ts";
import type { Samples } from "./samples.ts";

const types = compile(fileURLToPath(new URL("samples.ts", import.meta.url)), "Samples");

function walk(name: keyof Samples, value: unknown): string[] {
  const type = types.field("Samples", name);
  if (!type) throw new Error(name);
  return problemsOf(types, type, value, name).map(({ path, problem }) => `${path}: ${problem}`);
}

test("plain fields: sort, null only where the type has it, words of a closed and of an open enum", () => {
  expect(walk("text", "x")).toEqual([]);
  expect(walk("text", 1)).toEqual(["text: 1 is not string"]);
  expect(walk("text", null)).toEqual(["text: null is not string"]);
  expect(walk("nullable", null)).toEqual([]);
  expect(walk("closed", "b")).toEqual([]);
  expect(walk("closed", "c")).toEqual(['closed: "c" is none of a, b']);
  expect(walk("open", "past_due")).toEqual([]);
  expect(walk("open", "frozen")).toEqual([expect.stringContaining('"frozen" is none of active')]);
  expect(walk("open", 3)).toHaveLength(1);
  expect(walk("amount", "2.50")).toEqual([]);
  expect(walk("amount", 2.5)).toHaveLength(1);
  expect(walk("amount", "two")).toHaveLength(1);
});

test("an expandable field takes the id, the object and the deleted object, and nothing between them", () => {
  expect(walk("expandable", "leaf_1")).toEqual([]);
  expect(walk("expandable", { id: "leaf_1", object: "leaf" })).toEqual([]);
  expect(walk("expandable", { id: "leaf_1", object: "leaf", deleted: true })).toEqual([]);
  expect(walk("expandable", { id: 1, object: "leaf" })).toEqual(["expandable.id: 1 is not string"]);
  expect(walk("expandable", { object: "leaf" })).toEqual(["expandable.id: missing"]);
  expect(walk("expandable", { id: "x", object: "tree" })).toHaveLength(1);
});

test("a union is judged by the arm that is meant", () => {
  expect(walk("either", { type: "bank", bank: "b" })).toEqual([]);
  expect(walk("either", { type: "bank", card: 1 })).toEqual([
    "either.card: unexpected",
    "either.bank: missing",
  ]);
  expect(walk("either", { type: "cash" })).toHaveLength(1);
});

test("arrays and nested objects: missing and unexpected fields with their paths", () => {
  expect(walk("list", [{ n: 1 }, { n: 2 }])).toEqual([]);
  expect(walk("list", [{ n: 1 }, { n: "2" }])).toEqual(['list[1].n: "2" is not number']);
  expect(walk("list", { n: 1 })).toHaveLength(1);
  expect(walk("nested", { inner: { needed: true, free: "x" } })).toEqual([]);
  expect(walk("nested", { inner: { free: null, more: 1 } })).toEqual([
    "nested.inner.free: null is not string | undefined",
    "nested.inner.more: unexpected",
    "nested.inner.needed: missing",
  ]);
  expect(walk("metadata", { any: "text" })).toEqual([]);
  expect(walk("metadata", { any: 1 })).toEqual(["metadata.any: 1 is not string"]);
});

test("previous attributes hold some fields only, null for what was absent, and none the object does not have", () => {
  const event = (previous: object) =>
    walk("event", { object: "nothing here", previous_attributes: previous }).filter((line) =>
      line.includes("previous"),
    );
  expect(event({ active: true, metadata: { added: null }, nickname: null })).toEqual([]);
  expect(event({ active: "yes" })).toEqual([
    'event.previous_attributes.active: "yes" is not boolean | undefined',
  ]);
  expect(event({ colour: "red" })).toEqual(["event.previous_attributes.colour: unexpected"]);
});

test("the package's own types are read: a customer without a field, and one with a field too many", () => {
  const all = packageTypes();
  const type = all.field("EmittedTypes", "customer");
  if (!type) throw new Error("customer");
  const problems = problemsOf(all, type, { id: "cus_1", object: "customer", plan: "pro" }, "customer");
  expect(problems).toContainEqual({ path: "customer.plan", problem: "unexpected" });
  expect(problems).toContainEqual({ path: "customer.livemode", problem: "missing" });
  expect(problemsOf(all, type, { id: "cus_1", object: "customer", deleted: true }, "customer")).toEqual([]);
});
