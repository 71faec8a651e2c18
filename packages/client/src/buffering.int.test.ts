import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createHeadroomClient, createMeter, isMeterError, type MeterError } from "./index.ts";
import { startLossyProxy } from "./testing/lossy-proxy.ts";
import { startMeteringServer } from "./testing/metering-server.ts";

let server: Awaited<ReturnType<typeof startMeteringServer>>;
let line: Awaited<ReturnType<typeof startLossyProxy>>;
beforeAll(async () => {
  server = await startMeteringServer();
  line = await startLossyProxy(server.url);
});
afterAll(async () => {
  await line?.close();
  await server?.close();
});
beforeEach(() => {
  line.state.fates = ["pass"];
  line.state.requests.length = 0;
  server.state.requests.length = 0;
  server.state.events.clear();
});

const meterOf = (options: Parameters<typeof createMeter>[1] = {}) =>
  createMeter(createHeadroomClient({ url: line.url, apiKey: "hr_test_key" }), {
    onRejected: () => undefined,
    ...options,
  });
const slow = { maxAgeMs: 60_000 };
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "counted",
    (error: unknown) => (isMeterError(error) ? error.code : error),
  );

test("each organization's events travel by themselves, in their order", async () => {
  await using meter = meterOf({ batch: slow });
  for (let index = 0; index < 10; index += 1) {
    void meter.record({
      organizationId: index % 2 ? "org_b" : "org_a",
      quantity: 1,
      idempotencyKey: `${index}`,
    });
  }
  expect(await meter.flush()).toBe(0);
  expect(server.state.requests.toSorted((a, b) => (a.organizationId < b.organizationId ? -1 : 1))).toEqual([
    { organizationId: "org_a", keys: ["0", "2", "4", "6", "8"] },
    { organizationId: "org_b", keys: ["1", "3", "5", "7", "9"] },
  ]);
});

test("one organization's bad event is nothing to the other's", async () => {
  await using meter = meterOf({ batch: slow });
  const bad = codeOf(meter.record({ organizationId: "org_a", meter: "pagez", quantity: 1 }));
  const good = ["org_a", "org_b"].map((organizationId) =>
    codeOf(meter.record({ organizationId, quantity: 1 })),
  );
  await meter.flush();
  expect(await Promise.all([bad, ...good])).toEqual(["refused", "counted", "counted"]);
});

test("is sent when there are enough, and the order holds while a bad event is looked for", async () => {
  await using meter = meterOf({ batch: { ...slow, maxEvents: 8 } });
  const codes = Array.from({ length: 16 }, (_, index) =>
    codeOf(
      meter.record({ quantity: 1, idempotencyKey: `${index}`, ...(index === 5 ? { meter: "pagez" } : {}) }),
    ),
  );
  expect((await Promise.all(codes)).map((code, index) => (code === "refused" ? index : null))).toContain(5);
  const keys = [...server.state.events.values()].map(({ key }) => Number(key));
  expect(keys).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
});

test("is sent when it is old enough, and never more than 1,000 at once", async () => {
  await using meter = meterOf({ batch: { maxEvents: 5_000, maxAgeMs: 10 } });
  await meter.record({ quantity: 1 });
  await Promise.all(Array.from({ length: 2_500 }, () => meter.record({ quantity: 1 })));
  expect(Math.max(...server.state.requests.map(({ keys }) => keys.length))).toBe(1_000);
  expect(server.state.events.size).toBe(2_501);
});

test("large events are spread over requests that the api takes", async () => {
  await using meter = meterOf({ batch: slow });
  const properties = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`p${index}`, "é".repeat(500)]),
  );
  const codes = Array.from({ length: 120 }, () => codeOf(meter.record({ quantity: 1, properties })));
  await meter.flush();
  expect(new Set(await Promise.all(codes))).toEqual(new Set(["counted"]));
  expect(line.state.requests).toHaveLength(3);
});

test("an event that is no JSON is refused at once", async () => {
  await using meter = meterOf();
  const properties = { count: 1n } as unknown as Record<string, number>;
  expect(await codeOf(meter.record({ quantity: 1, properties }))).toBe("refused");
});

test("an event has its key and its moment from the call, through an outage too", async () => {
  line.state.fates = ["busy", "drop", "busy", "pass"];
  const rejected: MeterError[] = [];
  await using meter = meterOf({ batch: { maxAgeMs: 1 }, onRejected: (error) => rejected.push(error) });
  const called = Date.now();
  const recorded = meter.record({ quantity: 1 });
  const returned = Date.now();
  const { idempotencyKey } = await recorded;
  const sent = line.state.requests.map((request) => JSON.parse(request).events[0]);
  expect(sent).toHaveLength(4);
  expect(new Set(sent.map((event) => JSON.stringify(event))).size).toBe(1);
  expect(sent[0].idempotencyKey).toBe(idempotencyKey);
  expect(Date.parse(sent[0].occurredAt)).toBeGreaterThanOrEqual(called);
  expect(Date.parse(sent[0].occurredAt)).toBeLessThanOrEqual(returned);
  // 100 to 200 ms, 200 to 400, 400 to 800: each pause is longer than the one before may have been.
  expect(Date.now() - called).toBeGreaterThan(650);
  expect(rejected).toEqual([]);
});

test("what is too much is refused to its caller, and room comes back", async () => {
  line.state.fates = ["busy"];
  const rejected: MeterError[] = [];
  await using meter = meterOf({
    batch: { ...slow, maxBuffered: 3 },
    onUnavailable: "allow",
    recordAllowed: true,
    tries: 1,
    onRejected: (error) => rejected.push(error),
  });
  const kept = [1, 2, 3].map((quantity) => codeOf(meter.record({ quantity })));
  expect(await codeOf(meter.record({ quantity: 4 }))).toBe("buffer_full");
  expect(rejected).toMatchObject([{ code: "buffer_full", event: { quantity: 4 } }]);
  // An outage lets nothing pass that could not be counted afterwards.
  expect(await meter.consume({ quantity: 1 })).toMatchObject({ allowed: false, recording: false });
  line.state.fates = ["pass"];
  expect(await meter.flush()).toBe(0);
  expect(await Promise.all(kept)).toEqual(["counted", "counted", "counted"]);
  const later = codeOf(meter.record({ quantity: 5 }));
  await meter.flush();
  expect(await later).toBe("counted");
});

test("an event that grew too old in an outage is rejected as such", async () => {
  line.state.fates = ["busy"];
  await using meter = meterOf({ batch: { maxAgeMs: 1 } });
  const occurredAt = new Date(Date.now() - 35 * 86_400_000 + 600).toISOString();
  const [old, young] = [
    codeOf(meter.record({ quantity: 1, occurredAt })),
    codeOf(meter.record({ quantity: 1 })),
  ];
  expect(await old).toBe("expired");
  line.state.fates = ["pass"];
  await meter.flush();
  expect(await young).toBe("counted");
});

test("a slow server is waited for, and what comes meanwhile goes next", async () => {
  line.state.fates = [400, "pass"];
  await using meter = meterOf({ batch: { maxAgeMs: 1 } });
  const first = codeOf(meter.record({ quantity: 1, idempotencyKey: "a" }));
  await vi.waitFor(() => expect(line.state.requests).toHaveLength(1));
  const more = ["b", "c"].map((idempotencyKey) => codeOf(meter.record({ quantity: 1, idempotencyKey })));
  expect(await Promise.all([first, ...more])).toEqual(["counted", "counted", "counted"]);
  expect(server.state.requests.map(({ keys }) => keys)).toEqual([["a"], ["b", "c"]]);
});

test("flush tells what is left; close rejects it, and takes nothing more", async () => {
  line.state.fates = ["drop"];
  const rejected: MeterError[] = [];
  const meter = meterOf({ batch: slow, onRejected: (error) => rejected.push(error) });
  const events = ["org_a", "org_b"].map((organizationId) =>
    codeOf(meter.record({ organizationId, quantity: 1 })),
  );
  expect(await meter.flush(50)).toBe(2);
  const started = Date.now();
  await meter.close(100);
  expect(Date.now() - started).toBeLessThan(1_000);
  expect(await Promise.all(events)).toEqual(["undelivered", "undelivered"]);
  expect(await codeOf(meter.record({ quantity: 1 }))).toBe("closed");
  await vi.waitFor(() =>
    expect(rejected.map(({ code }) => code)).toEqual(["undelivered", "undelivered", "closed"]),
  );
});

test("leaving a scope sends what waits", async () => {
  {
    await using meter = meterOf({ batch: slow, onRejected: () => undefined });
    void meter.record({ quantity: 1, idempotencyKey: "scope" });
  }
  expect([...server.state.events.values()].map(({ key }) => key)).toEqual(["scope"]);
});

test("void is asked again through an outage", async () => {
  line.state.fates = ["drop", "pass"];
  await using meter = meterOf({ timeoutMs: 6_000 });
  expect(await meter.void({ eventId: "evt_1" })).toEqual({ voided: "evt_1" });
});
