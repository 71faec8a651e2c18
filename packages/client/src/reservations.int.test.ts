import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createHeadroomClient, createMeter, isHeadroomError, type MeterError } from "./index.ts";
import { startLossyProxy } from "./testing/lossy-proxy.ts";
import { startMeteringServer } from "./testing/metering-server.ts";

let server: Awaited<ReturnType<typeof startMeteringServer>>;
let line: Awaited<ReturnType<typeof startLossyProxy>>;
const rejected: MeterError[] = [];
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
  server.state.reservations.clear();
  server.state.events.clear();
  server.state.remembersCommits = true;
  rejected.length = 0;
});

const meterOf = (options: Parameters<typeof createMeter>[1] = {}) =>
  createMeter(createHeadroomClient({ url: line.url, apiKey: "hr_test_key" }), {
    timeoutMs: 6_000,
    onRejected: (error) => rejected.push(error),
    ...options,
  });
/** The refusal of what was used is lost, then what became of the part that fits. */
const lostTwice = ["pass", "lose", "pass", "lose", "pass"] as ("pass" | "lose")[];
const recorded = () => [...server.state.events.values()].map(({ quantity, key }) => ({ quantity, key }));

test("what the work used is committed, and the rest is free again", async () => {
  await using meter = meterOf();
  const outcome = await meter.withReservation({ quantity: 60 }, (reservation) => {
    expect(reservation).toMatchObject({ source: "live", allowed: true });
    expect(server.held()).toBe(60);
    return 25;
  });
  expect(outcome).toMatchObject({
    allowed: true,
    quantity: 25,
    commit: { source: "live", acceptedQuantity: 25 },
  });
  expect([server.used(), server.held()]).toEqual([25, 0]);
});

test("work that is not allowed is not done", async () => {
  await using meter = meterOf();
  const outcome = await meter.withReservation({ quantity: 101 }, () => expect.unreachable());
  expect(outcome).toMatchObject({ allowed: false, reservation: { source: "live" } });
});

test.each([
  ["throws", () => Promise.reject(new Error("broken")), "broken"],
  ["answers no number of units", () => 1.5, "whole units"],
])("work that %s gives its hold back", async (_name, work, message) => {
  await using meter = meterOf();
  await expect(meter.withReservation({ quantity: 60 }, work)).rejects.toThrow(message);
  expect([server.used(), server.held()]).toEqual([0, 0]);
});

test("work that used nothing gives its hold back", async () => {
  await using meter = meterOf();
  expect(await meter.withReservation({ quantity: 60 }, () => 0)).toMatchObject({ quantity: 0, commit: null });
  expect([server.used(), server.held()]).toEqual([0, 0]);
});

test("a fault of the work is told although its hold cannot be given back", async () => {
  await using meter = meterOf({ tries: 1 });
  const work = () => {
    line.state.fates = ["drop"];
    throw new Error("broken");
  };
  await expect(meter.withReservation({ quantity: 60 }, work)).rejects.toThrow("broken");
});

test.each([
  ["by the commit's key", true, { source: "live", duplicate: true, acceptedQuantity: 25 }],
  ["by what became of the reservation", false, { source: "fallback", pending: false }],
])("each answer may be lost, and the units are counted once: known %s", async (_name, remembers, commit) => {
  await using meter = meterOf();
  server.state.remembersCommits = remembers;
  line.state.fates = ["lose", "pass", "lose", "pass"];
  const outcome = await meter.withReservation({ quantity: 60 }, () => 25);
  expect(outcome).toMatchObject({
    reservation: { source: "live", duplicate: true },
    commit,
  });
  expect([server.used(), server.held(), server.state.reservations.size]).toEqual([25, 0, 1]);
  line.state.fates = ["pass", "lose", "pass"];
  const held = await meter.reserve({ quantity: 5 });
  expect(await meter.release({ reservationId: held.reservation?.id ?? "" })).toMatchObject({
    released: true,
  });
});

test("a reservation that was ended by somebody else is an error", async () => {
  await using meter = meterOf();
  const { reservation } = await meter.reserve({ quantity: 5 });
  const reservationId = reservation?.id ?? "";
  await meter.commit({ reservationId });
  const again = await meter.commit({ reservationId }).catch((error: unknown) => error);
  expect(isHeadroomError(again, "reservation_not_open")).toBe(true);
  const given = await meter.release({ reservationId }).catch((error: unknown) => error);
  expect(isHeadroomError(given, "reservation_not_open")).toBe(true);
});

test("a commit in an outage is tried on, and flush waits for it", async () => {
  await using meter = meterOf({ tries: 2 });
  const outcome = await meter.withReservation({ quantity: 60 }, () => {
    line.state.fates = ["lose", "drop", "busy", "pass"];
    return 25;
  });
  expect(outcome).toMatchObject({ commit: { source: "fallback", pending: true } });
  expect(await meter.flush()).toBe(0);
  expect([server.used(), server.held(), rejected]).toEqual([25, 0, []]);
});

test("a commit that cannot be made until the end is told", async () => {
  const meter = meterOf({ tries: 1 });
  const { reservation } = await meter.reserve({ quantity: 60 });
  const reservationId = reservation?.id ?? "";
  line.state.fates = ["drop"];
  await meter.commit({ reservationId, quantity: 25 });
  await meter.close(50);
  expect(rejected).toMatchObject([
    { code: "undelivered", event: null, commit: { reservationId, quantity: 25 } },
  ]);
});

test.each([
  ["answered", true, ["pass" as const]],
  ["lost at every step", true, lostTwice],
  ["lost, and no key known", false, lostTwice],
])("units beyond hold and limit are recorded, once: %s", async (_name, remembers, fates) => {
  server.state.remembersCommits = remembers;
  await using meter = meterOf({ tries: 5 });
  line.state.fates = [...fates];
  const outcome = await meter.withReservation({ quantity: 60 }, () => 130);
  expect(outcome).toMatchObject({ allowed: true, quantity: 130 });
  await meter.flush();
  expect(server.used()).toBe(60);
  expect(recorded()).toEqual([{ quantity: 70, key: expect.stringMatching(/:surplus$/) }]);
  expect(rejected).toEqual([]);
});

test("units beyond the hold that fit are committed whole", async () => {
  await using meter = meterOf();
  await meter.withReservation({ quantity: 60 }, () => 90);
  expect([server.used(), recorded()]).toEqual([90, []]);
});

test("work allowed in an outage is recorded afterwards, by what it used", async () => {
  await using meter = meterOf({ onUnavailable: "allow", recordAllowed: true, tries: 1 });
  line.state.fates = ["drop", "pass"];
  const outcome = await meter.withReservation({ quantity: 60 }, () => 25);
  expect(outcome).toMatchObject({ allowed: true, commit: null, reservation: { source: "fallback" } });
  await meter.flush();
  expect(recorded()).toEqual([{ quantity: 25, key: outcome.reservation.idempotencyKey }]);
});

test("an outage denies unless told otherwise", async () => {
  await using meter = meterOf({ tries: 1 });
  line.state.fates = ["drop"];
  expect(await meter.withReservation({ quantity: 1 }, () => expect.unreachable())).toMatchObject({
    allowed: false,
    reservation: { source: "fallback", reservation: null },
  });
});
