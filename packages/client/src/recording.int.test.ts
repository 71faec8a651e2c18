import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { isHeadroomError, isMeterError, type MeterError } from "./index.ts";
import { stageMetering } from "./testing/staged-meter.ts";

let staged: Awaited<ReturnType<typeof stageMetering>>;
beforeAll(async () => {
  staged = await stageMetering();
});
afterAll(() => staged?.close());
beforeEach(() => {
  staged.line.fates = ["pass"];
  staged.line.requests.length = 0;
});

const rejection = async (promise: Promise<unknown>): Promise<MeterError> => {
  const error = await promise.catch((caught: unknown) => caught);
  if (!isMeterError(error)) throw new Error(`not a rejection of the meter: ${error}`);
  return error;
};

test("events travel together, and each has its own result", async () => {
  const before = await staged.used();
  await using meter = staged.meterOf();
  const results = await Promise.all([1, 2, 3].map((quantity) => meter.record({ quantity })));
  expect(results.map(({ status }) => status)).toEqual(["recorded", "recorded", "recorded"]);
  expect(new Set(results.map(({ eventId }) => eventId)).size).toBe(3);
  expect(staged.line.requests).toHaveLength(1);
  expect(await staged.used()).toBe(before + 6);
});

test("an event whose answer was lost after it was counted is counted once", async () => {
  const before = await staged.used();
  await using meter = staged.meterOf();
  staged.line.fates = ["lose", "lose", "pass"];
  const results = await Promise.all([meter.record({ quantity: 5 }), meter.record({ quantity: 7 })]);
  expect(results.map(({ status }) => status)).toEqual(["duplicate", "duplicate"]);
  expect(new Set(staged.line.requests).size).toBe(1);
  expect(staged.line.requests).toHaveLength(3);
  expect(await staged.used()).toBe(before + 12);
});

test("a consume whose answer was lost after it was counted is counted once", async () => {
  const before = await staged.used();
  await using meter = staged.meterOf();
  staged.line.fates = ["lose", "pass"];
  expect(await meter.consume({ quantity: 4 })).toMatchObject({
    allowed: true,
    source: "live",
    duplicate: true,
  });
  expect(await staged.used()).toBe(before + 4);
});

test.each([
  ["counted, and only its answer was lost", "lose" as const],
  ["never heard", "drop" as const],
])("a consume allowed in an outage is counted once when it was %s", async (_name, fate) => {
  const before = await staged.used();
  const rejected: MeterError[] = [];
  await using meter = staged.meterOf({
    onUnavailable: "allow",
    recordAllowed: true,
    tries: 2,
    onRejected: (error) => rejected.push(error),
  });
  staged.line.fates = [fate, "drop", "pass"];
  const result = await meter.consume({ quantity: 3 });
  expect(result).toMatchObject({ allowed: true, source: "fallback", recording: true });
  expect(await meter.flush()).toBe(0);
  expect(await staged.used()).toBe(before + 3);
  expect(rejected).toEqual([]);
});

test("a consume allowed in an outage is not recorded unless asked for", async () => {
  const before = await staged.used();
  await using meter = staged.meterOf({ tries: 1 });
  staged.line.fates = ["drop", "pass"];
  const result = await meter.consume({ quantity: 3 }, { onUnavailable: "allow" });
  expect(result).toMatchObject({ allowed: true, source: "fallback", recording: false });
  expect(await meter.flush()).toBe(0);
  expect(await staged.used()).toBe(before);
});

test("one bad event never takes the others with it", async () => {
  const before = await staged.used();
  const rejected: MeterError[] = [];
  await using meter = staged.meterOf({ onRejected: (error) => rejected.push(error) });
  const results = await Promise.allSettled(
    Array.from({ length: 12 }, (_, index) => {
      const bad = { 4: { meter: "pagez" }, 9: { quantity: -1 }, 11: { memberId: memberless } }[index] ?? {};
      return meter.record({ quantity: 1, idempotencyKey: `bad-${index}`, ...bad });
    }),
  );
  expect(results.flatMap(({ status }, index) => (status === "rejected" ? index : []))).toEqual([4, 9, 11]);
  expect(await staged.used()).toBe(before + 9);
  const causes = Object.fromEntries(
    rejected.map(({ event, cause }) => [event?.idempotencyKey, isHeadroomError(cause) && cause.data.reason]),
  );
  expect(causes).toEqual({
    "bad-4": "unknown_meter",
    "bad-9": "validation_failed",
    "bad-11": "not_a_member",
  });
});

test("events that name the same unknown meter or member are told together", async () => {
  await using meter = staged.meterOf();
  const wrong = [{ meter: "pagez" }, { memberId: memberless }].flatMap((bad) =>
    Array.from({ length: 20 }, () => rejection(meter.record({ quantity: 1, ...bad }))),
  );
  const right = meter.record({ quantity: 1 });
  for (const error of await Promise.all(wrong)) expect(error).toMatchObject({ code: "refused" });
  expect(await right).toMatchObject({ status: "recorded" });
  expect(staged.line.requests).toHaveLength(3);
});

const memberless = "usr_0198c0de-0000-7000-8000-00000000000a";

test("a key that was used with another payload is a rejection of that event alone", async () => {
  await using meter = staged.meterOf();
  await meter.record({ quantity: 1, idempotencyKey: "twice" });
  const [again, other] = [
    meter.record({ quantity: 2, idempotencyKey: "twice" }),
    meter.record({ quantity: 1 }),
  ];
  expect(await rejection(again)).toMatchObject({
    code: "mismatch",
    event: { idempotencyKey: "twice", quantity: 2 },
  });
  expect(await other).toMatchObject({ status: "recorded" });
});

test("a clock that goes ahead is told to the caller, with few requests", async () => {
  const before = await staged.used();
  await using meter = staged.meterOf();
  const ahead = new Date(Date.now() + 10 * 60_000).toISOString();
  const skewed = Array.from({ length: 40 }, () => meter.record({ quantity: 1, occurredAt: ahead }));
  const right = meter.record({ quantity: 1 });
  for (const event of skewed) {
    const error = await rejection(event);
    expect(error).toMatchObject({ code: "refused", event: { occurredAt: ahead } });
    expect(isHeadroomError(error.cause, "validation_failed") && error.cause.data.details).toMatchObject({
      issues: expect.arrayContaining([
        { path: "events.0.occurredAt", message: "must be at most 35 days ago and 5 minutes ahead" },
      ]),
    });
  }
  expect(await right).toMatchObject({ status: "recorded" });
  expect(staged.line.requests).toHaveLength(2);
  expect(await staged.used()).toBe(before + 1);
});

test("keys made by a clock that goes ahead are told as well", async () => {
  await using meter = staged.meterOf();
  const born = (Date.now() + 3_600_000).toString(16).padStart(12, "0");
  const keys = Array.from({ length: 20 }, (_, index) => {
    return `${born.slice(0, 8)}-${born.slice(8)}-7000-8000-0000000000${10 + index}`;
  });
  const skewed = keys.map((idempotencyKey) => meter.record({ quantity: 1, idempotencyKey }));
  const right = meter.record({ quantity: 1 });
  for (const event of skewed) expect(await rejection(event)).toMatchObject({ code: "refused" });
  expect(await right).toMatchObject({ status: "recorded" });
  expect(staged.line.requests).toHaveLength(2);
});

test("a wrong credential rejects every event at once", async () => {
  const { createHeadroomClient, createMeter } = await import("./index.ts");
  const client = createHeadroomClient({ url: staged.url, apiKey: "hr_test_nothing" });
  await using meter = createMeter(client, { batch: { maxAgeMs: 5 }, onRejected: () => undefined });
  const events = Array.from({ length: 10 }, () => rejection(meter.record({ quantity: 1 })));
  for (const event of events) {
    const { code, cause } = await event;
    expect([code, isHeadroomError(cause, "unauthenticated")]).toEqual(["refused", true]);
  }
  expect(staged.line.requests).toHaveLength(1);
});

test("check answers what a consume would, and a rule of its own in an outage", async () => {
  await using meter = staged.meterOf({ tries: 2 });
  expect(await meter.check({})).toMatchObject({
    allowed: true,
    source: "live",
    remaining: expect.any(Number),
  });
  expect(await meter.check({ quantity: 1_000 })).toMatchObject({ allowed: false, reason: "daily_limit" });
  staged.line.fates = ["drop"];
  const asked: unknown[] = [];
  const rule = ({ input }: { input: unknown }) => asked.push(input) > 0;
  expect(await meter.check({}, { onUnavailable: rule })).toMatchObject({ allowed: true, source: "fallback" });
  expect(await meter.check({})).toMatchObject({ allowed: false, source: "fallback" });
  expect(asked).toEqual([{ quantity: 1 }]);
});
