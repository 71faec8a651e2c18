import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "./client.ts";
import { closePeriod } from "./closed-periods.ts";
import { readDailyUsage, readUnsealedDays, rollUpDay } from "./tallies.ts";
import { withOrganization } from "./tenancy.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createFactory, type Factory } from "./testing/factories.ts";
import { makePastPartition, moveEvents } from "./testing/usage-days.ts";
import { recordedEvent } from "./testing/usage-requests.ts";
import { recordUsage } from "./usage.ts";
import type { UsageRequest } from "./usage-requests.ts";

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
beforeEach(async () => {
  await scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
});

async function customer() {
  const id = await make.organization();
  const key = await make.key(id);
  return {
    id,
    key,
    record: (...events: Partial<UsageRequest>[]) =>
      recordUsage(
        api,
        events.map((event) => recordedEvent(key, event)),
      ),
  };
}

const rows = async (text: string, ...values: unknown[]) =>
  (await scratch.admin.query<Record<string, unknown>>(text, values)).rows;
const sums = (id: string, more = "") =>
  rows(
    `select meter, member_id, local_date::text, period_start, quantity::int, over_cap::int
     from headroom.usage_sums($1${more}) order by 1, 2, 3, 4`,
    id,
  );
const sealOf = async (day: string) =>
  (await rows("select * from headroom.usage_partition where received_on = $1", day))[0];

describe("a received day", () => {
  test("that still runs is never tallied: it is counted live", async () => {
    const { id, record } = await customer();
    await record({ quantity: 3 });
    const today = (await rows("select (clock_timestamp() at time zone 'UTC')::date::text as day"))[0]
      ?.day as string;
    expect(await readUnsealedDays(worker)).not.toContain(today);
    expect(await rollUpDay(worker, today)).toBe(null);
    expect(await rows("select from headroom.usage_tally")).toEqual([]);
    expect(await sums(id)).toMatchObject([{ meter: "pages", quantity: 3 }]);
  });

  test("that has ended is tallied once, sealed with a digest, and sums stay as they were", async () => {
    const { id, record } = await customer();
    const member = await make.member(id);
    await record({ quantity: 3 }, { quantity: 4, memberId: member }, { meter: "jobs", quantity: 5 }, {});
    const before = await sums(id);
    const day = await moveEvents(scratch.admin, id, 3);
    expect(await readUnsealedDays(worker)).toContain(day);
    expect(await rollUpDay(worker, day)).toBe(4);
    expect(await sealOf(day)).toMatchObject({ events: "4", quantity: "13", dropped_at: null });
    expect(await readUnsealedDays(worker)).not.toContain(day);
    expect(await rows("select sum(digest)::text as checksum from headroom.usage_tally")).toEqual([
      { checksum: (await sealOf(day))?.checksum },
    ]);
    expect(await sums(id)).toEqual(before);
    const marked = "update headroom.usage_tally set quantity = quantity + 100 where meter = 'jobs'";
    await scratch.admin.query(marked);
    expect(await rollUpDay(worker, day)).toBe(4);
    expect(await sums(id, ", 'jobs'")).toMatchObject([{ quantity: 105 }]);
  });

  test("whose events change in anything that counts has another digest", async () => {
    const { id, record } = await customer();
    await record({ quantity: 3 });
    const [first] = await rows(
      "select headroom.usage_digest(u)::text as digest from headroom.usage_event u where organization_id = $1",
      id,
    );
    const changes = ["quantity = 4", "over_cap = 1", "member_id = id", "local_date = local_date + 1"];
    changes.push("period_start = period_start + interval '1 second'", "key = 'other'", "meter = 'jobs'");
    for (const change of changes) {
      const client = await scratch.admin.connect();
      await client.query(`begin; update headroom.usage_event set ${change} where organization_id = '${id}'`);
      const { rows: changed } = await client.query(
        "select headroom.usage_digest(u)::text as digest from headroom.usage_event u where organization_id = $1",
        [id],
      );
      await client.query("rollback");
      client.release();
      expect({ change, digest: changed[0].digest }).not.toEqual({ change, digest: first?.digest });
    }
  });

  test("is tallied by one of two workers; the one that waited finds it sealed and writes nothing", async () => {
    const { id, record } = await customer();
    await record({ quantity: 2 }, { quantity: 3 });
    const day = await moveEvents(scratch.admin, id, 4);
    const first = await worker.pool.connect();
    await first.query("begin");
    await first.query("select roll_up($1)", [day]);
    const second = rollUpDay(worker, day);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const sealedAt = (
      await first.query("select sealed_at from usage_partition where received_on = $1", [day])
    ).rows[0].sealed_at;
    await first.query("commit");
    first.release();
    expect(await second).toBe(2);
    expect((await sealOf(day))?.sealed_at).toEqual(sealedAt);
    expect(await sums(id)).toMatchObject([{ quantity: 5 }]);
  });

  test("that a moved period touches is counted live again, however the roll-up and the move meet", async () => {
    const { id, record } = await customer();
    await record({ quantity: 6 });
    const day = await moveEvents(scratch.admin, id, 5);
    await rollUpDay(worker, day);
    const next = "2026-01-01T00:00:00.000Z";
    const move = `update headroom.usage_event set period_start = '${next}' where organization_id = '${id}'`;
    await scratch.admin.query(move);
    expect(await sealOf(day)).toMatchObject({ sealed_at: null });
    expect(await sums(id)).toMatchObject([{ period_start: new Date(next), quantity: 6 }]);

    // A roll-up that began before the move is committed has not seen it.
    const rolling = await worker.pool.connect();
    await rolling.query("begin");
    await rolling.query("select roll_up($1)", [day]);
    const moving = scratch.admin.query(move.replace("2026-01-01", "2026-01-02"));
    await new Promise((resolve) => setTimeout(resolve, 150));
    await rolling.query("commit");
    rolling.release();
    await moving;
    expect(await sealOf(day)).toMatchObject({ sealed_at: null });
    expect(await rollUpDay(worker, day)).toBe(1);
    expect(await sums(id)).toMatchObject([{ period_start: new Date("2026-01-02"), quantity: 6 }]);
  });
});

describe("sums", () => {
  test("are of the meter, period and dates that are asked for, from tallies and events alike", async () => {
    const { id, record } = await customer();
    await make.setClock("2028-06-15T12:00:00Z");
    await record({ quantity: 1 }, { meter: "jobs", quantity: 2, occurredAt: "2028-06-01T12:00:00Z" });
    const day = await moveEvents(scratch.admin, id, 6);
    await rollUpDay(worker, day);
    await make.setClock("2028-07-02T12:00:00Z");
    await record({ quantity: 4 }, { meter: "jobs", quantity: 8 });
    const total = async (more: string) =>
      (await sums(id, more)).reduce((sum, row) => sum + Number(row.quantity), 0);
    expect(await total("")).toBe(15);
    expect(await total(", 'jobs'")).toBe(10);
    expect(await total(", start => '2028-06-01T00:00:00Z'")).toBe(3);
    expect(await total(", 'jobs', '2028-07-01T00:00:00Z'")).toBe(8);
    expect(await total(", from_date => '2028-06-15'")).toBe(13);
    expect(await total(", to_date => '2028-06-14'")).toBe(2);
    const june = { from: "2028-06-01", to: "2028-06-30", memberId: null };
    expect((await readDailyUsage(api, id, june)).map(({ date, quantity }) => [date, quantity])).toEqual([
      ["2028-06-01", 2],
      ["2028-06-15", 1],
    ]);
    const closed = await withOrganization(worker, id, (tx) =>
      closePeriod(tx, { organizationId: id, meter: "jobs", periodStart: new Date("2028-06-01T00:00:00Z") }),
    );
    expect(closed).toMatchObject({ total: 2 });
  });

  test("open only the partitions that are counted live", async () => {
    const { id } = await customer();
    await makePastPartition(scratch.admin, 20);
    for (const day of await readUnsealedDays(worker)) {
      await rollUpDay(worker, day);
    }
    const client = await scratch.admin.connect();
    await client.query(`begin; load 'auto_explain'; set local auto_explain.log_min_duration = 0;
      set local auto_explain.log_nested_statements = on; set local client_min_messages = log`);
    const plans: string[] = [];
    client.on("notice", ({ message }) => void plans.push(message ?? ""));
    await client.query("select * from headroom.usage_sums($1)", [id]);
    await client.query("rollback");
    client.release();
    const opened = new Set(plans.join("\n").match(/usage_event_\d{8}/g));
    expect(plans.join("\n")).toContain("usage_tally");
    expect([...opened].length).toBeLessThanOrEqual(2);
    expect([...opened].length).toBeGreaterThan(0);
  });

  test("are the same while a day is being sealed", async () => {
    const { id, record } = await customer();
    await record(...Array.from({ length: 50 }, () => ({ quantity: 2 })));
    const day = await moveEvents(scratch.admin, id, 7);
    let rolled = false;
    const rolling = rollUpDay(worker, day).then(() => {
      rolled = true;
    });
    const seen = new Set<unknown>();
    while (!rolled) {
      seen.add((await sums(id))[0]?.quantity);
    }
    await rolling;
    seen.add((await sums(id))[0]?.quantity);
    expect([...seen]).toEqual([100]);
  });
});
