import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { fromWire, namesOf, pathToWire, snakeCase, toWire } from "./names.ts";

const schema = z.strictObject({
  organizationId: z.string(),
  dailyLimit: z.number().nullable(),
  properties: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  invitedBy: z.strictObject({ userId: z.string() }).nullable().default(null),
  planPrices: z.array(z.strictObject({ unitAmount: z.string() })),
  result: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("sent"), sentAt: z.string() }),
    z.strictObject({ kind: z.literal("failed"), lastError: z.string() }),
  ]),
});
const names = namesOf(z.toJSONSchema(schema, { io: "input" }));

const text = fc.string({ maxLength: 6 });
const values: fc.Arbitrary<z.input<typeof schema>> = fc.record({
  organizationId: text,
  dailyLimit: fc.option(fc.nat()),
  properties: fc.dictionary(fc.oneof(text, fc.constantFrom("dailyLimit", "daily_limit", "userId")), text),
  invitedBy: fc.option(fc.record({ userId: text })),
  planPrices: fc.array(fc.record({ unitAmount: text }), { maxLength: 3 }),
  result: fc.oneof(
    fc.record({ kind: fc.constant("sent" as const), sentAt: text }),
    fc.record({ kind: fc.constant("failed" as const), lastError: text }),
  ),
});

const never = (key: string): never => {
  throw new Error(`${key} was not known`);
};

describe("our keys", () => {
  test("go to the wire and back unchanged", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(fromWire(names, toWire(names, value), never)).toEqual(value);
      }),
    );
  });

  test("are in snake_case on the wire, at every depth and in every alternative", () => {
    const value = {
      dailyLimit: 1,
      invitedBy: { userId: "a" },
      planPrices: [{ unitAmount: "2.5" }],
      result: { kind: "failed", lastError: "b" },
    };
    expect(toWire(names, value)).toEqual({
      daily_limit: 1,
      invited_by: { user_id: "a" },
      plan_prices: [{ unit_amount: "2.5" }],
      result: { kind: "failed", last_error: "b" },
    });
  });

  test("have one spelling: camelCase is reported and left out", () => {
    const unknown: string[] = [];
    const input = fromWire(names, { organizationId: "a", invited_by: { userId: "b" } }, (key) =>
      unknown.push(key),
    );
    expect(input).toEqual({ invitedBy: {} });
    expect(unknown).toEqual(["organizationId", "userId"]);
  });
});

test("the caller's keys are never touched", () => {
  const properties = { crawlJob: "a", crawl_job: "b", dailyLimit: "c" };
  expect(toWire(names, { properties })).toEqual({ properties });
  expect(fromWire(names, { properties }, never)).toEqual({ properties });
});

test("what is not a field keeps its name, for the schema to refuse", () => {
  expect(fromWire(names, JSON.parse('{"role":1,"__proto__":{"role":1}}'), never)).toEqual(
    JSON.parse('{"role":1,"__proto__":{"role":1}}'),
  );
});

test("the place of a fault is spelled as on the wire", () => {
  expect(pathToWire(names, "planPrices.0.unitAmount")).toBe("plan_prices.0.unit_amount");
  expect(pathToWire(names, "properties.crawlJob")).toBe("properties.crawlJob");
  expect(pathToWire(names, "")).toBe("");
});

test.each([
  ["organizationId", "organization_id"],
  ["id", "id"],
  ["emailVerifiedAt", "email_verified_at"],
])("%s is %s", (name, spelled) => {
  expect(snakeCase(name)).toBe(spelled);
});
