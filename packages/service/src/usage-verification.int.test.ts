import type { Database } from "@headroom/db/client";
import { rollUpDay } from "@headroom/db/tallies";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { moveEvents } from "@headroom/db/testing/usage-days";
import { recordedEvent } from "@headroom/db/testing/usage-requests";
import { consumeUsage, recordUsage } from "@headroom/db/usage";
import type { UsageRequest } from "@headroom/db/usage-requests";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { checkUsage, lastUsageCheck, verifyUsage } from "./metering.ts";
import { closeDuePeriods } from "./overage-reporting.ts";
import { recomputeUsage } from "./usage-recomputation.ts";

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
const kim = { kind: "operator", name: "kim" } as const;
const rows = async (text: string, ...values: unknown[]) =>
  (await scratch.admin.query<Record<string, unknown>>(text, values)).rows;

async function customer() {
  const id = await make.organization();
  const key = await make.key(id);
  const record = (...events: Partial<UsageRequest>[]) =>
    recordUsage(
      api,
      events.map((event) => recordedEvent(key, event)),
    );
  const change = (column: string, value: number) =>
    scratch.admin.query(`update headroom.usage_gate set ${column} = $2 where organization_id = $1`, [
      id,
      value,
    ]);
  return { id, key, record, change };
}

const verify = async (organizationId: string) =>
  (await verifyUsage({ db: worker }, { organizationId })).mismatches.map(
    ({ organizationId: _organization, ...mismatch }) => mismatch,
  );
const recompute = (organizationId: string, dryRun = false, meter?: string) =>
  recomputeUsage({ db: worker }, kim, { organizationId, dryRun, meter });
const openDifferences = (id: string) =>
  rows(
    "select kind, kept::int, counted::int from headroom.usage_difference where organization_id = $1 and resolved_at is null order by 1",
    id,
  );

/** A reservation of the gate's running windows, or of others. */
const hold = (id: string, quantity: number, { status = "held", windows = "0" } = {}) =>
  scratch.admin.query(
    `insert into headroom.usage_reservation (organization_id, id, meter, key, fingerprint, quantity, api_key_id, status,
       reserved_at, expires_at, day_start, period_start, day_used, day_held, day_end, period_used, period_held, period_end)
     select $1, gen_random_uuid(), 'pages', gen_random_uuid()::text, '', $2, $1, $3, now(), '2020-01-01',
       day_start - $4::interval, period_start - $4::interval, 0, 0, day_end, 0, 0, period_end
     from headroom.usage_gate where organization_id = $1 and meter = 'pages'`,
    [id, quantity, status, windows],
  );

describe("verify", () => {
  test("names a changed counter of any window, keeps the difference while it lasts, and resolves it after", async () => {
    const { id, record, change } = await customer();
    await record({ quantity: 5 });
    expect(await verify(id)).toEqual([]);
    await change("period_used", 6);
    await change("day_held", 2);
    const found = [
      {
        meter: "pages",
        kind: "period_used",
        windowStart: "2028-06-01T00:00:00.000Z",
        counter: 6,
        recount: 5,
      },
      { meter: "pages", kind: "day_held", windowStart: "2028-06-15T00:00:00.000Z", counter: 2, recount: 0 },
    ];
    expect(await verify(id)).toEqual(expect.arrayContaining(found));
    await change("day_held", 3);
    expect(await verify(id)).toHaveLength(2);
    expect(await openDifferences(id)).toEqual([
      { kind: "day_held", kept: 3, counted: 0 },
      { kind: "period_used", kept: 6, counted: 5 },
    ]);
    await change("day_held", 0);
    expect(await verify(id)).toHaveLength(1);
    await change("period_used", 5);
    expect(await verify(id)).toEqual([]);
    expect(await openDifferences(id)).toEqual([]);
    expect(await rows("select from headroom.usage_difference where organization_id = $1", id)).toHaveLength(
      2,
    );
    await change("period_used", 7);
    await verify(id);
    expect(await rows("select from headroom.usage_difference where organization_id = $1", id)).toHaveLength(
      3,
    );
    await change("period_used", 5);
    await verify(id);
  });

  test("counts what reservations hold in the running windows, expired ones until they are swept", async () => {
    const { id, record, change } = await customer();
    await record({ quantity: 1 });
    await hold(id, 4);
    await hold(id, 8, { status: "committed" });
    await hold(id, 16, { windows: "1 day" });
    expect((await verify(id)).map(({ kind, recount }) => [kind, recount])).toEqual([
      ["day_held", 4],
      ["period_held", 4],
    ]);
    await change("day_held", 4);
    await change("period_held", 4);
    expect(await verify(id)).toEqual([]);
    await scratch.admin.query("update headroom.usage_reservation set status = 'expired'");
    expect((await verify(id)).map(({ kind, counter }) => [kind, counter])).toEqual([
      ["day_held", 4],
      ["period_held", 4],
    ]);
    await recompute(id);
    expect(await verify(id)).toEqual([]);
  });

  test("compares closed periods with tallies, and sealed days with their events, once for each seal", async () => {
    const { id, record } = await customer();
    const member = await make.member(id);
    await record({ quantity: 5 }, { quantity: 2, memberId: member });
    const day = await moveEvents(scratch.admin, id, 3);
    await rollUpDay(worker, day);
    await make.setClock("2028-07-02T00:00:00Z");
    await closeDuePeriods({ db: worker, log });
    expect((await verifyUsage({ db: worker }, { thorough: false })).days).toBe(1);
    expect((await verifyUsage({ db: worker }, { thorough: false })).days).toBe(0);
    expect(await verify(id)).toEqual([]);

    await scratch.admin.query("update headroom.usage_period set total = 6 where organization_id = $1", [id]);
    const moveToAnother = () =>
      scratch.admin.query(
        "update headroom.usage_tally set member_id = gen_random_uuid() where organization_id = $1 and member_id = $2",
        [id, member],
      );
    await moveToAnother();
    const total = { meter: "pages", kind: "period_total", counter: 6, recount: 7 };
    const tally = {
      meter: "pages",
      kind: "day_tally",
      windowStart: `${day}T00:00:00.000Z`,
      counter: 2,
      recount: 2,
    };
    expect(await verify(id)).toMatchObject([total, tally]);

    for (const column of ["over_cap", "events", "digest"]) {
      await recompute(id);
      await scratch.admin.query(
        `update headroom.usage_tally set ${column} = ${column} + 1 where organization_id = $1 and member_id = $2`,
        [id, member],
      );
      const found = (await verify(id)).filter(({ kind }) => kind === "day_tally");
      expect({ column, found }).toEqual({ column, found: [{ ...tally, counter: 2, recount: 2 }] });
    }
    await recompute(id);
    await moveToAnother();

    // A period that was closed long ago is looked at for as long as its difference is open.
    await make.setClock("2028-12-01T00:00:00Z");
    const recent = () => verifyUsage({ db: worker }, { thorough: false });
    expect((await recent()).mismatches).toMatchObject([total, tally]);
    await scratch.admin.query("update headroom.usage_period set total = 7 where organization_id = $1", [id]);
    await recompute(id);
    expect((await recent()).mismatches).toEqual([]);
    await scratch.admin.query("update headroom.usage_period set total = 8 where organization_id = $1", [id]);
    expect((await recent()).mismatches).toEqual([]);
    expect(await verify(id)).toHaveLength(1);
    await scratch.admin.query("update headroom.usage_period set total = 7 where organization_id = $1", [id]);
    expect((await recent()).mismatches).toEqual([]);
  });

  test("finds nothing while consumes, rolled days and sealed days run beside it", async () => {
    const customers = await Promise.all(Array.from({ length: 6 }, customer));
    for (const { id, record } of customers) {
      await record({ quantity: 3 });
      await moveEvents(scratch.admin, id, 2);
    }
    await scratch.admin.query("update headroom.usage_partition set sealed_at = null");
    let running = true;
    let consumed = 0;
    const load = customers.map(async ({ key }) => {
      while (running) {
        const batch = Array.from({ length: 5 }, () => recordedEvent(key, { mode: "reject", quantity: 2 }));
        consumed += (await consumeUsage(api, batch)).length;
      }
    });
    const sealing = (async () => {
      while (running) {
        const days = (await rows("select day::text from headroom.unsealed_days() as day")).map(({ day }) =>
          String(day),
        );
        for (const day of days) {
          await rollUpDay(worker, day);
        }
        await scratch.admin.query("update headroom.usage_partition set sealed_at = null where events > 0");
      }
    })();
    const found: unknown[] = [];
    let rounds = 0;
    for (const until = Date.now() + 40_000; Date.now() < until && (rounds < 20 || consumed < 200); rounds++) {
      if (rounds === 3) {
        await make.setClock("2028-06-16T00:00:00Z");
      }
      found.push(...(await verifyUsage({ db: worker })).mismatches);
    }
    running = false;
    await Promise.all([...load, sealing]);
    expect(found).toEqual([]);
    expect(Math.min(rounds - 19, consumed - 199)).toBeGreaterThan(0);
    expect((await verifyUsage({ db: worker })).mismatches).toEqual([]);
  }, 60_000);

  test("by the worker notes what it found, and looks at everything once a day", async () => {
    const { id, record, change } = await customer();
    await record({ quantity: 1 });
    await change("day_used", 2);
    expect((await checkUsage({ db: worker })).mismatches).toHaveLength(1);
    const first = await lastUsageCheck({ db: worker });
    expect(first).toMatchObject({ differences: 1, thoroughAt: expect.any(Date) });
    await checkUsage({ db: worker });
    expect((await lastUsageCheck({ db: worker }))?.thoroughAt).toEqual(first?.thoroughAt);
    await scratch.admin.query("update headroom.usage_check set thorough_at = now() - interval '25 hours'");
    await checkUsage({ db: worker });
    expect((await lastUsageCheck({ db: worker }))?.thoroughAt?.getTime()).toBeGreaterThan(
      first?.thoroughAt?.getTime() ?? 0,
    );
    await recompute(id);
    expect(await lastUsageCheck({ db: worker })).toMatchObject({ differences: 0 });
  });
});

describe("recompute", () => {
  test("sets what differs, says before and after, is audited, and changes nothing the second time", async () => {
    const { id, record, change } = await customer();
    await record({ quantity: 5 }, { meter: "jobs", quantity: 1 });
    await scratch.admin.query(
      "update headroom.usage_gate set day_used = 9, period_held = 3 where organization_id = $1 and meter = 'pages'",
      [id],
    );
    const before = { dayUsed: 9, periodUsed: 5, dayHeld: 0, periodHeld: 3 };
    const after = { dayUsed: 5, periodUsed: 5, dayHeld: 0, periodHeld: 0 };
    const jobs = { dayUsed: 1, periodUsed: 1, dayHeld: 0, periodHeld: 0 };
    const meters = [
      { meter: "jobs", before: jobs, after: jobs, changed: false },
      { meter: "pages", before, after, changed: true },
    ];
    const told = { organizationId: `org_${id}`, meters, days: [], remaining: [] };
    expect(await recompute(id, true)).toEqual({ ...told, dryRun: true });
    expect(await verify(id)).toHaveLength(2);
    expect(await rows("select from headroom.audit_entry where organization_id = $1", id)).toEqual([]);
    expect((await recompute(id, false, "jobs")).meters).toEqual([meters[0]]);
    expect(await verify(id)).toHaveLength(2);
    expect(await recompute(id)).toEqual({ ...told, dryRun: false });
    expect(await openDifferences(id)).toEqual([]);
    const again = await recompute(id);
    expect(again.meters.map(({ changed }) => changed)).toEqual([false, false]);
    const entries = await rows(
      "select actor_kind, actor_id, action, target, data from headroom.audit_entry where organization_id = $1 order by seq",
      id,
    );
    expect(entries).toHaveLength(3);
    expect(entries[1]).toEqual({
      actor_kind: "operator",
      actor_id: "kim",
      action: "usage.recomputed",
      target: `org_${id}`,
      data: { meter: null, days: [], changes: [{ meter: "pages", before, after }] },
    });
    await change("day_used", 1);
    await make.setClock("2028-06-17T12:00:00Z");
    const rolled = await recompute(id);
    expect(rolled.meters.map(({ before: { dayUsed } }) => dayUsed)).toEqual([0, 0]);
  });

  test("tallies anew a sealed day that does not fit its events, and never edits a closed period", async () => {
    const { id, record } = await customer();
    await record({ quantity: 5 });
    const day = await moveEvents(scratch.admin, id, 2);
    await rollUpDay(worker, day);
    await scratch.admin.query("update headroom.usage_tally set quantity = 50 where organization_id = $1", [
      id,
    ]);
    await make.setClock("2028-07-02T00:00:00Z");
    await closeDuePeriods({ db: worker, log });
    await verify(id);
    expect(await recompute(id, true)).toMatchObject({ days: [day] });
    const done = await recompute(id);
    expect(done).toMatchObject({
      days: [day],
      remaining: [{ kind: "period_total", counter: 50, recount: 5 }],
    });
    expect(await rows("select total::int from headroom.usage_period where organization_id = $1", id)).toEqual(
      [{ total: 50 }],
    );
    expect(await openDifferences(id)).toEqual([{ kind: "period_total", kept: 50, counted: 5 }]);
    await scratch.admin.query("update headroom.usage_period set total = 5 where organization_id = $1", [id]);
    expect(await verify(id)).toEqual([]);
  });

  test("of an unknown organization or meter is refused", async () => {
    await expect(recompute(uuidv7())).rejects.toMatchObject({ code: "organization_not_found" });
    await expect(recompute(uuidv7(), true)).rejects.toMatchObject({ code: "organization_not_found" });
    const { id, record } = await customer();
    await record({});
    await expect(recompute(id, false, "pagse")).rejects.toMatchObject({ code: "unknown_meter" });
    expect(await rows("select from headroom.audit_entry where organization_id = $1", id)).toEqual([]);
  });

  test("beside consumes and other recomputes loses nothing and deadlocks nobody", async () => {
    const { id, key, change } = await customer();
    const others = Array.from({ length: 3 }, async () => {
      for (let round = 0; round < 15; round++) {
        const outcomes = await consumeUsage(api, [
          recordedEvent(key, { meter: "jobs" }),
          recordedEvent(key, { mode: "reject" }),
        ]);
        expect(outcomes).toHaveLength(2);
      }
    });
    const repairs = Array.from({ length: 2 }, async () => {
      for (let round = 0; round < 8; round++) {
        await change("day_used", 1_000);
        await recompute(id);
      }
    });
    await Promise.all([...others, ...repairs]);
    await recompute(id);
    expect(await verify(id)).toEqual([]);
    expect(
      await rows("select day_used::int from headroom.usage_gate where organization_id = $1", id),
    ).toEqual([{ day_used: 45 }, { day_used: 45 }]);
  });
});
