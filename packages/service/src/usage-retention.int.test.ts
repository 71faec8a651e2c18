import type { Database } from "@headroom/db/client";
import { readDailyUsage, rollUpDay } from "@headroom/db/tallies";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { makePastPartition, moveEvents } from "@headroom/db/testing/usage-days";
import { recordedEvent } from "@headroom/db/testing/usage-requests";
import { recordUsage } from "@headroom/db/usage";
import { verifyDay, verifyTallies } from "@headroom/db/usage-checks";
import { dropPartition, listDroppableDays } from "@headroom/db/usage-partitions";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { verifyUsage } from "./metering.ts";
import { closeDuePeriods } from "./overage-reporting.ts";
import { dropOldPartitions, pruneOldUsage } from "./usage-retention.ts";

let scratch: TestDatabase;
let api: Database;
let worker: Database;
let make: Factory;

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  worker = await scratch.connect("hr_worker");
  make = createFactory(scratch.admin);
  const terms = { dailyLimit: null, included: null, overage: null };
  await make.plan("free", { pages: terms, jobs: terms });
});
afterAll(() => scratch?.drop());
beforeEach(() => make.setClock("2028-06-15T12:00:00Z"));

const log = { error: () => undefined } as never;
const rows = async (text: string, ...values: unknown[]) =>
  (await scratch.admin.query<Record<string, unknown>>(text, values)).rows;
const exists = async (day: string) =>
  (
    await rows(
      "select to_regclass($1) is not null as there",
      `headroom.usage_event_${day.replaceAll("-", "")}`,
    )
  )[0]?.there;

/** Seven units received so many days ago, in June 2028 of the clock. */
async function oldUsage(daysAgo: number) {
  const id = await make.organization();
  const key = await make.key(id);
  await recordUsage(api, [recordedEvent(key, { quantity: 7 })]);
  return { id, key, day: await moveEvents(scratch.admin, id, daysAgo) };
}

async function closeJune() {
  await make.setClock("2028-07-02T00:00:00Z");
  await closeDuePeriods({ db: worker, log });
}

async function sealed(day: string) {
  await rollUpDay(worker, day);
  expect(await verifyDay(worker, { day, withEvents: true })).toEqual([]);
}

describe("a partition", () => {
  test("goes when it is 42 days old, sealed, compared and of closed periods; its usage stays", async () => {
    const { id, key, day } = await oldUsage(42);
    const younger = await makePastPartition(scratch.admin, 41);
    await closeJune();
    expect(await listDroppableDays(worker)).toEqual([]);
    for (const one of [day, younger]) {
      await sealed(one);
    }
    expect(await listDroppableDays(worker)).toEqual([day]);
    expect(await dropOldPartitions({ db: worker })).toEqual([day]);
    expect([await exists(day), await exists(younger)]).toEqual([false, true]);
    expect(
      await rows(
        "select events::int, dropped_at is not null as dropped from headroom.usage_partition where received_on = $1",
        day,
      ),
    ).toEqual([{ events: 1, dropped: true }]);
    const range = { from: "2028-06-01", to: "2028-06-30", memberId: null };
    expect(await readDailyUsage(api, id, range)).toMatchObject([{ date: "2028-06-15", quantity: 7 }]);
    expect(await rollUpDay(worker, day)).toBe(1);
    expect(await readDailyUsage(api, id, range)).toMatchObject([{ quantity: 7 }]);
    expect(await recordUsage(api, [recordedEvent(key)])).toMatchObject([{ outcome: "accepted" }]);
    expect(await dropPartition(worker, day)).toBe(false);
    expect((await verifyUsage({ db: worker })).mismatches).toEqual([]);

    await scratch.admin.query("update headroom.usage_tally set quantity = 8 where received_on = $1", [day]);
    expect((await verifyUsage({ db: worker })).mismatches).toMatchObject([
      { organizationId: `org_${id}`, kind: "period_total", counter: 7, recount: 8 },
      { organizationId: null, meter: null, kind: "day_seal", windowStart: `${day}T00:00:00.000Z` },
    ]);
    await scratch.admin.query("update headroom.usage_tally set quantity = 7 where received_on = $1", [day]);
    expect((await verifyUsage({ db: worker })).mismatches).toEqual([]);
  });

  test("stays while a period of its events is not closed", async () => {
    const { day } = await oldUsage(50);
    await sealed(day);
    expect(await dropOldPartitions({ db: worker })).toEqual([]);
    await make.setClock("2028-07-02T00:00:00Z");
    expect(await dropPartition(worker, day)).toBe(false);
    await worker.pool.query("select leave_ended_periods(100)");
    expect(await dropPartition(worker, day)).toBe(false);
    await closeJune();
    expect(await dropOldPartitions({ db: worker })).toEqual([day]);
  });

  test("stays while it is not sealed, not compared, or evidence of a difference", async () => {
    const { id, day } = await oldUsage(51);
    await closeJune();
    expect(await dropPartition(worker, day)).toBe(false);
    await rollUpDay(worker, day);
    expect(await dropPartition(worker, day)).toBe(false);
    await scratch.admin.query("update headroom.usage_tally set quantity = 9 where organization_id = $1", [
      id,
    ]);
    expect(await verifyDay(worker, { day, withEvents: true })).toMatchObject([
      { organization_id: id, kind: "day_tally", kept: 9, counted: 7 },
      { kind: "day_seal" },
    ]);
    expect(await dropPartition(worker, day)).toBe(false);
    await scratch.admin.query("update headroom.usage_tally set quantity = 7 where organization_id = $1", [
      id,
    ]);
    await sealed(day);
    expect(await dropPartition(worker, day)).toBe(true);
  });

  test("that goes while its tallies are compared leaves no difference behind", async () => {
    const { id, day } = await oldUsage(54);
    await closeJune();
    await sealed(day);
    const dropping = await worker.pool.connect();
    await dropping.query("begin");
    expect((await dropping.query("select drop_partition($1) as gone", [day])).rows).toEqual([{ gone: true }]);
    const looks = [verifyDay(worker, { day, withEvents: true }), verifyTallies(worker, id)];
    const waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%verify_%'";
    await expect.poll(() => rows(waiting)).toHaveLength(2);
    await dropping.query("commit");
    dropping.release();
    expect(await Promise.all(looks)).toEqual([[], []]);
    expect(await rows("select from headroom.usage_difference where resolved_at is null")).toEqual([]);
  });

  test("is not dropped while somebody inserts, and nobody who inserts waits for long", async () => {
    const { key, day } = await oldUsage(52);
    await closeJune();
    await sealed(day);
    const busy = await api.pool.connect();
    await busy.query("begin");
    await busy.query("select 1 from usage_event limit 1");
    expect(await dropPartition(worker, day)).toBe(false);
    const dropping = dropOldPartitions({ db: worker });
    let slowest = 0;
    for (let round = 0; round < 20; round++) {
      const begun = performance.now();
      await recordUsage(api, [recordedEvent(key)]);
      slowest = Math.max(slowest, performance.now() - begun);
    }
    expect(slowest).toBeLessThan(5_000); // behind the drop they would wait until it is given up
    expect(await exists(day)).toBe(true);
    await busy.query("commit");
    busy.release();
    expect(await dropping).toEqual([day]);
  });
});

test("a purged organization's tallies leave the seal of their day, before and after the partition is dropped", async () => {
  const gone = await oldUsage(53);
  const stays = await oldUsage(53);
  await closeJune();
  await sealed(gone.day);
  await recordUsage(api, [recordedEvent(gone.key), recordedEvent(gone.key)]);
  await scratch.admin.query(
    "update headroom.organization set deleted_at = now(), purge_at = now() where id = $1",
    [gone.id],
  );
  // The first part of a purge: its events are going, its tallies are there yet.
  await worker.pool.query("select purge_organization($1, 1)", [gone.id]);
  await worker.pool.query("select purge_organization($1, 1)", [gone.id]);
  await scratch.admin.query("update headroom.usage_partition set verified_at = null");
  expect((await verifyUsage({ db: worker })).mismatches).toEqual([]);
  await worker.pool.query("select purge_organization($1, 1000)", [gone.id]);
  expect(await rows("select from headroom.organization where id = $1", gone.id)).toEqual([]);
  expect((await verifyUsage({ db: worker })).mismatches).toEqual([]);
  expect(await dropOldPartitions({ db: worker })).toEqual([gone.day]);
  await scratch.admin.query(
    "update headroom.organization set deleted_at = now(), purge_at = now() where id = $1",
    [stays.id],
  );
  await worker.pool.query("select purge_organization($1, 1000)", [stays.id]);
  expect(
    await rows(
      "select events::int, checksum::int from headroom.usage_partition where received_on = $1",
      gone.day,
    ),
  ).toEqual([{ events: 0, checksum: 0 }]);
  expect((await verifyUsage({ db: worker })).mismatches).toEqual([]);
});

test("finished reservations go after 41 days of real time, held ones and firings of the last 400 days stay", async () => {
  const id = await make.organization();
  await scratch.admin.query(
    `insert into headroom.usage_reservation (organization_id, id, meter, key, fingerprint, quantity, api_key_id, status,
       reserved_at, expires_at, day_start, period_start, received_at, day_used, day_held, day_end, period_used,
       period_held, period_end)
     select $1, gen_random_uuid(), 'pages', status || age, '', 1, $1, status, now(), now(), now(), now(),
       clock_timestamp() - make_interval(days => age), 0, 0, now(), 0, 0, now()
     from unnest(array['held', 'committed', 'released', 'expired']) status, unnest(array[40, 42]) age`,
    [id],
  );
  await scratch.admin.query(
    `insert into headroom.usage_alert_firing
     select $1, gen_random_uuid(), ends - interval '1 day', ends, 5, 6, 6, ends
     from unnest(array[headroom.clock_now() - interval '399 days', headroom.clock_now() - interval '401 days']) ends`,
    [id],
  );
  expect(await pruneOldUsage({ db: worker })).toEqual({ reservations: 3, firings: 1 });
  expect(await rows("select key from headroom.usage_reservation order by 1")).toEqual(
    ["committed40", "expired40", "held40", "held42", "released40"].map((key) => ({ key })),
  );
  expect(await pruneOldUsage({ db: worker })).toEqual({ reservations: 0, firings: 0 });
  await scratch.admin.query("delete from headroom.usage_reservation");
});
