import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { stageMetering } from "./testing/staged-meter.ts";

let staged: Awaited<ReturnType<typeof stageMetering>>;
beforeAll(async () => {
  staged = await stageMetering();
});
afterAll(() => staged?.close());
beforeEach(() => {
  staged.line.fates = ["pass"];
});

test("what the work used is counted once, whichever answers are lost", async () => {
  await using meter = staged.meterOf();
  staged.line.fates = ["lose", "pass", "lose", "pass"];
  const outcome = await meter.withReservation({ quantity: 20, ttlSeconds: 60 }, () => 5);
  expect(outcome).toMatchObject({
    allowed: true,
    reservation: { source: "live", duplicate: true },
    commit: { source: "live", duplicate: true, acceptedQuantity: 5 },
  });
  expect(await staged.used()).toBe(5);
  expect(await meter.check({ quantity: 95 })).toMatchObject({ allowed: true });
});

test("a hold that is given back is free again, also when that answer is lost", async () => {
  await using meter = staged.meterOf();
  const { reservation } = await meter.reserve({ quantity: 90 });
  expect(await meter.check({ quantity: 6 })).toMatchObject({ allowed: false });
  staged.line.fates = ["lose", "pass"];
  expect(await meter.release({ reservationId: reservation?.id ?? "" })).toEqual({ released: true });
  expect(await meter.check({ quantity: 95 })).toMatchObject({ allowed: true });
});

test("units beyond hold and limit are recorded above it, once", async () => {
  const before = await staged.used();
  await using meter = staged.meterOf({ tries: 5 });
  staged.line.fates = ["pass", "lose", "pass", "lose", "pass"];
  expect(await meter.withReservation({ quantity: 60 }, () => 130)).toMatchObject({ allowed: true });
  expect(await meter.flush()).toBe(0);
  expect(await staged.used()).toBe(before + 130);
});

test("an event is taken back once", async () => {
  await using meter = staged.meterOf();
  const before = await staged.used();
  const { eventId } = await meter.record({ quantity: 7, idempotencyKey: "mistake" });
  staged.line.fates = ["lose", "pass"];
  await meter.void({ eventId });
  await meter.void({ idempotencyKey: "mistake" });
  expect(await staged.used()).toBe(before);
});
