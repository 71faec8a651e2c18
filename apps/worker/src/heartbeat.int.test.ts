import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "@headroom/db/client";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createLogger } from "@headroom/platform/log";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startHeartbeat } from "./heartbeat.ts";
import type { Loop } from "./loops.ts";

const log = createLogger({ service: "test", level: "silent" });
let database: TestDatabase;
let jobs: Database;
let heartbeat: Loop;

beforeEach(async () => {
  database = await createTestDatabase();
  jobs = await database.connect("hr_jobs");
  heartbeat = startHeartbeat({ jobs, workerId: "this", onReclaimed: () => undefined, log });
});
afterEach(async () => {
  await heartbeat.stop();
  await database.drop();
});

/** A job that a worker took and then said nothing for some time. */
const holdJob = (silentFor: string) =>
  database.admin.query(`
    insert into headroom.worker_heartbeat values ('other', clock_timestamp() - interval '${silentFor}');
    select graphile_worker.add_job('anything');
    update graphile_worker._private_jobs set locked_by = 'other', locked_at = now(), attempts = 1;`);
const holder = async (): Promise<string | null> => {
  const { rows } = await database.admin.query("select locked_by from graphile_worker.jobs");
  return rows[0].locked_by;
};

test("a worker's job is taken from it only once it has been silent for three seconds", async () => {
  await holdJob("1 second");
  await pause(1_000);
  expect(await holder()).toBe("other");
  await expect.poll(holder, { timeout: 4_000 }).toBe(null);
});

test("after an outage of the database the others get time to say that they live", async () => {
  const client = await database.admin.connect();
  await client.query("begin; lock table headroom.worker_heartbeat in access exclusive mode");
  await pause(2_500);
  await client.query("commit");
  client.release();
  await holdJob("1 minute");
  await pause(1_500);
  expect(await holder()).toBe("other");
  await expect.poll(holder, { timeout: 4_000 }).toBe(null);
});
