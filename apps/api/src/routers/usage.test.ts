import { DomainError } from "@headroom/domain/errors";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { withHeaderKey } from "../usage-calls.ts";
import { usageRouter } from "./usage.ts";

const inputOf = (name: "consume" | "record") =>
  (usageRouter[name]._def as unknown as { inputs: [z.ZodType] }).inputs[0];

describe.each(["consume", "record"] as const)("the properties of what is sent to %s", (name) => {
  const accepts = (properties: object) => inputOf(name).safeParse({ quantity: 1, properties }).success;

  test.each(["a\u0000b", "\ud800", "x".repeat(501)])("hold nothing that cannot be stored: %j", (text) => {
    expect(accepts({ text })).toBe(false);
    expect(accepts({ [text]: 1 })).toBe(false);
  });

  test("are few, flat and any text else", () => {
    expect(accepts({ text: "", more: "Łódź 👩‍💻", count: 1.5, flag: false, none: null })).toBe(true);
    expect(accepts({ list: [] })).toBe(false);
    expect(accepts(Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`k${index}`, 1])))).toBe(
      false,
    );
  });
});

describe("the Idempotency-Key header", () => {
  const one: { quantity: number; idempotencyKey?: string } = { quantity: 1 };

  test("is the key of an event that names none", () => {
    expect(withHeaderKey("k", [one])).toEqual([{ ...one, idempotencyKey: "k" }]);
    expect(withHeaderKey("k", [{ ...one, idempotencyKey: "own" }])).toEqual([
      { ...one, idempotencyKey: "own" },
    ]);
    expect(withHeaderKey(null, [one])).toEqual([one]);
  });

  test("makes no key that is longer than one may be", () => {
    const long = "k".repeat(199);
    expect(withHeaderKey(`${long}k`, [one])[0]?.idempotencyKey).toHaveLength(200);
    expect(() => withHeaderKey(`${long}kk`, [one])).toThrow(DomainError);
    expect(() => withHeaderKey(long, [one, one])).toThrow(DomainError);
  });

  test("tells the events of one request apart", () => {
    const keys = withHeaderKey("k", [one, { ...one, idempotencyKey: "own" }, one]).map(
      (event) => event.idempotencyKey,
    );
    expect(keys).toEqual(["k:0", "own", "k:2"]);
  });
});
