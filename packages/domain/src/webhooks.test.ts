import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AttemptResult,
  composeMessage,
  decideDelivery,
  decideDisabling,
  isDelivered,
  retryDelay,
  retryDelays,
} from "./webhooks.ts";

const day = 86_400;
const result = (changes: Partial<AttemptResult>): AttemptResult => ({
  status: 500,
  error: null,
  retryAfter: null,
  durationMs: 1,
  ...changes,
});

describe("the retries of a delivery", () => {
  test("are ten, with growing pauses, over about three days", () => {
    const pauses = retryDelays.map((_, index) => retryDelay(index + 1, 0, null) ?? 0);
    expect(pauses).toEqual(pauses.toSorted((one, other) => one - other));
    expect(pauses[0]).toBe(5);
    const total = pauses.reduce((sum, pause) => sum + pause, 0);
    expect(total / day).toBeGreaterThan(2.7);
    expect(total / day).toBeLessThan(3.1);
    expect(retryDelay(11, 0, null)).toBeNull();
  });

  test("are spread by a fifth at most", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, random) => {
          const least = retryDelays[failures - 1] as number;
          const delay = retryDelay(failures, random, null) as number;
          return delay >= least && delay < least * 1.2;
        },
      ),
    );
    expect(retryDelay(1, 0.5, null)).toBe(5.5);
  });

  test.each([
    [1, 60, 60],
    [1, 2, 5],
    [4, 60, 600],
    [1, 10 * day, day],
    [11, 60, null],
  ])("after %i failures wait for the receiver's %i seconds: %s", (failures, retryAfter, expected) => {
    expect(retryDelay(failures, 0, retryAfter)).toBe(expected);
  });
});

test.each([
  [199, false],
  [200, true],
  [204, true],
  [299, true],
  [301, false],
  [307, false],
  [404, false],
  [500, false],
  [null, false],
])("an answer of %s delivers: %s", (status, delivered) => {
  expect(isDelivered({ status })).toBe(delivered);
  expect(decideDelivery(result({ status }), 1, 0).status).toBe(delivered ? "delivered" : "pending");
});

test("a failure after the last retry, and a receiver that is gone, are final", () => {
  expect(decideDelivery(result({}), 10, 0)).toEqual({ status: "pending", retryInSeconds: day });
  expect(decideDelivery(result({}), 11, 0)).toEqual({ status: "failed" });
  expect(decideDelivery(result({ status: 410 }), 1, 0)).toEqual({ status: "failed" });
});

test.each([
  [result({ status: 410 }), 0, "gone"],
  [result({}), 5 * day - 1, null],
  [result({}), 5 * day, "failing"],
  [result({ status: null, error: "timeout" }), 6 * day, "failing"],
  [result({ status: 200 }), 6 * day, null],
])("%o after %i seconds of failures disables: %s", (attempt, seconds, reason) => {
  expect(decideDisabling(attempt, seconds)).toBe(reason);
});

test("a message has the event's id, type and time, and its payload beside organization and number", () => {
  const uuid = "0198c0de-0000-7000-8000-00000000000a";
  const message = composeMessage({
    organizationId: uuid,
    seq: 7,
    id: uuid,
    name: "member.left",
    payload: { userId: `usr_${uuid}` },
    at: "2026-01-01T00:00:00.000Z",
  });
  expect(message).toEqual({
    id: `evt_${uuid}`,
    body: `{"type":"member.left","timestamp":"2026-01-01T00:00:00.000Z","data":{"organizationId":"org_${uuid}","seq":7,"userId":"usr_${uuid}"}}`,
  });
});
