import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type BinaryArray,
  bigintArray,
  bytesArray,
  dateArray,
  integerArray,
  textArray,
  uuidArray,
} from "./binary-arrays.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

let scratch: TestDatabase;
beforeAll(async () => {
  scratch = await createTestDatabase();
});
afterAll(() => scratch?.drop());

/** What the server read, written by it as text. */
async function seen(type: string, list: BinaryArray): Promise<(string | null)[]> {
  const { rows } = await scratch.admin.query<{ texts: (string | null)[] | null }>(
    `select $1::${type}[]::text[] as texts`,
    [list],
  );
  return rows[0]?.texts ?? [];
}

const listOf = <Value>(value: fc.Arbitrary<Value>) =>
  fc
    .array(fc.option(value, { freq: 4 }), { minLength: 1, maxLength: 20 })
    .filter((list) => list.some((one) => one !== null));

const day = fc
  .integer({ min: -20_000, max: 40_000 })
  .map((n) => new Date(n * 86_400_000).toISOString().slice(0, 10));

/** Each type with its lists, how they are sent, and how the server writes an element as text. */
const kinds = [
  ["text", listOf(fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"))), textArray, String],
  ["uuid", listOf(fc.uuid()), uuidArray, String],
  ["bigint", listOf(fc.maxSafeInteger()), bigintArray, String],
  ["integer", listOf(fc.integer()), integerArray, String],
  ["date", listOf(day), dateArray, String],
  [
    "bytea",
    listOf(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
    bytesArray,
    (bytes: Buffer) => `\\x${bytes.toString("hex")}`,
  ],
] as const;

test.each(kinds)("a list of %s arrives as it was sent", async (type, lists, encode, written) => {
  await fc.assert(
    fc.asyncProperty(lists as fc.Arbitrary<(never | null)[]>, async (list) => {
      const expected = list.map((one) => (one === null ? null : (written as (value: never) => string)(one)));
      expect(await seen(type, (encode as (values: (never | null)[]) => BinaryArray)(list))).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

test("a list of nulls is none, and what is not of its type is refused as the server would refuse it", () => {
  expect(uuidArray([null, null])).toBeNull();
  for (const wrong of [
    "",
    "0190",
    "zz908400-e29b-41d4-a716-446655440000",
    "550e8400e29b41d4a716446655440000",
  ]) {
    expect(() => uuidArray([wrong])).toThrow(expect.objectContaining({ code: "22P02" }));
  }
  for (const wrong of [1.5, 2 ** 53, Number.NaN]) {
    expect(() => bigintArray([wrong])).toThrow(expect.objectContaining({ code: "22003" }));
  }
});
