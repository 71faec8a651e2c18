import fc from "fast-check";
import { expect, test } from "vitest";
import { type DeliveryRules, planDelivery, spoilAttempt } from "./delivery-program.ts";
import { readProgram } from "./delivery-rules.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const half = { probability: 0.5 };
const everything = {
  duplicate: { ...half, times: 3 },
  delay: { probability: 0.2, max: "2h" },
  reorder: { ...half, window: 4 },
  drop: { probability: 0.1 },
  wrongMode: half,
  staleSignature: half,
  badSignature: half,
  secondSecret: half,
  truncate: half,
  oldVersion: half,
};
const positions = Array.from({ length: 30 }, (_, index) => index + 1);
const plans = (rules: DeliveryRules) => positions.map((position) => planDelivery(rules, position));
const spoils = (rules: DeliveryRules) => positions.map((position) => spoilAttempt(rules, position, 0, 1));

test("a seed decides everything, and each hazard for itself", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const all = readProgram({ seed, ...everything });
      expect(plans(all)).toEqual(plans(readProgram({ seed, ...everything })));
      expect(spoils(all)).toEqual(spoils(readProgram({ seed, ...everything })));
      const fewer = readProgram({ seed, truncate: half });
      const truncated = spoils(all).map((one) => one.filter(({ kind }) => kind === "truncate"));
      expect(spoils(fewer)).toEqual(truncated);
    }),
    { numRuns: 20 },
  );
});

test("another seed decides otherwise", () => {
  const of = (seed: number) => JSON.stringify([plans(readProgram({ seed, ...everything }))]);
  expect(new Set([1, 2, 3, 4, 5].map(of)).size).toBe(5);
});

test("hazards hit about as often as they were asked to, with amounts inside their bounds", () => {
  const rules = readProgram({
    seed: 5,
    drop: { probability: 0.25 },
    duplicate: { times: 2 },
    delay: { ...half, min: "1m", max: "1h" },
    reorder: { window: 3 },
  });
  const many = Array.from({ length: 2000 }, (_, index) => planDelivery(rules, index + 1));
  const dropped = many.filter(({ drop }) => drop).length;
  expect(dropped).toBeGreaterThan(400);
  expect(dropped).toBeLessThan(600);
  const sent = many.filter(({ drop }) => !drop);
  expect(new Set(sent.map(({ copies }) => copies.length))).toEqual(new Set([3]));
  const copies = sent.flatMap(({ copies }) => copies);
  const delays = copies.map(({ delay }) => delay).filter((delay) => delay > 0);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(60_000);
  expect(Math.max(...delays)).toBeLessThanOrEqual(3_600_000);
  expect(delays.length / copies.length).toBeCloseTo(0.5, 1);
  const behind = new Set(copies.filter(({ delay }) => delay === 0).map((copy) => copy.behind));
  expect([...behind].sort()).toEqual([1, 2, 3]);
});

test("`attempts` leaves the later ones alone", () => {
  const rules = readProgram({ truncate: { attempts: 2 }, wrongMode: {} });
  const kinds = (attempt: number) => spoilAttempt(rules, 1, 0, attempt).map(({ kind }) => kind);
  expect([1, 2, 3].map(kinds)).toEqual([["wrongMode", "truncate"], ["wrongMode", "truncate"], ["wrongMode"]]);
});

test.each<[object, RegExp]>([
  [{ colour: "red" }, /colour is not a field of a delivery program/],
  [{ seed: -1 }, /seed must be a whole number/],
  [{ seed: 2 ** 32 }, /seed must be/],
  [{ retry: "never" }, /retry must be one of real, virtual/],
  [{ roundTo: "2d" }, /roundTo must be a duration/],
  [{ atOnce: 0 }, /atOnce must be a whole number/],
  [{ drop: true }, /drop must be an object/],
  [{ drop: { probability: 1.5 } }, /drop.probability must be/],
  [{ drop: { times: 2 } }, /times is not a field of drop/],
  [{ duplicate: { times: 0 } }, /duplicate.times/],
  [{ delay: {} }, /delay.max must be a duration/],
  [{ delay: { min: "2h", max: "1h" } }, /delay.max must be a duration from 7200 seconds/],
  [{ reorder: {} }, /reorder.window/],
  [{ truncate: { attempts: 0 } }, /truncate.attempts/],
  [{ oldVersion: { version: "2011-01-01" } }, /oldVersion.version must be one of/],
  [{ secondSecret: { secret: "x" } }, /secondSecret.secret/],
  [{ types: [] }, /types must be a list/],
  [{ endpoint: 7 }, /endpoint must match/],
  [{ faults: [{ kind: "status", seed: 1 }] }, /has no seed/],
  [{ faults: [{ kind: "explode" }] }, /kind must be one of/],
  [{ faults: {} }, /faults must be a list/],
])("%j is refused", (body, message) => {
  expect(() => readProgram({ ...body })).toThrow(message);
});
