import { EventEmitter } from "node:events";
import type { Database } from "@headroom/db/client";
import { createHealth } from "@headroom/platform/health";
import { startHttpServer } from "@headroom/platform/http";
import type { Lifecycle } from "@headroom/platform/lifecycle";
import type { Logger } from "@headroom/platform/log";
import { createMetrics, startMetricsServer } from "@headroom/platform/metrics";
import type { StripeGateway } from "@headroom/service/stripe/gateway";
import { exposeStripe } from "@headroom/service/stripe/metrics";
import type { AttemptObserver } from "@headroom/service/webhook-delivery";
import type { CronItem, TaskList, WorkerEvents } from "graphile-worker";
import type { Loop } from "./loops.ts";
import { exposeAuditCheck, exposeOverage, exposeUsageCheck, observeJobs } from "./observation.ts";
import { readinessChecks } from "./readiness.ts";
import { startRunner } from "./runner.ts";
import { exposeWebhooks } from "./webhook-metrics.ts";

export interface WorkerOptions {
  /** Where tasks work: runs as hr_worker. */
  database: Database;
  /** null: there is none. */
  stripe: StripeGateway | null;
  /** Where jobs are queued: runs as hr_jobs. */
  jobs: Database;
  tasks: TaskList;
  crontab: CronItem[];
  /** Starts the work that does not wait for a job; called once jobs run, with what counts deliveries of webhooks. */
  startLoops: (observe: AttemptObserver) => Loop[];
  concurrency: number;
  /** How long running jobs may take to end after a signal. */
  drainMs: number;
  host: string;
  port: number;
  metricsPort: number | undefined;
  /** How long `/readyz` says 503 before the server closes. */
  shutdownDelayMs: number;
  log: Logger;
  lifecycle: Lifecycle;
}

/**
 * Runs jobs and loops until the process is told to stop, beside a small server for `/livez` and `/readyz`. The
 * databases are closed at the end. Answers the server's address.
 */
export async function startWorker(options: WorkerOptions): Promise<{ url: string }> {
  const { database, jobs, log, lifecycle, host } = options;
  lifecycle.onStop("database", async () => {
    await Promise.all([database.close(), jobs.close()]);
  });
  const metrics = createMetrics("worker");
  const events: WorkerEvents = new EventEmitter();
  observeJobs(events, jobs, metrics, log);
  exposeAuditCheck(database, metrics);
  exposeUsageCheck(database, metrics);
  exposeOverage(database, metrics);
  exposeStripe({ db: database, stripe: options.stripe }, metrics);
  const runner = await startRunner({ ...options, events });
  lifecycle.onStop("jobs", () => runner.stop(options.drainMs));
  void runner.ended.then(
    () => lifecycle.stop("job runner ended", 1),
    (error: unknown) => {
      log.fatal({ err: error }, "job runner failed");
      return lifecycle.stop("job runner failed", 1);
    },
  );
  const loops = options.startLoops(exposeWebhooks(database, metrics));
  lifecycle.onStop("loops", async () => {
    await Promise.all(loops.map((loop) => loop.stop()));
  });
  if (options.metricsPort !== undefined) {
    const server = await startMetricsServer(metrics, { host, port: options.metricsPort });
    lifecycle.onStop("metrics", () => server.close());
  }
  const health = createHealth(readinessChecks(database, jobs, runner));
  const server = await startHttpServer({
    host,
    port: options.port,
    shutdownDelayMs: options.shutdownDelayMs,
    health,
    log,
    handle: ({ response }) => void response.writeHead(404).end(),
  });
  lifecycle.onStop("http", () => server.close());
  log.info({ url: server.url }, "worker started");
  return { url: server.url };
}
