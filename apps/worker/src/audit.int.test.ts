import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory } from "@headroom/db/testing/factories";
import { createLogger } from "@headroom/platform/log";
import { createMetrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "@headroom/service/context";
import { afterAll, beforeAll, expect, test } from "vitest";
import { crontab } from "./crontab.ts";
import { exposeAuditCheck } from "./observation.ts";
import { checkAudit } from "./tasks/verify-audit.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

test("once a day every trail is verified, its head logged, and the metric says whether all hold", async () => {
  expect(crontab.find(({ task }) => task === "verify_audit")?.match).toMatch(/^\d+ \d+ \* \* \*$/);
  const said: Record<string, unknown>[] = [];
  const log = createLogger(
    { service: "test", level: "info" },
    { write: (line: string) => void said.push(JSON.parse(line)) },
  );
  const db = await database.connect("hr_worker");
  const context = { db, log } as unknown as ServiceContext;
  const metrics = createMetrics("worker");
  exposeAuditCheck(db, metrics);
  const lines = async () =>
    (await metrics.registry.metrics()).split("\n").filter((line) => /^headroom_audit/.test(line));

  expect(await lines()).toEqual([]);
  const make = createFactory(database.admin);
  await make.plan("free", {});
  const organization = await make.organization();
  await database.admin.query(
    `select headroom.record_change($1, 'system', 'test', null, null, 'probe.made', null, '{}', '{}', null, '[]')
     from generate_series(1, 3)`,
    [organization],
  );
  await checkAudit(context);
  const id = `org_${organization}`;
  expect(said.find(({ msg }) => msg === "audit heads")).toMatchObject({
    heads: [{ organizationId: id, seq: 3, hash: expect.stringMatching(/^[0-9a-f]{64}$/) }],
  });
  expect(await lines()).toEqual([
    'headroom_audit_chain_ok{service="worker"} 1',
    expect.stringMatching(
      /^headroom_audit_verified_timestamp_seconds\{service="worker"\} 1\.\d+e\+?9|\d{10}/,
    ),
  ]);

  await database.admin.query("delete from headroom.audit_entry where organization_id = $1 and seq = 2", [
    organization,
  ]);
  await checkAudit(context);
  expect(said.filter(({ level }) => level === "error")).toMatchObject([
    { organizationId: id, seq: 2, fault: "missing", msg: "audit trail does not hold" },
  ]);
  expect(await lines()).toContain('headroom_audit_chain_ok{service="worker"} 0');
});
