import type { MeterTerms } from "@headroom/domain/configuration";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "./client.ts";
import { recountUsage } from "./tallies.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createFactory, type Factory } from "./testing/factories.ts";
import { usageRequest as request } from "./testing/usage-requests.ts";
import { consumeUsage, recordUsage } from "./usage.ts";
import { readUsageStatus } from "./usage-readings.ts";
import type { UsageOutcome, UsageRequest } from "./usage-requests.ts";

let scratch: TestDatabase;
let api: Database;
let worker: Database;
let make: Factory;

const terms = (dailyLimit: number | null, included: number | null, maxOverage?: number): MeterTerms => ({
  dailyLimit,
  included,
  overage:
    maxOverage === undefined
      ? null
      : { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage, ceiling: null },
});

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  worker = await scratch.connect("hr_worker");
  make = createFactory(scratch.admin);
  await make.plan("free", { pages: terms(50, null), jobs: terms(null, 10) });
  await make.plan("pro", { pages: terms(100, null), jobs: terms(null, 100, 20) }, { isDefault: false });
});

afterAll(() => scratch.drop());

beforeEach(async () => {
  await scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
});

async function one(input: UsageRequest): Promise<UsageOutcome> {
  const [outcome] = await consumeUsage(api, [input]);
  return outcome as UsageOutcome;
}

async function verified(organizationId: string): Promise<void> {
  for (const gate of await recountUsage(worker, organizationId)) {
    expect(gate).toMatchObject({ dayUsed: gate.dayCounted, periodUsed: gate.periodCounted });
  }
}

async function statusOf(organizationId: string, meter: string) {
  const status = (await readUsageStatus(api, organizationId)).find((gate) => gate.meter === meter);
  return status as NonNullable<typeof status>;
}

const admitted = (outcomes: UsageOutcome[]) =>
  outcomes.filter(({ outcome }) => outcome === "accepted").length;

describe("check and consume", () => {
  test("200 concurrent consumes against a cap of 50 admit exactly 50", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => one(request(key))));
    expect(admitted(outcomes)).toBe(50);
    expect(outcomes.filter(({ outcome }) => outcome === "daily_limit")).toHaveLength(150);
    expect((await statusOf(organization, "pages")).dayUsed).toBe(50);
    await verified(organization);
  });

  test("the same key sent 64 times at once counts once, and every answer is the first one", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    const same = request(key, { quantity: 7 });
    const outcomes = await Promise.all(Array.from({ length: 64 }, () => one({ ...same, id: uuidv7() })));
    expect(admitted(outcomes)).toBe(1);
    expect(outcomes.filter(({ outcome }) => outcome === "duplicate")).toHaveLength(63);
    expect(new Set(outcomes.map((outcome) => "eventId" in outcome && outcome.eventId)).size).toBe(1);
    expect((await statusOf(organization, "pages")).dayUsed).toBe(7);
  });

  test("one key twice in one batch counts once", async () => {
    const key = await make.key(await make.organization());
    const same = request(key, { quantity: 3 });
    const outcomes = await consumeUsage(api, [same, { ...same, id: uuidv7() }]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["accepted", "duplicate"]);
  });

  test("a used key with another payload is a mismatch and changes nothing", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    const first = request(key, { quantity: 1 });
    await one(first);
    expect(await one(request(key, { key: first.key, quantity: 2 }))).toMatchObject({
      outcome: "mismatch",
      eventId: first.id,
    });
    expect((await statusOf(organization, "pages")).dayUsed).toBe(1);
  });

  test("a key received on an earlier day is still known", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    const first = request(key);
    await one(first);
    const yesterday = `(clock_timestamp() at time zone 'UTC')::date - 1`;
    await scratch.admin.query(`update headroom.usage_event set received_on = ${yesterday} where id = $1`, [
      first.id,
    ]);
    expect(await one({ ...first, id: uuidv7() })).toMatchObject({ outcome: "duplicate", eventId: first.id });
  });

  test("a refused key is free again", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    await one(request(key, { quantity: 50 }));
    const refused = request(key);
    expect((await one(refused)).outcome).toBe("daily_limit");
    await scratch.admin.query("update headroom.usage_gate set daily_limit = 60 where organization_id = $1", [
      organization,
    ]);
    expect((await one(refused)).outcome).toBe("accepted");
  });

  test("reject takes all or nothing, cap what fits, record everything and says how much was above", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    const jobs = { meter: "jobs" };
    expect(await one(request(key, { ...jobs, quantity: 8 }))).toMatchObject({
      outcome: "accepted",
      accepted: 8,
    });
    expect(await one(request(key, { ...jobs, quantity: 3 }))).toMatchObject({
      outcome: "hard_cap",
      gate: { periodUsed: 8, hardCap: 10 },
    });
    expect(await one(request(key, { ...jobs, quantity: 3, mode: "cap" }))).toMatchObject({
      accepted: 2,
    });
    expect((await one(request(key, { ...jobs, mode: "cap" }))).outcome).toBe("hard_cap");
    expect(await one(request(key, { ...jobs, quantity: 5, mode: "record" }))).toMatchObject({
      outcome: "accepted",
      accepted: 5,
      overCap: 5,
      gate: { periodUsed: 15 },
    });
    await verified(organization);
  });

  test("nothing is above a cap that is not there, nor is what fits", async () => {
    const key = await make.key(await make.organization());
    for (const mode of ["reject", "cap", "record"] as const) {
      expect(await one(request(key, { quantity: 5, mode }))).toMatchObject({ accepted: 5, overCap: 0 });
      expect(await one(request(key, { meter: "jobs", quantity: 2, mode }))).toMatchObject({
        accepted: 2,
        overCap: 0,
      });
    }
    expect(await one(request(key, { meter: "jobs", quantity: 6, mode: "record" }))).toMatchObject({
      overCap: 2,
    });
  });

  test("a batch across 200 organizations: every answer belongs to its caller", async () => {
    const organizations = await Promise.all(Array.from({ length: 200 }, () => make.organization()));
    const keys = await Promise.all(organizations.map((organization) => make.key(organization)));
    const shuffled = keys
      .map((key, index) => ({ key, quantity: (index % 40) + 1 }))
      .sort(() => Math.random() - 0.5);
    const outcomes = await consumeUsage(
      api,
      shuffled.map(({ key, quantity }) => request(key, { quantity })),
    );
    for (const [index, outcome] of outcomes.entries()) {
      const quantity = shuffled[index]?.quantity;
      expect(outcome).toMatchObject({ outcome: "accepted", accepted: quantity, gate: { dayUsed: quantity } });
    }
  });

  test("overlapping batches in opposite orders never deadlock, and totals are exact", async () => {
    const organizations = await Promise.all(Array.from({ length: 20 }, () => make.organization()));
    const keys = await Promise.all(organizations.map((organization) => make.key(organization)));
    const rounds = Array.from({ length: 40 }, (_, round) => (round % 2 ? keys : keys.toReversed()));
    const outcomes = await Promise.all(
      rounds.map((batch) =>
        consumeUsage(
          api,
          batch.map((key) => request(key)),
        ),
      ),
    );
    expect(admitted(outcomes.flat())).toBe(800);
    for (const organization of organizations) {
      expect((await statusOf(organization, "pages")).dayUsed).toBe(40);
    }
  });
});

describe("the credential", () => {
  test("refuses what it does not cover, event by event", async () => {
    const [mine, theirs] = [await make.organization(), await make.organization()];
    const stranger = await make.member(theirs);
    const key = await make.key(mine);
    const reader = await make.key(mine, { scopes: ["usage:read"] });
    const expired = await make.key(mine, { expiresAt: new Date(Date.now() - 1000) });
    const outcomes = await consumeUsage(api, [
      request(Buffer.alloc(32)),
      request(expired),
      request(reader),
      request(key, { organizationId: theirs }),
      request(key, { meter: "nothing" }),
      request(key, { memberId: stranger }),
      request(await make.key(null)),
      request(key),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      "unauthenticated",
      "unauthenticated",
      "forbidden",
      "organization_not_found",
      "unknown_meter",
      "not_a_member",
      "no_active_organization",
      "accepted",
    ]);
  });

  test("a personal key dies with its member, a deleted organization is gone at once", async () => {
    const organization = await make.organization();
    const member = await make.member(organization);
    const key = await make.key(organization, { memberId: member });
    expect((await one(request(key, { memberId: member }))).outcome).toBe("accepted");
    await scratch.admin.query("delete from headroom.membership where user_id = $1", [member]);
    expect((await one(request(key))).outcome).toBe("unauthenticated");
    const other = await make.key(organization);
    await scratch.admin.query("update headroom.organization set deleted_at = now() where id = $1", [
      organization,
    ]);
    expect((await one(request(other))).outcome).toBe("organization_not_found");
  });

  test("record writes nothing of a request with one event that it does not cover", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    const record = { mode: "record" as const };
    expect(
      await recordUsage(api, [request(key, record), request(key, { ...record, meter: "nothing" })]),
    ).toEqual({ refusal: "unknown_meter", index: 1 });
    expect((await statusOf(organization, "pages")).dayUsed).toBe(0);
    expect(await recordUsage(api, [request(key, record), request(key, record)])).toHaveLength(2);
  });
});

describe("windows", () => {
  test("roll lazily: a new day and a new month begin at 0, whoever asks first", async () => {
    const organization = await make.organization({ timeZone: "America/New_York" });
    const key = await make.key(organization);
    await make.setClock("2028-01-31T20:00:00Z");
    await one(request(key, { quantity: 50 }));
    await one(request(key, { meter: "jobs", quantity: 10 }));
    expect((await one(request(key))).outcome).toBe("daily_limit");
    expect(await statusOf(organization, "pages")).toMatchObject({ dayEnd: "2028-02-01T05:00:00.000Z" });
    await make.setClock("2028-02-01T05:00:01Z");
    expect(await statusOf(organization, "pages")).toMatchObject({ dayUsed: 0, date: "2028-02-01" });
    expect(await one(request(key))).toMatchObject({ outcome: "accepted", gate: { dayUsed: 1 } });
    expect(await one(request(key, { meter: "jobs" }))).toMatchObject({
      outcome: "accepted",
      gate: { periodUsed: 1 },
    });
    await verified(organization);
  });

  test("a day is as long as the zone makes it", async () => {
    const organization = await make.organization({ timeZone: "America/Los_Angeles" });
    await make.setClock("2025-03-09T20:00:00Z");
    expect(await statusOf(organization, "pages")).toMatchObject({
      date: "2025-03-09",
      dayEnd: "2025-03-10T07:00:00.000Z",
    });
  });

  test("after a change of zone the next day starts at the first local midnight after the current end", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    await make.setClock("2028-05-10T12:00:00Z");
    await one(request(key, { quantity: 5 }));
    await scratch.admin.query("update headroom.organization set time_zone = 'Asia/Tokyo' where id = $1", [
      organization,
    ]);
    await make.setClock("2028-05-11T01:00:00Z");
    expect(await statusOf(organization, "pages")).toMatchObject({
      dayUsed: 5,
      date: "2028-05-10",
      dayEnd: "2028-05-11T15:00:00.000Z",
    });
    await make.setClock("2028-05-11T15:00:00Z");
    expect(await statusOf(organization, "pages")).toMatchObject({ dayUsed: 0, date: "2028-05-12" });
  });

  test("a late event keeps its own day and leaves today's window alone", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    await make.setClock("2028-06-15T12:00:00Z");
    await one(request(key, { quantity: 2 }));
    await recordUsage(api, [
      request(key, { mode: "record", quantity: 9, occurredAt: "2028-06-10T23:59:59Z" }),
    ]);
    expect(await statusOf(organization, "pages")).toMatchObject({ dayUsed: 2, periodUsed: 11 });
    const { rows } = await scratch.admin.query(
      "select local_date::text from headroom.usage_event where organization_id = $1 and quantity = 9",
      [organization],
    );
    expect(rows).toEqual([{ local_date: "2028-06-10" }]);
    await verified(organization);
  });

  test("a late event lands in its own period while that is open, and is carried into the current one when it is closed", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    await make.setClock("2028-06-20T12:00:00Z");
    await one(request(key, { meter: "jobs", quantity: 4 }));
    await make.setClock("2028-07-02T12:00:00Z");
    await one(request(key, { meter: "jobs", quantity: 1 }));
    const late = { meter: "jobs", mode: "record" as const, quantity: 2, occurredAt: "2028-06-30T12:00:00Z" };
    await recordUsage(api, [request(key, late)]);
    expect((await statusOf(organization, "jobs")).periodUsed).toBe(1);
    const start = new Date("2028-06-01T00:00:00Z");
    const { rows } = await worker.pool.query("select (close_period($1, 'jobs', $2)).total", [
      organization,
      start,
    ]);
    expect(rows[0].total).toBe(6);
    await recordUsage(api, [request(key, late)]);
    expect((await statusOf(organization, "jobs")).periodUsed).toBe(3);
    await verified(organization);
  });
});

describe("edges", () => {
  test("an event up to five minutes ahead, across midnight, counts now: no window is written before it begins", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    await make.setClock("2028-09-30T23:58:00Z");
    const ahead = { meter: "jobs", mode: "record" as const, quantity: 3, occurredAt: "2028-10-01T00:02:00Z" };
    await recordUsage(api, [request(key, ahead)]);
    expect(await statusOf(organization, "jobs")).toMatchObject({
      date: "2028-09-30",
      dayUsed: 3,
      periodUsed: 3,
    });
    await make.setClock("2028-10-01T00:03:00Z");
    await one(request(key, { meter: "jobs" }));
    expect(await statusOf(organization, "jobs")).toMatchObject({ dayUsed: 1, periodUsed: 1 });
    await verified(organization);
  });

  test("a late event that is on its way when its period is closed is waited for and counted", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    await make.setClock("2028-08-20T00:00:00Z");
    await one(request(key, { meter: "jobs", quantity: 4 }));
    await make.setClock("2028-09-01T00:10:00Z");
    await one(request(key, { meter: "jobs" }));
    const late = await api.pool.connect();
    await late.query("begin");
    await late.query(
      `select usage_consume(array[$1]::bytea[], array[null]::uuid[], array['jobs'], array['late'], array[null]::date[],
         array[$2]::uuid[], array[2]::bigint[], array['record'], array[null]::uuid[],
         array['2028-08-31T12:00:00Z']::timestamptz[], array[$1]::bytea[], array[null]::jsonb[], true, true)`,
      [key, uuidv7()],
    );
    const start = new Date("2028-08-01T00:00:00Z");
    const closing = worker.pool.query("select (close_period($1, 'jobs', $2)).total", [organization, start]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await late.query("commit");
    late.release();
    expect((await closing).rows[0].total).toBe(6);
  });
});

describe("limits", () => {
  test("an organization's own max overage is money or units, and never above the plan's ceiling", async () => {
    await make.plan(
      "capped",
      {
        pages: terms(null, null),
        jobs: {
          dailyLimit: null,
          included: 10,
          overage: { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage: 5, ceiling: 30 },
        },
      },
      { isDefault: false },
    );
    const organization = await make.organization();
    await scratch.admin.query(
      `update headroom.subscription set plan_id = 'capped', plan_version = 1, source = 'stripe', state = 'active',
         overage_allowed = true where organization_id = $1`,
      [organization],
    );
    const under = async (units: number | null, cents: number | null) => {
      await scratch.admin.query("delete from headroom.max_overage where organization_id = $1", [
        organization,
      ]);
      if (units !== null || cents !== null) {
        await scratch.admin.query("insert into headroom.max_overage values ($1, 'jobs', $2, $3, now())", [
          organization,
          units,
          cents,
        ]);
      }
      return (await statusOf(organization, "jobs")).maxOverage;
    };
    expect(await under(null, null)).toBe(5);
    expect(await under(0, null)).toBe(0);
    expect(await under(20, null)).toBe(20);
    expect(await under(31, null)).toBe(30);
    expect(await under(null, 62)).toBe(24);
    expect(await under(null, 1000)).toBe(30);
  });

  test("a raised limit opens at once and never resets what was used", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    await one(request(key, { meter: "jobs", quantity: 10 }));
    expect((await one(request(key, { meter: "jobs" }))).outcome).toBe("hard_cap");
    await scratch.admin.query(
      `update headroom.subscription set plan_id = 'pro', plan_version = 1, source = 'stripe', state = 'active',
         overage_allowed = true where organization_id = $1`,
      [organization],
    );
    await api.pool.query("select refresh_limits($1)", [organization]);
    expect(await one(request(key, { meter: "jobs", quantity: 110 }))).toMatchObject({
      outcome: "accepted",
      gate: { periodUsed: 120, included: 100, maxOverage: 20, hardCap: 120 },
    });
    expect((await one(request(key, { meter: "jobs" }))).outcome).toBe("hard_cap");
  });

  test("grace that ends is noticed at the next event, without anybody changing the gate", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    await make.setClock("2028-03-01T00:00:00Z");
    await scratch.admin.query(
      `update headroom.subscription set plan_id = 'pro', plan_version = 1, state = 'past_due',
         limits_until = '2028-03-08T00:00:00Z' where organization_id = $1`,
      [organization],
    );
    expect(await one(request(key, { meter: "jobs", quantity: 60 }))).toMatchObject({
      outcome: "accepted",
      gate: { hardCap: 100 },
    });
    await make.setClock("2028-03-08T00:00:01Z");
    expect(await one(request(key, { meter: "jobs" }))).toMatchObject({
      outcome: "hard_cap",
      gate: { hardCap: 10 },
    });
  });

  test("a subscription that starts opens a new period at its instant, and what came since moves with it", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    await make.setClock("2028-04-10T10:00:00Z");
    await one(request(key, { meter: "jobs", quantity: 4 }));
    await make.setClock("2028-04-10T12:00:00Z");
    await one(request(key, { meter: "jobs", quantity: 3 }));
    await worker.pool.query("select start_period($1, '2028-04-10T11:00:00Z')", [organization]);
    expect(await statusOf(organization, "jobs")).toMatchObject({
      periodUsed: 3,
      periodStart: "2028-04-10T11:00:00.000Z",
      periodEnd: "2028-05-01T00:00:00.000Z",
    });
    await verified(organization);
    const { rows } = await scratch.admin.query(
      "select period_end, closed_at from headroom.usage_period where organization_id = $1",
      [organization],
    );
    expect(rows).toEqual([{ period_end: new Date("2028-04-10T11:00:00Z"), closed_at: null }]);
  });

  test("where Stripe's next period begins elsewhere than expected, the gate follows and recounts", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    await scratch.admin.query(
      `update headroom.subscription set plan_id = 'pro', plan_version = 1, source = 'stripe', state = 'active',
         anchor = '2028-05-10T00:00:00Z', current_period_start = '2028-05-10T00:00:00Z',
         current_period_end = '2028-06-10T00:00:00Z' where organization_id = $1`,
      [organization],
    );
    await make.setClock("2028-06-08T00:00:00Z");
    await one(request(key, { meter: "jobs", quantity: 40 }));
    await make.setClock("2028-06-09T12:00:00Z");
    await one(request(key, { meter: "jobs", quantity: 5 }));
    await scratch.admin.query(
      `update headroom.subscription set current_period_start = '2028-06-09T00:00:00Z',
         current_period_end = '2028-07-09T00:00:00Z' where organization_id = $1`,
      [organization],
    );
    await api.pool.query("select refresh_limits($1)", [organization]);
    expect(await statusOf(organization, "jobs")).toMatchObject({
      periodUsed: 5,
      periodStart: "2028-06-09T00:00:00.000Z",
      periodEnd: "2028-07-09T00:00:00.000Z",
    });
    await verified(organization);
  });

  test("a gate that is born while a plan change is under way gets the new limits", async () => {
    const organization = await make.organization();
    const key = await make.key(organization);
    const change = await scratch.admin.connect();
    await change.query("begin");
    await change.query("select from headroom.organization where id = $1 for no key update", [organization]);
    await change.query(
      `update headroom.subscription set plan_id = 'pro', plan_version = 1, source = 'stripe', state = 'active'
         where organization_id = $1`,
      [organization],
    );
    const first = one(request(key, { meter: "jobs", quantity: 50 }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await change.query("select headroom.refresh_limits($1)", [organization]);
    await change.query("commit");
    change.release();
    expect(await first).toMatchObject({ outcome: "accepted", gate: { hardCap: 100 } });
  });

  test("four months without anybody leave four periods to close, each with the terms that bill it", async () => {
    const organization = await make.organization({ plan: "pro" });
    const key = await make.key(organization);
    await make.setClock("2028-01-31T12:00:00Z");
    await one(request(key, { meter: "jobs", quantity: 7 }));
    await make.setClock("2028-05-03T00:00:00Z");
    await worker.pool.query("select leave_ended_periods(10000)");
    const { rows } = await scratch.admin.query(
      `select to_char(period_start at time zone 'UTC', 'MM-DD') as start, included from headroom.usage_period
         where organization_id = $1 order by period_start`,
      [organization],
    );
    expect(rows.map(({ start }) => start)).toEqual(["01-01", "02-01", "03-01", "04-01"]);
    expect(rows.map(({ included }) => Number(included))).toEqual([100, 100, 100, 100]);
    const totals = await Promise.all(
      ["2028-01-01Z", "2028-02-01Z"].map((start) =>
        worker.pool.query("select (close_period($1, 'jobs', $2)).total", [organization, start]),
      ),
    );
    expect(totals.map((total) => total.rows[0].total)).toEqual([7, 0]);
  });
});
