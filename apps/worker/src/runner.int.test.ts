import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { createDatabase } from "@headroom/db/client";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createLogger } from "@headroom/platform/log";
import { createMetrics } from "@headroom/platform/metrics";
import { afterEach, beforeEach, expect, test } from "vitest";
import { observeJobs } from "./observation.ts";
import { startRunner } from "./runner.ts";

const silent = createLogger({ service: "worker", level: "silent" });
let database: TestDatabase;
const children: ChildProcess[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  await database.admin.query(`create schema watched authorization hr_jobs;
    create table watched.attempt (id text, pid integer, at timestamptz default clock_timestamp());
    create table watched.effect (id text primary key);
    alter table watched.attempt owner to hr_jobs; alter table watched.effect owner to hr_jobs`);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await database.drop();
});

interface Worker {
  pid: number;
  url: string;
  lines: { msg: string; [field: string]: unknown }[];
  kill(signal: NodeJS.Signals): void;
  exited: Promise<number | null>;
}

const startWorker = async (): Promise<Worker> => {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "testing/main.ts")], {
    env: { ...process.env, DATABASE_URL: database.url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const exited = once(child, "exit").then(([code]) => code as number | null);
  const lines: Worker["lines"] = [];
  const url = await new Promise<string>((resolve, reject) => {
    exited.then(() => reject(new Error(`the worker ended: ${JSON.stringify(lines)}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(JSON.parse(line));
      const said = lines.at(-1);
      if (said?.msg === "worker started") resolve(said.url as string);
    });
  });
  return { pid: child.pid as number, url, lines, kill: (signal) => child.kill(signal), exited };
};

const ready = async (worker: Worker): Promise<number> => (await fetch(`${worker.url}/readyz`)).status;
const becomesReady = (worker: Worker) => expect.poll(() => ready(worker), { timeout: 10_000 }).toBe(200);

const add = (task: string, payload: object, maxAttempts = 12) =>
  database.admin.query("select graphile_worker.add_job($1, $2::json, max_attempts => $3)", [
    task,
    JSON.stringify(payload),
    maxAttempts,
  ]);
const attempts = async (id: string): Promise<number[]> => {
  const { rows } = await database.admin.query("select pid from watched.attempt where id = $1 order by at", [
    id,
  ]);
  return rows.map((row) => row.pid);
};
const effects = async (): Promise<number> => {
  const { rows } = await database.admin.query("select count(*)::integer as count from watched.effect");
  return rows[0].count;
};
const queued = async (): Promise<
  { attempts: number; locked_by: string | null; last_error: string | null }[]
> => {
  const { rows } = await database.admin.query(
    "select attempts, locked_by, last_error from graphile_worker.jobs where task_identifier <> 'probe'",
  );
  return rows;
};

test("a job whose process is killed runs elsewhere within five seconds, and its effect happens once", async () => {
  const workers = [await startWorker(), await startWorker()];
  await Promise.all(workers.map(becomesReady));
  await add("mark", { id: "a", firstMs: 60_000 });
  await expect.poll(() => attempts("a"), { interval: 20 }).toHaveLength(1);
  const [first] = await attempts("a");
  const killedAt = performance.now();
  workers.find((worker) => worker.pid === first)?.kill("SIGKILL");
  await expect.poll(effects, { timeout: 10_000, interval: 20 }).toBe(1);
  expect(performance.now() - killedAt).toBeLessThan(5_000);
  const survivor = workers.find((worker) => worker.pid !== first);
  expect(await attempts("a")).toEqual([first, survivor?.pid]);
  await expect.poll(queued).toEqual([]);
  expect(survivor?.lines.map((line) => line.msg)).toContain("job of a silent worker given back");
});

test("two workers share two hundred jobs, and each runs once", async () => {
  const workers = [await startWorker(), await startWorker()];
  await database.admin.query(
    `select graphile_worker.add_jobs(array_agg(('mark', json_build_object('id', n::text, 'firstMs', 5), null, null,
       null, null, null, null)::graphile_worker.job_spec)) from generate_series(1, 200) n`,
  );
  await expect.poll(effects, { timeout: 20_000 }).toBe(200);
  const { rows } = await database.admin.query(
    "select count(*)::integer as runs, count(distinct pid)::integer as workers from watched.attempt",
  );
  expect(rows).toEqual([{ runs: 200, workers: 2 }]);
  await Promise.all(workers.map(becomesReady));
});

test("a job that throws is tried again later, and is kept and reported when its attempts are used up", async () => {
  const worker = await startWorker();
  await add("fall", {}, 2);
  await expect
    .poll(() => worker.lines.map((line) => line.msg), { timeout: 15_000 })
    .toEqual(expect.arrayContaining(["job failed, to be tried again", "job dead: its attempts are used up"]));
  await expect
    .poll(queued)
    .toEqual([{ attempts: 2, locked_by: null, last_error: expect.stringContaining("always falls") }]);
  const metrics = createMetrics("test");
  observeJobs(new EventEmitter(), await database.connect("hr_jobs"), metrics, silent);
  expect(await metrics.registry.metrics()).toMatch(/headroom_dead_jobs\{[^}]*task="fall"[^}]*\} 1\n/);
  await becomesReady(worker);
});

test("a job that kills its workers is not handed from one to the next without a pause", async () => {
  await add("crash", {});
  await database.admin.query("update graphile_worker._private_jobs set attempts = 2");
  expect(await (await startWorker()).exited).toBe(null);
  const bystander = await startWorker();
  await expect.poll(queued, { timeout: 10_000 }).toMatchObject([{ attempts: 3, locked_by: null }]);
  const { rows } = await database.admin.query(
    "select extract(epoch from run_at - now())::float8 as wait from graphile_worker.jobs where task_identifier = 'crash'",
  );
  expect(rows[0].wait).toBeGreaterThan(10);
  await becomesReady(bystander);
});

test("asked to stop, it lets a short job end", async () => {
  const worker = await startWorker();
  await add("mark", { id: "short", firstMs: 1_000 });
  await expect.poll(() => attempts("short")).toHaveLength(1);
  worker.kill("SIGTERM");
  expect(await worker.exited).toBe(0);
  expect(await effects()).toBe(1);
  expect(await queued()).toEqual([]);
});

test("asked to stop, it gives back at the deadline what has not ended", async () => {
  const worker = await startWorker();
  await add("mark", { id: "long", firstMs: 60_000 });
  await expect.poll(() => attempts("long")).toHaveLength(1);
  worker.kill("SIGTERM");
  await worker.exited;
  expect(await queued()).toMatchObject([{ attempts: 1, locked_by: null }]);
  const { rows } = await database.admin.query("select from headroom.worker_heartbeat");
  expect(rows).toEqual([]);
  await startWorker();
  await expect.poll(effects).toBe(1);
});

test("a runner that does not own the queue gets no jobs, and says that it is not ready", async () => {
  await database.admin.query(`grant usage on schema graphile_worker to hr_worker;
    grant all on all tables in schema graphile_worker to hr_worker;
    grant all on all sequences in schema graphile_worker to hr_worker;
    grant all on headroom.worker_heartbeat to hr_worker`);
  await add("mark", { id: "unseen" });
  const jobs = createDatabase({
    connectionString: database.url,
    role: "hr_worker",
    applicationName: "wrong",
  });
  const seen: unknown[] = [];
  const runner = await startRunner({
    jobs,
    tasks: { mark: (payload) => void seen.push(payload) },
    crontab: [],
    concurrency: 2,
    log: silent,
  });
  await pause(2_500);
  expect({ ready: runner.isProven(), seen }).toEqual({ ready: false, seen: [] });
  await runner.stop(1_000);
  await jobs.close();
});
