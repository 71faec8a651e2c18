import { EventEmitter } from "node:events";
import { createDatabase, type Database } from "@headroom/db/client";
import { createTestDatabase } from "@headroom/db/testing/database";
import { freePort } from "@headroom/db/testing/embedded";
import { createLogger } from "@headroom/platform/log";
import { createMetrics, startMetricsServer } from "@headroom/platform/metrics";
import { exposeStripe } from "@headroom/service/stripe/metrics";
import type { WorkerEvents } from "graphile-worker";
import { expect, onTestFinished, test } from "vitest";
import { exposeAuditCheck, exposeOverage, exposeUsageCheck, observeJobs } from "./observation.ts";

/** What the metrics' own port answers for all that is read from these databases. */
async function look(db: Database, jobs: Database): Promise<{ status: number; names: string[] }> {
  const metrics = createMetrics("worker");
  const log = createLogger({ service: "test", level: "silent" });
  observeJobs(new EventEmitter() as unknown as WorkerEvents, jobs, metrics, log);
  exposeAuditCheck(db, metrics);
  exposeUsageCheck(db, metrics);
  exposeOverage(db, metrics);
  exposeStripe({ db, stripe: null }, metrics);
  const { port, close } = await startMetricsServer(metrics, { host: "127.0.0.1", port: 0 });
  onTestFinished(close);
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await response.text();
  return {
    status: response.status,
    names: [...text.matchAll(/^(\w+)(?:\{.*\})? \S+$/gm)].map(([, name]) => name ?? ""),
  };
}

test("what the database says is there when somebody looks", async () => {
  const scratch = await createTestDatabase();
  onTestFinished(() => scratch.drop());
  const { status, names } = await look(await scratch.connect("hr_worker"), await scratch.connect("hr_jobs"));
  expect(status).toBe(200);
  expect(names).toEqual(
    expect.arrayContaining([
      "headroom_invoices_held",
      "headroom_stripe_drift",
      "headroom_billing_oldest_unsettled_seconds",
      "headroom_billing_alerts",
    ]),
  );
});

test("while the database is down the process goes on and shows what it knows itself", async () => {
  const nowhere = (role: "hr_worker" | "hr_jobs") =>
    freePort().then((port) =>
      createDatabase({
        connectionString: `postgres://nobody@127.0.0.1:${port}/none`,
        role,
        applicationName: "test",
        max: 1,
        onConnectionError: () => undefined,
      }),
    );
  const [db, jobs] = await Promise.all([nowhere("hr_worker"), nowhere("hr_jobs")]);
  onTestFinished(() => Promise.all([db.close(), jobs.close()]).then(() => undefined));
  const { status, names } = await look(db, jobs);
  expect(status).toBe(200);
  expect(names).toContain("process_resident_memory_bytes");
  expect(names.filter((name) => name.startsWith("headroom_"))).toEqual([]);
});
