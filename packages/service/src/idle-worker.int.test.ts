import { createDatabase, type Database } from "@headroom/db/client";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { usageRequest } from "@headroom/db/testing/usage-requests";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensurePartitions, rollUpDays, verifyUsage } from "./metering.ts";
import { createUsageLane } from "./usage-lane.ts";

const days = 10;
/** Beyond every partition that the migrations have made. */
const start = 50;
const dailyLimit = 5;

let scratch: TestDatabase;
let api: Database;
let worker: Database;
let make: Factory;

/**
 * Puts a clock of our own in front of PostgreSQL's: partitions, keys and seals follow real time, which the development
 * clock does not move.
 */
async function replaceRealTime(): Promise<void> {
  await scratch.admin.query(`
    create table headroom.pretended (days integer not null);
    insert into headroom.pretended values (0);
    create function headroom.clock_timestamp() returns timestamptz language sql volatile security definer
      as $$ select pg_catalog.clock_timestamp() + days * interval '1 day' from headroom.pretended $$;
    do $$
    declare
      known record;
    begin
      for known in
        select p.oid::regprocedure as signature from pg_proc p
          where p.pronamespace = 'headroom'::regnamespace and p.proname <> 'clock_timestamp' and p.prokind = 'f'
      loop
        execute format('alter function %s set search_path = headroom, pg_catalog, pg_temp', known.signature);
      end loop;
    end
    $$`);
}

const setDay = (day: number) => scratch.admin.query("update headroom.pretended set days = $1", [day]);

beforeAll(async () => {
  scratch = await createTestDatabase();
  await replaceRealTime();
  const connect = (role: "hr_api" | "hr_worker") =>
    createDatabase({ connectionString: scratch.url, role, applicationName: "headroom test" });
  [api, worker] = [connect("hr_api"), connect("hr_worker")];
  make = createFactory(scratch.admin);
  await make.plan("free", { pages: { dailyLimit, included: null, overage: null } });
});
afterAll(async () => {
  await Promise.all([api?.close(), worker?.close()]);
  await scratch?.drop();
});

test("ten days without a worker: days roll, keys are known, and one round of the worker tallies all", async () => {
  await setDay(start);
  await ensurePartitions({ db: api }); // as the api does when it starts
  const lane = createUsageLane(api);
  const credential = await make.key(await make.organization());
  const first = usageRequest(credential, { key: "the first" });
  const told = await lane.submit(first);
  for (let day = 0; day <= days; day += 1) {
    await setDay(start + day);
    const left = day === 0 ? dailyLimit - 1 : dailyLimit;
    for (let event = 0; event < left; event += 1) {
      expect(await lane.submit(usageRequest(credential))).toMatchObject({ outcome: "accepted" });
    }
    expect(await lane.submit(usageRequest(credential))).toMatchObject({ outcome: "daily_limit" });
    // An opaque key, so that every day since may hold it.
    expect(await lane.submit({ ...first, id: uuidv7() })).toEqual({ ...told, outcome: "duplicate" });
  }
  const { rows: received } = await scratch.admin.query(
    "select received_on from headroom.usage_event group by received_on having sum(quantity) = $1",
    [dailyLimit],
  );
  expect(received).toHaveLength(days + 1);

  await setDay(start + days + 2);
  expect(await rollUpDays({ db: worker })).toBeGreaterThanOrEqual(days + 1);
  const { rows: tallied } = await scratch.admin.query<{ sealed: boolean; quantity: string }>(
    `select p.sealed_at is not null as sealed, t.quantity from headroom.usage_tally t
     join headroom.usage_partition p using (received_on) order by t.received_on`,
  );
  expect(tallied.map(({ quantity }) => Number(quantity))).toEqual(Array(days + 1).fill(dailyLimit));
  expect(tallied.every(({ sealed }) => sealed)).toBe(true);
  expect(await verifyUsage({ db: worker })).toMatchObject({ checked: 1, mismatches: [] });
});
