import type { Database } from "@headroom/db/client";
import { leaveEndedPeriods } from "@headroom/db/closed-periods";
import { withSystem } from "@headroom/db/tenancy";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { recordedEvent } from "@headroom/db/testing/usage-requests";
import { recordUsage } from "@headroom/db/usage";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { verifyUsage } from "./metering.ts";
import { closeDuePeriods } from "./overage-reporting.ts";

let scratch: TestDatabase;
let api: Database;
let workers: Database[];
let make: Factory;

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  workers = [await scratch.connect("hr_worker"), await scratch.connect("hr_worker")];
  make = createFactory(scratch.admin);
  const terms = { dailyLimit: null, included: null, overage: null };
  await make.plan("free", { pages: terms });
});
afterAll(() => scratch?.drop());
beforeEach(() => make.setClock("2028-06-20T12:00:00Z"));

const failures: unknown[] = [];
const log = { error: (fields: unknown) => void failures.push(fields) } as never;
const close = (index = 0) => closeDuePeriods({ db: workers[index] as Database, log });
const rows = async (text: string, ...values: unknown[]) =>
  (await scratch.admin.query<Record<string, unknown>>(text, values)).rows;
const ended = "2028-07-01T00:00:30Z";
const late = "2028-06-25T12:00:00Z";

async function customer() {
  const id = await make.organization();
  const key = await make.key(id);
  const record = (quantity: number, occurredAt: string | null = null) =>
    recordUsage(api, [recordedEvent(key, { quantity, occurredAt })]);
  await record(1);
  return { id, record };
}
const juneOf = async (id: string) =>
  (
    await rows(
      `select total::int, closed_at is not null as closed from headroom.usage_period
       where organization_id = $1 and period_start = '2028-06-01T00:00:00Z'`,
      id,
    )
  )[0];

test("late events that race the close are in the closed total or carried: none is lost, none counted twice", async () => {
  const customers = await Promise.all(Array.from({ length: 8 }, customer));
  await make.setClock(ended);
  let closed = 0;
  const recording = customers.map(async ({ record }) => {
    let events = 0;
    for (; events < 12 || closed < customers.length; events++) {
      await record(1, late);
    }
    return events;
  });
  const closing = workers.map(async (_worker, index) => {
    while (closed < customers.length) {
      const { closed: now } = await close(index);
      closed += now;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  const recorded = await Promise.all(recording);
  await Promise.all(closing);
  expect([closed, await close()]).toMatchObject([customers.length, { closed: 0 }]);
  for (const [index, { id, record }] of customers.entries()) {
    await record(1, late);
    const june = await juneOf(id);
    const [gate] = await rows(
      "select period_used::int as used from headroom.usage_gate where organization_id = $1",
      id,
    );
    const events = await rows(
      "select sum(quantity)::int as sum from headroom.usage_event where organization_id = $1 group by period_start order by period_start",
      id,
    );
    expect(june).toMatchObject({ closed: true });
    expect(Number(june?.total) + Number(gate?.used)).toBe(2 + Number(recorded[index]));
    expect(events.map(({ sum }) => sum)).toEqual([june?.total, gate?.used].filter((sum) => sum !== 0));
    expect(gate?.used).toBeGreaterThan(0);
  }
  expect(failures).toEqual([]);
  expect((await verifyUsage({ db: workers[0] as Database })).mismatches).toEqual([]);
}, 30_000);

test("a worker killed between leaving and counting leaves a period that the next one counts, late events included", async () => {
  const { id, record } = await customer();
  await make.setClock(ended);
  const doomed = await scratch.connect("hr_worker");
  expect(await withSystem(doomed, (tx) => leaveEndedPeriods(tx, 20))).toBe(1);
  const counting = await doomed.pool.connect();
  counting.on("error", () => undefined);
  await counting.query("begin");
  await counting.query("select close_period($1, 'pages', '2028-06-01T00:00:00Z')", [id]);
  const { rows: backend } = await counting.query("select pg_backend_pid() as pid");
  await rows("select pg_terminate_backend($1)", backend[0].pid);
  counting.release(true);
  expect(await juneOf(id)).toEqual({ total: null, closed: false });
  await record(5, late);
  expect(await close(1)).toMatchObject({ closed: 1 });
  expect(await juneOf(id)).toEqual({ total: 6, closed: true });
  await record(5, late);
  expect(await juneOf(id)).toEqual({ total: 6, closed: true });
});

test("a gate that somebody holds keeps no other from being left, and is left when it is free", async () => {
  const customers = await Promise.all(Array.from({ length: 45 }, customer));
  const [first] = customers.map(({ id }) => id).sort();
  await make.setClock(ended);
  const busy = await scratch.admin.connect();
  await busy.query("begin");
  await busy.query("select from headroom.usage_gate where organization_id = $1 for update", [first]);
  const begun = performance.now();
  expect(await close()).toMatchObject({ closed: 44 });
  expect(performance.now() - begun).toBeLessThan(10_000);
  expect(await juneOf(String(first))).toBe(undefined);
  await busy.query("commit");
  busy.release();
  expect(await close()).toMatchObject({ closed: 1 });
});

test("gates that cannot be rolled keep no other from being left, though they are first and more than go at once", async () => {
  const ids = (await Promise.all(Array.from({ length: 45 }, customer))).map(({ id }) => id).sort();
  const [broken, whole] = [ids.slice(0, 22), ids.slice(22)];
  await scratch.admin.query(
    "create table subscription_of as select * from headroom.subscription where organization_id = any ($1)",
    [broken],
  );
  await scratch.admin.query("delete from headroom.subscription where organization_id = any ($1)", [broken]);
  await make.setClock(ended);
  expect(await close()).toMatchObject({ closed: whole.length });
  expect(await juneOf(String(whole[0]))).toMatchObject({ total: 1 });
  await scratch.admin.query("insert into headroom.subscription select * from subscription_of");
  expect(await close()).toMatchObject({ closed: broken.length });
  expect(await juneOf(String(broken[0]))).toMatchObject({ total: 1 });
});
