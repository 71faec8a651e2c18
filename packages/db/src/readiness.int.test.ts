import { createHealth } from "@headroom/platform/health";
import { startHttpServer } from "@headroom/platform/http";
import { createLogger } from "@headroom/platform/log";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DatabaseRole } from "./client.ts";
import { databaseChecks } from "./readiness.ts";
import { ensurePartitions } from "./tallies.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

let scratch: TestDatabase;
beforeAll(async () => {
  scratch = await createTestDatabase();
});
afterAll(() => scratch.drop());

/** What `/readyz` answers in an application that has this role. */
async function ready(role: DatabaseRole): Promise<[number, unknown]> {
  const health = createHealth(databaseChecks(await scratch.connect(role)));
  const log = createLogger({ service: "test", level: "silent" });
  const server = await startHttpServer({ host: "127.0.0.1", port: 0, health, log, handle: () => undefined });
  try {
    const response = await fetch(`${server.url}/readyz`);
    return [response.status, await response.json()];
  } finally {
    await server.close();
  }
}

const answer = (partitions: string) => [
  200,
  { status: "ok", checks: { database: "ok", migrations: "ok", partitions } },
];

const partitionIn = (days: number) =>
  `(select 'headroom.usage_event_' || to_char(clock_timestamp() at time zone 'UTC' + interval '${days} days', 'YYYYMMDD'))`;

const drop = (from: number, until: number) =>
  scratch.admin.query(`do $$ begin
    for n in ${from}..${until} loop
      execute 'drop table ' || ${partitionIn(0).replace("'0 days'", "'1 day' * n")};
    end loop; end $$`);

test("readiness warns when fewer than seven days of partitions lie ahead, and takes no traffic away", async () => {
  expect(await ready("hr_api")).toEqual(answer("ok"));
  await drop(8, 30);
  expect(await ready("hr_api")).toEqual(answer("ok"));
  await drop(7, 7);
  for (const role of ["hr_api", "hr_worker", "hr_webhook"] as const) {
    expect(await ready(role)).toEqual(answer("warning"));
  }
  expect(await ensurePartitions(await scratch.connect("hr_worker"), 30)).toBe(24);
  expect(await ready("hr_worker")).toEqual(answer("ok"));
});

test("usage has somewhere to go on each of the thirty days that nobody may make partitions", async () => {
  await ensurePartitions(await scratch.connect("hr_api"), 30);
  const { rows } = await scratch.admin.query(
    `select count(*)::int as days, count(*) filter (where to_regclass('headroom.usage_event_' || to_char(d, 'YYYYMMDD'))
       is not null)::int as made
     from generate_series((clock_timestamp() at time zone 'UTC')::date,
       (clock_timestamp() at time zone 'UTC')::date + 30, '1 day') d`,
  );
  expect(rows).toEqual([{ days: 31, made: 31 }]);
  expect(await ensurePartitions(await scratch.connect("hr_worker"), 30)).toBe(0);
});
