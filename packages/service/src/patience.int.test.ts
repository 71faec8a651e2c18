import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "@headroom/db/client";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { usageRequest } from "@headroom/db/testing/usage-requests";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createUsageLane } from "./usage-lane.ts";

let scratch: TestDatabase;
let api: Database;
let make: Factory;

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  make = createFactory(scratch.admin);
  await make.plan("free", { pages: { dailyLimit: null, included: null, overage: null } });
});
afterAll(() => scratch?.drop());

/** Statements that meet usage events stand still until `release`. */
async function holdEvents() {
  const holder = await scratch.admin.connect();
  await holder.query("begin");
  await holder.query("lock table headroom.usage_event in access exclusive mode");
  return async () => {
    await holder.query("rollback");
    holder.release();
  };
}

const codeOf = async (submitted: Promise<unknown>) =>
  submitted.then(
    () => "answered",
    (error: { code?: string }) => error.code,
  );

test("while the database is silent everybody is told so in time, and what was not sent is never counted", async () => {
  const lane = createUsageLane(api, { batch: 4, patienceMs: 300 });
  const credential = await make.key(await make.organization());
  await createUsageLane(api).submit(usageRequest(credential));
  const release = await holdEvents();
  const startedAt = performance.now();
  const sent = Array.from({ length: 4 }, () => codeOf(lane.submit(usageRequest(credential))));
  await sleep(150);
  const queued = Array.from({ length: 40 }, () => usageRequest(credential));
  const codes = await Promise.all(queued.map((one) => codeOf(lane.submit(one))));
  const waited = performance.now() - startedAt;
  expect(new Set(codes)).toEqual(new Set(["unavailable"]));
  expect(new Set(await Promise.all(sent))).toEqual(new Set(["unavailable"]));
  expect(waited).toBeGreaterThan(400);
  expect(waited).toBeLessThan(1_800); // before a statement's own time limits
  await release();

  // Asked again with the same keys, all are new: none had been sent behind its caller's back.
  const again = createUsageLane(api);
  const outcomes = await Promise.all(queued.map((one) => again.submit(one)));
  expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["accepted"]));
});

test("those who gave up leave their place in the queue to others", async () => {
  const lane = createUsageLane(api, { batch: 1, queue: 5, patienceMs: 200 });
  const credential = await make.key(await make.organization());
  await createUsageLane(api).submit(usageRequest(credential));
  const release = await holdEvents();
  const ask = () => codeOf(lane.submit(usageRequest(credential)));
  const waiting = Array.from({ length: 5 }, ask);
  const first = await Promise.race([ask().then((code) => `full: ${code}`), ...waiting]);
  expect(first).toBe("full: unavailable");
  await Promise.all(waiting);
  await release();
  await expect.poll(ask, { timeout: 10_000 }).toBe("answered");
});
