import type { DomainError } from "@headroom/domain/errors";
import { expect, test } from "vitest";
import { z } from "zod";
import { invalidInput, toDomainError } from "./errors.ts";
import { organizationReference } from "./inputs.ts";

const one = z.strictObject({ quantity: z.int().min(1) });
const either = z.strictObject({
  input: z.union([z.strictObject({ events: z.array(one).max(2) }), one]),
});

const issuesOf = (schema: z.ZodType, value: unknown): DomainError["details"][string] => {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : invalidInput(parsed.error).details.issues;
};

test("where an input may have several forms, the faults of the form that was meant are told", () => {
  const three = [{ quantity: 1 }, { quantity: 1 }, { quantity: 1 }];
  expect(issuesOf(either, { input: { events: three } })).toEqual([
    { path: "input.events", message: "Too big: expected array to have <=2 items" },
  ]);
  expect(issuesOf(either, { input: { events: [{ quantity: 0 }] } })).toMatchObject([
    { path: "input.events.0.quantity" },
  ]);
  expect(issuesOf(either, { input: { quantity: 0 } })).toMatchObject([{ path: "input.quantity" }]);
});

test("where a value may be of several types, all of them are told, and what it was", () => {
  const field = z.strictObject({ a: z.union([z.string().max(3), z.number(), z.boolean(), z.null()]) });
  const all = "Invalid input: expected string, number, boolean or null, received";
  expect(issuesOf(field, { a: [] })).toEqual([{ path: "a", message: `${all} array` }]);
  expect(issuesOf(field, {})).toEqual([{ path: "a", message: `${all} undefined` }]);
  expect(issuesOf(field, { a: Number.POSITIVE_INFINITY })).toEqual([
    { path: "a", message: `${all} Infinity` },
  ]);
  expect(issuesOf(field, { a: "long" })).toEqual([
    { path: "a", message: "Too big: expected string to have <=3 characters" },
  ]);
  expect(issuesOf(either, { input: 1 })).toEqual([
    { path: "input", message: "Invalid input: expected object, received number" },
  ]);
});

test("a wrong organization is told the form of an id", () => {
  expect(issuesOf(organizationReference, "org_1")).toEqual([
    { path: "", message: "is not an id of the form org_<uuid>" },
  ]);
});

test.each([
  ["40P01", "unavailable"],
  ["40001", "unavailable"],
  ["57P01", "unavailable"],
  ["23505", "internal"],
])("a statement that failed with %s is answered %s", (code, told) => {
  expect(toDomainError(Object.assign(new Error("no"), { code })).code).toBe(told);
});

// As pg 8.23 words them: errors without a code.
test.each([
  "timeout exceeded when trying to connect",
  "Query read timeout",
  "Connection terminated unexpectedly",
  "Client has encountered a connection error and is not queryable",
])("%s is answered unavailable", (message) => {
  expect(toDomainError(new Error(message)).code).toBe("unavailable");
});
