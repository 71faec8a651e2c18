/**
 * A worker process with tasks that tests can watch: real runner, real heartbeat, real stop; only the tasks are the
 * tests' own. Prints its address on standard output among the log's lines.
 */
import { setTimeout as pause } from "node:timers/promises";
import { createDatabase } from "@headroom/db/client";
import { superviseProcess } from "@headroom/platform/lifecycle";
import { createLogger } from "@headroom/platform/log";
import type { TaskList } from "graphile-worker";
import { startWorker } from "../worker.ts";

const connectionString = process.env.DATABASE_URL ?? "";
const log = createLogger({ service: "worker", level: "info" });
const lifecycle = superviseProcess(log);
const database = createDatabase({ connectionString, role: "hr_worker", applicationName: "worker" });
const jobs = createDatabase({ connectionString, role: "hr_jobs", applicationName: "worker jobs", max: 9 });

/** Writes down each attempt, and the effect once, however often it runs. */
const mark = async (payload: unknown, attempt: number): Promise<void> => {
  const { id, firstMs = 0, ms = 0 } = payload as { id: string; firstMs?: number; ms?: number };
  await jobs.pool.query("insert into watched.attempt (id, pid) values ($1, $2)", [id, process.pid]);
  await pause(attempt === 1 ? firstMs : ms);
  await jobs.pool.query("insert into watched.effect (id) values ($1) on conflict do nothing", [id]);
};

const tasks: TaskList = {
  mark: (payload, { job }) => mark(payload, job.attempts),
  fall: () => {
    throw new Error("this task always falls");
  },
  crash: () => void process.kill(process.pid, "SIGKILL"),
};

await startWorker({
  database,
  stripe: null,
  jobs,
  tasks,
  crontab: [],
  startLoops: () => [],
  concurrency: 5,
  drainMs: 2_000,
  host: "127.0.0.1",
  port: 0,
  metricsPort: undefined,
  shutdownDelayMs: 0,
  log,
  lifecycle,
});
