import { partitionChecks } from "@headroom/db/readiness";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory } from "@headroom/db/testing/factories";
import { createHealth } from "@headroom/platform/health";
import { createLogger } from "@headroom/platform/log";
import { createMetrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "@headroom/service/context";
import { afterAll, beforeAll, expect, test } from "vitest";
import { crontab } from "./crontab.ts";
import { exposeUsageCheck } from "./observation.ts";
import { pruneUsage } from "./tasks/prune-usage.ts";
import { rollUp } from "./tasks/roll-up-days.ts";
import { verify } from "./tasks/verify-usage.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

async function worker() {
  const said: Record<string, unknown>[] = [];
  const log = createLogger(
    { service: "test", level: "info" },
    { write: (line: string) => void said.push(JSON.parse(line)) },
  );
  const db = await database.connect("hr_worker");
  return { said, db, context: { db, log } as unknown as ServiceContext };
}

test("once an hour every counter is verified, what differs is logged, and the metrics say so", async () => {
  const { said, db, context } = await worker();
  for (const task of ["verify_usage", "prune_usage", "ensure_partitions"]) {
    expect(crontab.find((item) => item.task === task)?.match).toMatch(/^\d+ \* \* \* \*$/);
  }
  const metrics = createMetrics("worker");
  exposeUsageCheck(db, metrics);
  const lines = async () =>
    (await metrics.registry.metrics())
      .split("\n")
      .filter((line) => /^headroom_usage/.test(line))
      .map((line) => line.replace(/\{.*?\}/, ""));
  expect(await lines()).toEqual([]);

  const make = createFactory(database.admin);
  await make.plan("free", { pages: { dailyLimit: null, included: null, overage: null } });
  const organization = await make.organization();
  await database.admin.query("select headroom.create_gates(array[$1::uuid], array['pages'])", [organization]);
  await rollUp(context);
  await verify(context);
  expect(await lines()).toEqual([
    "headroom_usage_verify_ok 1",
    expect.stringMatching(/^headroom_usage_verified_timestamp_seconds 1\.\d+e\+?9|\d{10}/),
    "headroom_usage_differences 0",
  ]);

  await database.admin.query("update headroom.usage_gate set period_used = 3");
  await verify(context);
  expect(said.filter(({ level }) => level === "error")).toMatchObject([
    {
      organizationId: `org_${organization}`,
      kind: "period_used",
      counter: 3,
      recount: 0,
      msg: "usage counter differs from its events",
    },
  ]);
  expect(await lines()).toEqual(
    expect.arrayContaining(["headroom_usage_verify_ok 0", "headroom_usage_differences 1"]),
  );
  await pruneUsage(context);
  expect(said.at(-1)).toMatchObject({ msg: "usage pruned", days: [], reservations: 0, firings: 0 });
});

test("readiness warns when partitions are there for less than seven days, and fails without today's", async () => {
  const { db } = await worker();
  const health = createHealth(partitionChecks(db));
  const readiness = () =>
    new Promise<{ status: number; body: unknown }>((resolve) => {
      let status = 0;
      health.answer(
        { url: "/readyz", method: "GET" } as never,
        {
          writeHead: (code: number) => {
            status = code;
          },
          end: (body: string) => resolve({ status, body: JSON.parse(body) }),
        } as never,
      );
    });
  const keepUntil = (days: number) =>
    database.admin.query(
      "delete from headroom.usage_partition where received_on > (clock_timestamp() at time zone 'UTC')::date + $1::int",
      [days],
    );
  const ok = { status: 200, body: { status: "ok", checks: { partitions: "ok" } } };
  const warning = { status: 200, body: { status: "ok", checks: { partitions: "warning" } } };
  expect(await readiness()).toEqual(ok);
  await keepUntil(7);
  expect(await readiness()).toEqual(ok);
  await keepUntil(6);
  expect(await readiness()).toEqual(warning);
  await keepUntil(0);
  expect(await readiness()).toEqual(warning);
  await keepUntil(-1);
  expect(await readiness()).toMatchObject({ status: 503, body: { checks: { partitions: "failed" } } });
});
