import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DomainError } from "./errors.ts";
import {
  canonicalJson,
  decideRefusal,
  faultOfTime,
  type GateReading,
  headroomOf,
  keyBirthday,
  overageOf,
  payloadText,
  remainingOf,
} from "./usage.ts";

const now = Date.UTC(2026, 10, 22, 12);
const day = 86_400_000;

const limit = fc.option(fc.nat(1000));
const gate: fc.Arbitrary<GateReading> = fc.record({
  dayUsed: fc.integer({ min: -50, max: 1500 }),
  dayHeld: fc.nat(50),
  dailyLimit: limit,
  dayEnd: fc.constant("2026-11-23T00:00:00.000Z"),
  periodUsed: fc.integer({ min: -50, max: 1500 }),
  periodHeld: fc.nat(50),
  periodEnd: fc.constant("2026-12-01T00:00:00.000Z"),
  included: limit,
  maxOverage: limit,
  hardCap: limit,
});

describe("limits", () => {
  test("what remains fits, and one unit more does not", () => {
    fc.assert(
      fc.property(gate, (reading) => {
        const remaining = remainingOf(reading);
        if (remaining === null) {
          expect(decideRefusal(reading, Number.MAX_SAFE_INTEGER)).toBeNull();
        } else {
          if (remaining > 0) {
            expect(decideRefusal(reading, remaining)).toBeNull();
          }
          expect(decideRefusal(reading, remaining + 1)).not.toBeNull();
        }
      }),
    );
  });

  test("where both windows refuse, the one that opens later is named", () => {
    const full = { ...headroomGate, dailyLimit: 5, dayUsed: 5, hardCap: 5, periodUsed: 5 };
    expect(decideRefusal(full, 1)).toBe("hard_cap");
    expect(decideRefusal({ ...full, hardCap: 6 }, 1)).toBe("daily_limit");
  });

  test("a limit of 0 is a real one, null is none", () => {
    expect(decideRefusal({ ...headroomGate, hardCap: 0 }, 1)).toBe("hard_cap");
    expect(decideRefusal(headroomGate, 1)).toBeNull();
    expect(remainingOf(headroomGate)).toBeNull();
  });

  test("overage is what the period has above included", () => {
    expect(overageOf(120, 100)).toBe(20);
    expect(overageOf(100, 100)).toBe(0);
    expect(overageOf(120, null)).toBe(0);
  });

  test("remaining is never more than the wire carries", () => {
    const reading = { ...headroomGate, hardCap: Number.MAX_SAFE_INTEGER, periodUsed: -15 };
    expect(headroomOf(reading).remaining).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("remaining is never negative", () => {
    expect(headroomOf({ ...headroomGate, hardCap: 10, periodUsed: 15 }).remaining).toBe(0);
  });

  test("what is held takes room, and is told apart from what is used", () => {
    const reading = { ...headroomGate, dailyLimit: 10, dayUsed: 4, dayHeld: 5, hardCap: 20, periodHeld: 5 };
    expect(headroomOf(reading)).toMatchObject({
      remaining: 1,
      windows: { day: { used: 4, held: 5 }, period: { used: 0, held: 5 } },
    });
    expect(decideRefusal(reading, 2)).toBe("daily_limit");
  });

  test("a window that voids have taken below zero is shown as empty, and has that much more room", () => {
    const reading = { ...headroomGate, hardCap: 10, periodUsed: -3, included: 5 };
    expect(headroomOf(reading)).toMatchObject({
      windows: { period: { used: 0 } },
      remaining: 13,
      overage: 0,
    });
  });
});

const headroomGate: GateReading = {
  dayUsed: 0,
  dayHeld: 0,
  dailyLimit: null,
  dayEnd: "2026-11-23T00:00:00.000Z",
  periodUsed: 0,
  periodHeld: 0,
  periodEnd: "2026-12-01T00:00:00.000Z",
  included: null,
  maxOverage: null,
  hardCap: null,
};

/** A UUIDv7 that was born at an instant. */
function keyOf(ms: number): string {
  const hex = ms.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

describe("idempotency keys", () => {
  test("a UUIDv7 tells the day it can have come first, five minutes of skew included", () => {
    expect(keyBirthday(keyOf(Date.UTC(2026, 10, 22, 0, 4)), now)).toBe("2026-11-21");
    expect(keyBirthday(keyOf(Date.UTC(2026, 10, 22, 0, 6)), now)).toBe("2026-11-22");
  });

  test("any other key tells nothing", () => {
    expect(keyBirthday("order-1742", now)).toBeNull();
    expect(keyBirthday("9c5b94b1-35ad-49bb-b118-8e8fc24abf80", now)).toBeNull();
  });

  test.each([now + 6 * 60_000, now - 41 * day])(
    "one from the future or before the horizon is refused",
    (ms) => {
      expect(() => keyBirthday(keyOf(ms), now)).toThrow(DomainError);
    },
  );

  test.each(["void:x", "res:x"])("callers can't write the space of voids, nor that of commits: %s", (key) => {
    expect(() => keyBirthday(key, now)).toThrow(DomainError);
  });
});

test("an event may be 35 days late and 5 minutes ahead, no more", () => {
  expect(faultOfTime(now - 35 * day, now)).toBeNull();
  expect(faultOfTime(now + 5 * 60_000, now)).toBeNull();
  expect(faultOfTime(now - 35 * day - 1, now)).toMatch("35 days");
  expect(faultOfTime(now + 5 * 60_000 + 1, now)).toMatch("5 minutes");
});

describe("canonical JSON", () => {
  test("does not depend on the order of fields", () => {
    expect(canonicalJson({ b: [1, { d: 1, c: 2 }], a: null })).toBe(
      canonicalJson({ a: null, b: [1, { c: 2, d: 1 }] }),
    );
  });

  test("is JSON of the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("of an event's payload is written at once to the same text", () => {
    const payload = fc.record({
      quantity: fc.maxSafeNat(),
      mode: fc.constantFrom("reject" as const, "cap" as const, "record" as const),
      memberId: fc.option(fc.string()),
      occurredAt: fc.option(fc.string()),
      properties: fc.option(fc.dictionary(fc.string(), fc.jsonValue())),
    });
    fc.assert(
      fc.property(payload, (one) => {
        expect(payloadText(one)).toBe(canonicalJson(one));
      }),
    );
  });
});
