import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expireReservations, listOpenReservations } from "./open-reservations.ts";
import { rollUpDay } from "./tallies.ts";
import { countStatements } from "./testing/statements.ts";
import { idOf, openUsageBench, type UsageBench } from "./testing/usage-bench.ts";
import { makePastPartition } from "./testing/usage-days.ts";
import { recordedEvent } from "./testing/usage-requests.ts";
import { recordUsage } from "./usage.ts";
import { readUsageStatus } from "./usage-readings.ts";

let bench: UsageBench;
beforeAll(async () => {
  bench = await openUsageBench();
});
afterAll(() => bench?.close());
beforeEach(async () => {
  await bench.rows("delete from headroom.usage_reservation");
  await bench.make.setClock("2028-06-15T12:00:00Z");
});

const jobs = { meter: "jobs" };

describe("reserve", () => {
  test("holds count against both windows for reserve, consume and whoever reads", async () => {
    const acme = await bench.customer();
    const held = await bench.reserve(acme, 30);
    expect(held).toMatchObject({
      outcome: "done",
      reservation: { status: "held", quantity: 30, meter: "pages" },
      gate: { dayUsed: 0, dayHeld: 30, periodHeld: 30, dailyLimit: 50 },
    });
    expect(await bench.reserve(acme, 21)).toMatchObject({ outcome: "daily_limit", gate: { dayHeld: 30 } });
    expect(await bench.consume(acme, 21)).toMatchObject({ outcome: "daily_limit", gate: { dayHeld: 30 } });
    expect(await bench.consume(acme, 30, { mode: "cap" })).toMatchObject({ accepted: 20 });
    expect(await bench.status(acme)).toMatchObject({ dayUsed: 20, dayHeld: 30 });
    await bench.assertExact(acme);
  });

  test("the hard cap refuses before the daily limit", async () => {
    const acme = await bench.customer();
    expect(await bench.reserve(acme, 11, jobs)).toMatchObject({ outcome: "hard_cap", ended: false });
    expect(await bench.reserve(acme, 10, jobs)).toMatchObject({ outcome: "done" });
  });

  test("the same key and payload is the first answer again, with the status of now", async () => {
    const acme = await bench.customer();
    const key = uuidv7();
    const first = await bench.reserve(acme, 10, { key });
    await bench.consume(acme, 5);
    expect(await bench.reserve(acme, 10, { key })).toEqual({ ...first, outcome: "duplicate" });
    await bench.commit(acme, idOf(first));
    expect(await bench.reserve(acme, 10, { key })).toMatchObject({
      outcome: "duplicate",
      reservation: { id: idOf(first), status: "committed" },
    });
    expect(await bench.reserve(acme, 11, { key })).toMatchObject({ outcome: "mismatch" });
    expect(await bench.status(acme)).toMatchObject({ dayUsed: 15, dayHeld: 0 });
    await bench.assertExact(acme);
  });

  test("a refused key is free, and keys of events are another space", async () => {
    const acme = await bench.customer();
    const key = uuidv7();
    expect(await bench.reserve(acme, 51, { key })).toMatchObject({ outcome: "daily_limit" });
    expect(await bench.consume(acme, 5, { key })).toMatchObject({ outcome: "accepted" });
    expect(await bench.reserve(acme, 5, { key })).toMatchObject({ outcome: "done" });
  });

  test("holds whose time is over give their room back without a worker", async () => {
    const acme = await bench.customer();
    const first = await bench.reserve(acme, 30, { ttlSeconds: 60 });
    await bench.reserve(acme, 20, { ttlSeconds: 120 });
    await bench.make.setClock("2028-06-15T12:01:01Z");
    expect(await bench.reserve(acme, 31)).toMatchObject({ outcome: "daily_limit", gate: { dayHeld: 20 } });
    expect(await bench.reserve(acme, 30)).toMatchObject({ outcome: "done", gate: { dayHeld: 50 } });
    await bench.make.setClock("2028-06-15T12:02:01Z");
    expect(await bench.consume(acme, 20)).toMatchObject({ outcome: "accepted", gate: { dayHeld: 30 } });
    const [row] = await bench.rows(
      "select status, finished_at = expires_at as exact from headroom.usage_reservation where id = $1",
      idOf(first),
    );
    expect(row).toEqual({ status: "expired", exact: true });
    await bench.assertExact(acme);
  });

  test("whoever reads beside others gets its own windows, running, turned, held, expired or none yet", async () => {
    const [running, turned, held, expired, none] = await Promise.all(
      Array.from({ length: 5 }, () => bench.customer()),
    );
    if (!running || !turned || !held || !expired || !none) throw new Error("five customers are needed");
    await bench.consume(turned, 4);
    await bench.make.setClock("2028-06-16T12:00:00Z");
    await bench.consume(running, 3);
    await bench.reserve(held, 5, { ttlSeconds: 600 });
    await bench.reserve(expired, 6, { ttlSeconds: 60 });
    await bench.reserve(expired, 1, { ttlSeconds: 600 });
    await bench.make.setClock("2028-06-16T12:02:00Z");
    const all = [none, running, expired, turned, held];
    const { result, statements } = await countStatements(bench.api, () =>
      Promise.all(all.map(({ id }) => readUsageStatus(bench.api, id))),
    );
    expect(statements).toHaveLength(1);
    const asked = result.map((meters) =>
      meters.map(({ meter, dayUsed, dayHeld, periodUsed, periodHeld, date }) => [
        meter,
        date,
        dayUsed,
        dayHeld,
        periodUsed,
        periodHeld,
      ]),
    );
    const day = "2028-06-16";
    expect(asked.map(([pages]) => pages)).toEqual([
      ["pages", day, 0, 0, 0, 0],
      ["pages", day, 3, 0, 3, 0],
      ["pages", day, 0, 1, 0, 1],
      ["pages", day, 0, 0, 4, 0],
      ["pages", day, 0, 5, 0, 5],
    ]);
    expect(asked.map(([, jobsOf]) => jobsOf)).toEqual(all.map(() => ["jobs", day, 0, 0, 0, 0]));
  });

  test("what a key does not cover is refused", async () => {
    const [acme, other] = [await bench.customer(), await bench.customer()];
    const stranger = await bench.make.member(other.id);
    const reader = { ...acme, key: await bench.make.key(acme.id, { scopes: ["usage:read"] }) };
    const id = idOf(await bench.reserve(acme, 1));
    expect(await bench.reserve(reader, 1)).toEqual({ outcome: "forbidden" });
    expect(await bench.commit(reader, id)).toEqual({ outcome: "forbidden" });
    expect(await bench.release(reader, id)).toEqual({ outcome: "forbidden" });
    expect(await bench.reserve(acme, 1, { organizationId: other.id })).toEqual({
      outcome: "organization_not_found",
    });
    expect(await bench.reserve(acme, 1, { memberId: stranger })).toEqual({ outcome: "not_a_member" });
    expect(await bench.reserve(acme, 1, { meter: "none" })).toEqual({ outcome: "unknown_meter" });
    expect(await bench.commit(other, id)).toEqual({ outcome: "not_found" });
    expect(await bench.release(other, id)).toEqual({ outcome: "not_found" });
    expect(await bench.status(acme)).toMatchObject({ dayUsed: 0, dayHeld: 1 });
  });

  test("no window holds and counts beyond 2^53 - 1", async () => {
    await bench.make.plan(
      "open",
      { pages: { dailyLimit: null, included: null, overage: null } },
      { isDefault: false },
    );
    const acme = await bench.customer({ plan: "open" });
    const held = await bench.reserve(acme, Number.MAX_SAFE_INTEGER);
    await expect(bench.reserve(acme, 1)).rejects.toMatchObject({ code: "validation_failed" });
    // What was reserved fits, whatever is recorded meanwhile.
    expect(await bench.consume(acme, 1, { mode: "record" })).toEqual({ outcome: "overflow" });
    expect(await bench.commit(acme, idOf(held))).toMatchObject({ outcome: "done" });
    await bench.assertExact(acme);
  });
});

describe("commit", () => {
  test("of what was reserved, and of less, which frees the rest", async () => {
    const acme = await bench.customer();
    const member = await bench.make.member(acme.id);
    const whole = await bench.reserve(acme, 10, { memberId: member, properties: { model: "large" } });
    expect(await bench.commit(acme, idOf(whole))).toMatchObject({
      outcome: "done",
      accepted: 10,
      overCap: 0,
      afterExpiry: false,
      reservation: { status: "committed" },
      gate: { dayUsed: 10, dayHeld: 0, periodUsed: 10, periodHeld: 0 },
    });
    const part = await bench.reserve(acme, 40);
    expect(await bench.commit(acme, idOf(part), 3)).toMatchObject({
      accepted: 3,
      gate: { dayUsed: 13, dayHeld: 0 },
    });
    const [event] = await bench.rows(
      `select member_id, properties, key, quantity::int, occurred_at from headroom.usage_event
         where organization_id = $1 and member_id is not null`,
      acme.id,
    );
    expect(event).toMatchObject({
      member_id: member,
      properties: { model: "large" },
      key: `res:${idOf(whole)}`,
      quantity: 10,
    });
    await bench.assertExact(acme);
  });

  test("of more gates the difference, and a refusal leaves the hold as it is", async () => {
    const acme = await bench.customer();
    const id = idOf(await bench.reserve(acme, 20));
    await bench.consume(acme, 25);
    expect(await bench.commit(acme, id, 26)).toMatchObject({
      outcome: "daily_limit",
      ended: false,
      gate: { dayUsed: 25, dayHeld: 20 },
    });
    expect(await bench.status(acme)).toMatchObject({ dayUsed: 25, dayHeld: 20 });
    expect(await bench.commit(acme, id, 25)).toMatchObject({
      accepted: 25,
      gate: { dayUsed: 50, dayHeld: 0 },
    });
    await bench.assertExact(acme);
  });

  test("the difference finds room in holds whose time is over", async () => {
    const acme = await bench.customer();
    await bench.reserve(acme, 30, { ttlSeconds: 60 });
    const id = idOf(await bench.reserve(acme, 20));
    await bench.make.setClock("2028-06-15T12:01:01Z");
    expect(await bench.commit(acme, id, 50)).toMatchObject({
      outcome: "done",
      gate: { dayUsed: 50, dayHeld: 0 },
    });
    await bench.assertExact(acme);
  });

  test("what was reserved fits, though the limit has been lowered since", async () => {
    const acme = await bench.customer({ plan: "pro" });
    const id = idOf(await bench.reserve(acme, 90, jobs));
    await bench.rows(
      "update headroom.subscription set base_plan_id = 'free' where organization_id = $1",
      acme.id,
    );
    await bench.api.pool.query("select refresh_limits($1)", [acme.id]);
    expect(await bench.commit(acme, id, 91)).toMatchObject({ outcome: "hard_cap", gate: { hardCap: 10 } });
    expect(await bench.commit(acme, id)).toMatchObject({
      accepted: 90,
      overCap: 0,
      gate: { periodUsed: 90 },
    });
    await bench.assertExact(acme);
  });

  test("again with its own key is the first answer, without or with another it is not open", async () => {
    const acme = await bench.customer();
    const id = idOf(await bench.reserve(acme, 10));
    const first = await bench.commit(acme, id, 8, "once");
    await bench.consume(acme, 4);
    expect(await bench.commit(acme, id, 8, "once")).toEqual({ ...first, outcome: "duplicate" });
    expect(await bench.commit(acme, id, 9, "once")).toMatchObject({ outcome: "mismatch" });
    for (const key of [null, "other"]) {
      expect(await bench.commit(acme, id, 8, key)).toEqual({ outcome: "not_open", status: "committed" });
    }
    expect(await bench.release(acme, id)).toEqual({ outcome: "not_open", status: "committed" });
    expect(await bench.commit(acme, uuidv7())).toEqual({ outcome: "not_found" });
    expect(await bench.status(acme)).toMatchObject({ dayUsed: 12 });
  });

  test.each([
    ["swept", true],
    ["not swept yet", false],
  ])("after expiry, %s, is recorded and flagged, and above the cap it says so", async (_, swept) => {
    const acme = await bench.customer();
    const id = idOf(await bench.reserve(acme, 6, { ...jobs, ttlSeconds: 60 }));
    await bench.make.setClock("2028-06-15T12:01:01Z");
    if (swept) {
      await expireReservations(bench.worker, 100);
    }
    await bench.consume(acme, 8, jobs);
    const first = await bench.commit(acme, id, 7, "late");
    expect(first).toMatchObject({
      outcome: "done",
      accepted: 7,
      overCap: 5,
      afterExpiry: true,
      gate: { periodUsed: 15, periodHeld: 0 },
    });
    expect(await bench.commit(acme, id, 7, "late")).toEqual({ ...first, outcome: "duplicate" });
    await bench.assertExact(acme);
  });
});

test("what expired holds took up is room before anything is called above the cap", async () => {
  const acme = await bench.customer();
  await bench.reserve(acme, 4, { ...jobs, ttlSeconds: 60 });
  const late = idOf(await bench.reserve(acme, 4, { ...jobs, ttlSeconds: 60 }));
  await bench.make.setClock("2028-06-15T12:01:30Z");
  expect(await bench.consume(acme, 5, { ...jobs, mode: "record" })).toMatchObject({ overCap: 0 });
  expect(await bench.commit(acme, late, 6)).toMatchObject({ overCap: 1, afterExpiry: true });
  await bench.assertExact(acme);
});

describe("release", () => {
  test("gives the units back, once", async () => {
    const acme = await bench.customer();
    const id = idOf(await bench.reserve(acme, 50));
    expect(await bench.release(acme, id)).toMatchObject({
      outcome: "done",
      reservation: { status: "released" },
      gate: { dayHeld: 0, periodHeld: 0 },
    });
    expect(await bench.release(acme, id)).toEqual({ outcome: "not_open", status: "released" });
    expect(await bench.commit(acme, id)).toEqual({ outcome: "not_open", status: "released" });
    expect(await bench.consume(acme, 50)).toMatchObject({ outcome: "accepted" });
    await bench.assertExact(acme);
  });

  test("of one whose time is over is not open, whoever swept", async () => {
    const acme = await bench.customer();
    const id = idOf(await bench.reserve(acme, 50, { ttlSeconds: 60 }));
    await bench.make.setClock("2028-06-15T12:01:01Z");
    expect(await bench.release(acme, id)).toEqual({ outcome: "not_open", status: "expired" });
    await expireReservations(bench.worker, 100);
    expect(await bench.release(acme, id)).toEqual({ outcome: "not_open", status: "expired" });
    await bench.assertExact(acme);
  });
});

describe("windows that end between reserve and commit", () => {
  test("the day: it counts on its own day, and more is weighed against what that day had left", async () => {
    const acme = await bench.customer();
    await bench.make.setClock("2028-06-15T23:59:00Z");
    const id = idOf(await bench.reserve(acme, 20));
    const other = idOf(await bench.reserve(acme, 5));
    await bench.consume(acme, 10);
    await bench.make.setClock("2028-06-16T00:01:00Z");
    expect(await bench.consume(acme, 50)).toMatchObject({ outcome: "accepted", gate: { dayHeld: 0 } });
    // 50 a day, 10 used and 5 held by the other: 35 are left for this one.
    expect(await bench.commit(acme, id, 36)).toMatchObject({ outcome: "daily_limit", ended: true });
    expect(await bench.commit(acme, id, 35)).toMatchObject({
      outcome: "done",
      accepted: 35,
      gate: { dayUsed: 50, dayHeld: 0, periodUsed: 95, periodHeld: 5 },
    });
    expect(await bench.commit(acme, other, 6)).toMatchObject({ outcome: "daily_limit", ended: true });
    expect(await bench.release(acme, other)).toMatchObject({ gate: { dayHeld: 0, periodHeld: 0 } });
    const days = await bench.rows(
      "select local_date::text, sum(quantity)::int from headroom.usage_event where organization_id = $1 group by 1 order by 1",
      acme.id,
    );
    expect(days).toEqual([
      { local_date: "2028-06-15", sum: 45 },
      { local_date: "2028-06-16", sum: 50 },
    ]);
    await bench.assertExact(acme);
  });

  test("the period, while it is open: it counts there, under its own cap", async () => {
    const acme = await bench.customer();
    await bench.make.setClock("2028-06-30T23:59:00Z");
    const id = idOf(await bench.reserve(acme, 4, jobs));
    await bench.consume(acme, 3, jobs);
    await bench.make.setClock("2028-07-01T00:01:00Z");
    await bench.consume(acme, 10, jobs);
    expect(await bench.commit(acme, id, 8)).toMatchObject({ outcome: "hard_cap", ended: true });
    expect(await bench.commit(acme, id, 7)).toMatchObject({
      accepted: 7,
      overCap: 0,
      gate: { periodUsed: 10 },
    });
    const start = new Date("2028-06-01T00:00:00Z");
    const { rows } = await bench.worker.pool.query("select (close_period($1, 'jobs', $2)).total", [
      acme.id,
      start,
    ]);
    expect(rows[0].total).toBe(10);
    await bench.assertExact(acme);
  });

  test("the period, when it is closed: it is carried into the running one", async () => {
    const acme = await bench.customer();
    await bench.make.setClock("2028-06-30T23:59:00Z");
    const id = idOf(await bench.reserve(acme, 4, jobs));
    await bench.make.setClock("2028-07-01T00:01:00Z");
    await bench.consume(acme, 8, jobs);
    await bench.worker.pool.query("select close_period($1, 'jobs', '2028-06-01T00:00:00Z')", [acme.id]);
    expect(await bench.commit(acme, id, 5)).toMatchObject({ outcome: "hard_cap", ended: false });
    expect(await bench.commit(acme, id)).toMatchObject({
      accepted: 4,
      overCap: 2,
      gate: { periodUsed: 12, periodHeld: 0 },
    });
    await bench.assertExact(acme);
  });

  test("an ended day is counted from its tally too", async () => {
    const acme = await bench.customer();
    await bench.make.setClock("2028-06-15T23:59:00Z");
    await bench.consume(acme, 45);
    const id = idOf(await bench.reserve(acme, 1));
    // Yesterday is over only when ten minutes of today have passed.
    const day = await makePastPartition(bench.scratch.admin, 2);
    await bench.rows(
      "update headroom.usage_event set received_on = $2 where organization_id = $1",
      acme.id,
      day,
    );
    expect(await rollUpDay(bench.worker, day)).toBe(1);
    await bench.make.setClock("2028-06-16T00:01:00Z");
    expect(await bench.commit(acme, id, 6)).toMatchObject({ outcome: "daily_limit", ended: true });
    expect(await bench.commit(acme, id, 5)).toMatchObject({ outcome: "done" });
  });

  test("a hold of a window that has ended is not taken from the next one when it expires", async () => {
    const acme = await bench.customer();
    await bench.make.setClock("2028-06-30T23:59:00Z");
    await bench.reserve(acme, 20, { ttlSeconds: 120 });
    await bench.make.setClock("2028-07-01T00:00:10Z");
    await bench.reserve(acme, 30);
    await bench.make.setClock("2028-07-01T00:01:30Z");
    expect(await expireReservations(bench.worker, 100)).toBe(1);
    expect(await bench.status(acme)).toMatchObject({ dayHeld: 30, periodHeld: 30 });
    await bench.assertExact(acme);
  });
});

describe("a period that is moved between reserve and commit", () => {
  test.each([
    ["before the hold", "2028-06-15T11:30:00Z", { periodHeld: 4, used: 7 }],
    ["after the hold", "2028-06-15T12:30:00Z", { periodHeld: 0, used: 0 }],
  ])("to an instant %s", async (_, start, expected) => {
    const acme = await bench.customer();
    await bench.make.setClock("2028-06-15T12:00:00Z");
    await bench.consume(acme, 3, jobs);
    const id = idOf(await bench.reserve(acme, 4, { ...jobs, ttlSeconds: 86_400 }));
    await bench.make.setClock("2028-06-15T13:00:00Z");
    await bench.worker.pool.query("select start_period($1, $2)", [acme.id, start]);
    expect(await bench.status(acme, "jobs")).toMatchObject({ periodHeld: expected.periodHeld });
    await bench.assertExact(acme);
    expect(await bench.commit(acme, id)).toMatchObject({
      accepted: 4,
      gate: { dayUsed: 7, dayHeld: 0, periodUsed: expected.used, periodHeld: 0 },
    });
    await bench.assertExact(acme);
  });
});

test("the worker ends what is due, of all meters and organizations, and only that", async () => {
  const [acme, other] = [await bench.customer(), await bench.customer()];
  await bench.reserve(acme, 10, { ttlSeconds: 60 });
  await bench.reserve(acme, 5, { ...jobs, ttlSeconds: 60 });
  await bench.reserve(acme, 7, { ttlSeconds: 90 });
  await bench.reserve(other, 1, { ttlSeconds: 1 });
  await bench.make.setClock("2028-06-15T12:01:05Z");
  expect(await expireReservations(bench.worker, 2)).toBeLessThanOrEqual(3);
  expect(await expireReservations(bench.worker, 2)).toBeGreaterThan(0);
  expect(await expireReservations(bench.worker, 2)).toBe(0);
  expect(
    await bench.rows(
      "select day_held::int from headroom.usage_gate where organization_id = $1 order by meter",
      acme.id,
    ),
  ).toEqual([{ day_held: 0 }, { day_held: 7 }]);
  await bench.assertExact(acme);
  await bench.assertExact(other);
});

test("gates that cannot be swept keep no other from it, though they are first and more than go at once", async () => {
  const tenants = await Promise.all(Array.from({ length: 6 }, () => bench.customer()));
  const [first, second, third, ...others] = tenants.sort((one, other) => (one.id < other.id ? -1 : 1));
  for (const one of tenants) {
    await bench.reserve(one, 10, { ttlSeconds: 60 });
  }
  await bench.rows(
    "create table subscription_of as select * from headroom.subscription where organization_id = any ($1)",
    [first?.id, second?.id, third?.id],
  );
  await bench.rows(
    "delete from headroom.subscription where organization_id in (select organization_id from subscription_of)",
  );
  await bench.make.setClock("2028-07-01T12:00:00Z");
  expect(await expireReservations(bench.worker, 2)).toBe(2);
  expect(await expireReservations(bench.worker, 2)).toBe(others.length - 2);
  await bench.rows("insert into headroom.subscription select * from subscription_of");
  expect(await expireReservations(bench.worker, 100)).toBe(3);
});

test("nobody waits longer than two seconds for a gate that somebody holds", async () => {
  const acme = await bench.customer();
  const held = idOf(await bench.reserve(acme, 10));
  const event = await bench.consume(acme, 1);
  const eventId = "eventId" in event ? event.eventId : "";
  const holder = await bench.scratch.admin.connect();
  await holder.query("begin");
  await holder.query("select from headroom.usage_gate where organization_id = $1 for no key update", [
    acme.id,
  ]);
  const begun = performance.now();
  const calls = [
    bench.reserve(acme, 1),
    bench.commit(acme, held),
    bench.release(acme, held),
    bench.takeBack(acme, { eventId }),
  ];
  for (const outcome of await Promise.allSettled(calls)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "55P03" } });
  }
  expect(performance.now() - begun).toBeLessThan(6_000);
  await holder.query("rollback");
  holder.release();
  expect(await bench.commit(acme, held)).toMatchObject({ outcome: "done" });
});

test("a gate that somebody holds takes a quarter of the connections at most", async () => {
  const [acme, other] = [await bench.customer(), await bench.customer()];
  for (const one of [acme, other]) {
    await bench.reserve(one, 10);
  }
  const holder = await bench.scratch.admin.connect();
  await holder.query("begin");
  await holder.query("select from headroom.usage_gate where organization_id = $1 for no key update", [
    acme.id,
  ]);
  const held = Array.from({ length: 60 }, (_, index) =>
    index % 2 === 0 ? bench.reserve(acme, 1) : recordUsage(bench.api, [recordedEvent(acme.key)]),
  );
  const ended = Promise.allSettled(held);
  const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await expect.poll(() => bench.rows(waiting)).toHaveLength(6);
  const begun = performance.now();
  expect(await bench.reserve(other, 1)).toMatchObject({ outcome: "done" });
  expect(performance.now() - begun).toBeLessThan(1_000);
  const codes = (await ended).map((one) => (one.status === "rejected" ? one.reason.code : "answered"));
  expect(new Set(codes)).toEqual(new Set(["55P03", "unavailable"]));
  await holder.query("rollback");
  holder.release();
  const after = Array.from({ length: 30 }, () => bench.reserve(acme, 1));
  expect((await Promise.all(after)).every(({ outcome }) => outcome === "done")).toBe(true);
});

test("a gate that somebody holds does not stall the worker", async () => {
  const [acme, other] = [await bench.customer(), await bench.customer()];
  for (const one of [acme, other]) {
    await bench.reserve(one, 10, { ttlSeconds: 60 });
  }
  await bench.make.setClock("2028-06-15T12:02:00Z");
  const holder = await bench.scratch.admin.connect();
  await holder.query("begin");
  await holder.query("select from headroom.usage_gate where organization_id = $1 for no key update", [
    acme.id,
  ]);
  expect(await expireReservations(bench.worker, 100)).toBe(1);
  await holder.query("rollback");
  holder.release();
  expect(await expireReservations(bench.worker, 100)).toBe(1);
});

test("the open ones are listed, oldest first, without those whose time is over", async () => {
  const acme = await bench.customer();
  const ids = [];
  for (const more of [{ ttlSeconds: 60 }, {}, jobs, {}]) {
    ids.push(idOf(await bench.reserve(acme, 2, more)));
  }
  await bench.release(acme, ids[3] ?? "");
  await bench.make.setClock("2028-06-15T12:01:01Z");
  const list = (more: { after?: string; meter?: string } = {}) =>
    listOpenReservations(bench.api, acme.id, { after: null, meter: null, limit: 10, ...more });
  expect((await list()).map(({ id }) => id)).toEqual([ids[1], ids[2]]);
  expect((await list({ after: ids[1] ?? "" })).map(({ id }) => id)).toEqual([ids[2]]);
  expect(await list({ meter: "jobs" })).toMatchObject([{ meter: "jobs", quantity: 2, memberId: null }]);
});
