import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Customer, idOf, openUsageBench, type UsageBench } from "./testing/usage-bench.ts";
import { voidEvent } from "./voids.ts";

let bench: UsageBench;
beforeAll(async () => {
  bench = await openUsageBench();
});
afterAll(() => bench?.close());
beforeEach(() => bench.make.setClock("2028-06-15T12:00:00Z"));

const jobs = { meter: "jobs" };

/** The id of an event that was written. */
async function eventOf(of: Customer, quantity: number, more: Parameters<UsageBench["consume"]>[2] = {}) {
  const outcome = await bench.consume(of, quantity, more);
  if (!("eventId" in outcome)) throw new Error(outcome.outcome);
  return outcome.eventId;
}

const late = (occurredAt: string, meter = "jobs") => ({ meter, mode: "record" as const, occurredAt });

const closePeriod = async ({ id }: Customer, start: string) => {
  const text = "select (close_period($1, 'jobs', $2)).total";
  return (await bench.worker.pool.query(text, [id, new Date(start)])).rows[0].total;
};

describe("what a void does to windows", () => {
  test("today: it gives the units back to both", async () => {
    const acme = await bench.customer();
    const eventId = await eventOf(acme, 50);
    expect(await bench.takeBack(acme, { eventId })).toMatchObject({
      outcome: "done",
      voidedId: eventId,
      meter: "pages",
      quantity: 50,
      gate: { dayUsed: 0, periodUsed: 0 },
    });
    expect(await bench.consume(acme, 50)).toMatchObject({ outcome: "accepted" });
    await bench.assertExact(acme);
  });

  test("an earlier day of this period: only the period", async () => {
    const acme = await bench.customer();
    const eventId = await eventOf(acme, 4, late("2028-06-10T12:00:00Z"));
    await eventOf(acme, 3, jobs);
    await bench.takeBack(acme, { eventId });
    expect(await bench.status(acme, "jobs")).toMatchObject({ dayUsed: 3, periodUsed: 3 });
    const [day] = await bench.rows(
      "select sum(quantity)::int as units from headroom.usage_event where organization_id = $1 and local_date = '2028-06-10'",
      acme.id,
    );
    expect(day).toEqual({ units: 0 });
    await bench.assertExact(acme);
  });

  test("an ended period that is still open: that period, and the running one is left alone", async () => {
    const acme = await bench.customer();
    const eventId = await eventOf(acme, 6, jobs);
    await eventOf(acme, 4, jobs);
    await bench.make.setClock("2028-07-02T12:00:00Z");
    await eventOf(acme, 5, jobs);
    await bench.takeBack(acme, { eventId });
    expect(await bench.status(acme, "jobs")).toMatchObject({ dayUsed: 5, periodUsed: 5 });
    expect(await closePeriod(acme, "2028-06-01T00:00:00Z")).toBe(4);
    await bench.assertExact(acme);
  });

  test("a closed period: its total, which is to be rated again; the running one is left alone", async () => {
    const acme = await bench.customer();
    const eventId = await eventOf(acme, 8, jobs);
    await eventOf(acme, 2, jobs);
    await bench.make.setClock("2028-07-02T12:00:00Z");
    await eventOf(acme, 3, jobs);
    expect(await closePeriod(acme, "2028-06-01T00:00:00Z")).toBe(10);
    expect(await bench.takeBack(acme, { eventId })).toMatchObject({ gate: { dayUsed: 3, periodUsed: 3 } });
    const [period] = await bench.rows(
      `select total::int, to_rate, amended_at is not null as amended from headroom.usage_period
       where organization_id = $1 and meter = 'jobs'`,
      acme.id,
    );
    expect(period).toEqual({ total: 2, to_rate: true, amended: true });
    await bench.assertExact(acme);
    expect(await bench.consume(acme, 8, jobs)).toMatchObject({ outcome: "hard_cap" });
  });

  test("a void that races the close of its period is in the total, whoever comes first", async () => {
    const acme = await bench.customer();
    const eventId = await eventOf(acme, 8, jobs);
    await bench.make.setClock("2028-07-02T12:00:00Z");
    await eventOf(acme, 1, jobs);
    await Promise.all([closePeriod(acme, "2028-06-01T00:00:00Z"), bench.takeBack(acme, { eventId })]);
    const [period] = await bench.rows(
      "select total::int from headroom.usage_period where organization_id = $1 and meter = 'jobs'",
      acme.id,
    );
    expect(period).toEqual({ total: 0 });
  });

  test("an event above the cap: what was above is taken back as well", async () => {
    const acme = await bench.customer();
    const eventId = await eventOf(acme, 15, { ...jobs, mode: "record" });
    await bench.takeBack(acme, { eventId });
    expect(
      await bench.rows(
        "select sum(quantity)::int as units, sum(over_cap)::int as above from headroom.usage_event where organization_id = $1",
        acme.id,
      ),
    ).toEqual([{ units: 0, above: 0 }]);
    await bench.assertExact(acme);
  });

  test("an event that a commit wrote, and one that was carried", async () => {
    const acme = await bench.customer();
    await bench.make.setClock("2028-06-30T23:59:00Z");
    const reservation = idOf(await bench.reserve(acme, 4, jobs));
    await bench.make.setClock("2028-07-01T00:01:00Z");
    await eventOf(acme, 1, jobs);
    await closePeriod(acme, "2028-06-01T00:00:00Z");
    const committed = await bench.commit(acme, reservation);
    expect(await bench.status(acme, "jobs")).toMatchObject({ periodUsed: 5 });
    await bench.takeBack(acme, { eventId: "eventId" in committed ? committed.eventId : "" });
    expect(await bench.status(acme, "jobs")).toMatchObject({ dayUsed: 1, periodUsed: 1 });
    await bench.assertExact(acme);
  });

  test("a period that is moved after it takes the event and its void along, or leaves both", async () => {
    const acme = await bench.customer();
    // Five minutes ahead: it counts from when it came in, so it stays in the old period.
    const ahead = await eventOf(acme, 2, late("2028-06-15T12:04:00Z"));
    const stays = await eventOf(acme, 3, late("2028-06-14T12:00:00Z"));
    await bench.make.setClock("2028-06-15T12:10:00Z");
    const moves = await eventOf(acme, 4, jobs);
    for (const eventId of [ahead, stays, moves]) await bench.takeBack(acme, { eventId });
    await bench.make.setClock("2028-06-15T13:00:00Z");
    await bench.worker.pool.query("select start_period($1, '2028-06-15T12:03:00Z')", [acme.id]);
    expect(await bench.status(acme, "jobs")).toMatchObject({ periodUsed: 0 });
    expect(await closePeriod(acme, "2028-06-01T00:00:00Z")).toBe(0);
    await bench.assertExact(acme);
  });
});

describe("which event", () => {
  test("by its meter and key, received on an earlier day too", async () => {
    const acme = await bench.customer();
    const eventId = await eventOf(acme, 5, { key: "order-1" });
    await bench.rows(
      "update headroom.usage_event set received_on = (clock_timestamp() at time zone 'UTC')::date - 1 where id = $1",
      eventId,
    );
    const named = { meter: null, key: "order-1", bornOn: null };
    expect(await bench.takeBack(acme, named)).toMatchObject({ outcome: "done", voidedId: eventId });
    expect(await bench.takeBack(acme, { eventId })).toMatchObject({ outcome: "duplicate" });
    expect(await bench.takeBack(acme, { ...named, meter: "jobs" })).toEqual({ outcome: "not_found" });
    await bench.assertExact(acme);
  });

  test("one that is unknown, foreign or not of a key's reach is not found or refused", async () => {
    const [acme, other] = [await bench.customer(), await bench.customer()];
    const eventId = await eventOf(acme, 5);
    expect(await bench.takeBack(other, { eventId })).toEqual({ outcome: "not_found" });
    expect(await bench.takeBack(acme, { eventId: uuidv7() })).toEqual({ outcome: "not_found" });
    expect(await bench.takeBack(acme, { eventId: "ffffffff-ffff-4fff-bfff-ffffffffffff" })).toEqual({
      outcome: "not_found",
    });
    const reader = { ...acme, key: await bench.make.key(acme.id, { scopes: ["usage:read"] }) };
    expect(await bench.takeBack(reader, { eventId })).toEqual({ outcome: "forbidden" });
    expect(await bench.status(acme)).toMatchObject({ dayUsed: 5 });
    expect(await bench.rows("select from headroom.audit_entry where organization_id = $1", acme.id)).toEqual(
      [],
    );
  });

  test("twice is the first void again; a void cannot be voided", async () => {
    const acme = await bench.customer();
    const eventId = await eventOf(acme, 5);
    const first = await bench.takeBack(acme, { eventId });
    await eventOf(acme, 7);
    expect(await bench.takeBack(acme, { eventId })).toEqual({ ...first, outcome: "duplicate" });
    const voidId = "eventId" in first ? first.eventId : "";
    expect(await bench.takeBack(acme, { eventId: voidId })).toEqual({ outcome: "is_void" });
    expect(await bench.status(acme)).toMatchObject({ dayUsed: 7 });
  });

  test("its key stays used: the same call again is a duplicate, not new usage", async () => {
    const acme = await bench.customer();
    const eventId = await eventOf(acme, 5, { key: "order-2" });
    await bench.takeBack(acme, { eventId });
    expect(await bench.consume(acme, 5, { key: "order-2" })).toMatchObject({ outcome: "duplicate", eventId });
    expect(await bench.status(acme)).toMatchObject({ dayUsed: 0 });
  });
});

test("the trail says who took what back, once, also by a platform's key", async () => {
  const acme = await bench.customer();
  const platform = { id: acme.id, key: await bench.make.key(null) };
  const [one, two] = [await eventOf(acme, 5), await eventOf(acme, 6, jobs)];
  await bench.takeBack(acme, { eventId: one });
  await bench.takeBack(acme, { eventId: one });
  expect(await bench.takeBack(platform, { eventId: two })).toEqual({ outcome: "no_active_organization" });
  const outcome = await voidEvent(bench.api, {
    credential: platform.key,
    organizationId: acme.id,
    event: { eventId: two },
    id: uuidv7(),
    requestId: "r2",
  });
  expect(outcome).toMatchObject({ outcome: "done" });
  const entries = await bench.rows(
    "select action, actor_kind, target, data, request_id from headroom.audit_entry where organization_id = $1 order by seq",
    acme.id,
  );
  expect(entries).toEqual([
    {
      action: "usage.voided",
      actor_kind: "organization_key",
      target: `evt_${one}`,
      data: { meter: "pages", quantity: 5, voidEventId: expect.stringMatching(/^evt_/) },
      request_id: "r",
    },
    {
      action: "usage.voided",
      actor_kind: "platform_key",
      target: `evt_${two}`,
      data: { meter: "jobs", quantity: 6, voidEventId: expect.stringMatching(/^evt_/) },
      request_id: "r2",
    },
  ]);
});

test("one event voided by 30 at once is given back once; the others get the same answer", async () => {
  const acme = await bench.customer();
  const eventId = await eventOf(acme, 9);
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      n % 3 === 0 ? bench.consume(acme, 1) : bench.takeBack(acme, { eventId }),
    ),
  );
  const voids = outcomes.filter(({ outcome }) => ["done", "duplicate"].includes(outcome));
  expect(voids.filter(({ outcome }) => outcome === "done")).toHaveLength(1);
  expect(new Set(voids.map((one) => "eventId" in one && one.eventId)).size).toBe(1);
  expect(await bench.status(acme)).toMatchObject({ dayUsed: 10 });
  await bench.assertExact(acme);
});

test("a key that is revoked while its void waits for the organization voids nothing", async () => {
  const acme = await bench.customer();
  const eventId = await eventOf(acme, 9);
  const holder = await bench.scratch.admin.connect();
  await holder.query("begin");
  await holder.query("select from headroom.organization where id = $1 for no key update", [acme.id]);
  const waiting = bench.takeBack(acme, { eventId });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await holder.query("update headroom.api_key set revoked_at = now() where organization_id = $1", [acme.id]);
  await holder.query("commit");
  holder.release();
  expect(await waiting).toEqual({ outcome: "unauthenticated" });
  expect(await bench.status(acme)).toMatchObject({ dayUsed: 9 });
});
