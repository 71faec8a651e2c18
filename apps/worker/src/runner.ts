import { EventEmitter } from "node:events";
import type { Database } from "@headroom/db/client";
import { beat, retireWorker } from "@headroom/db/worker-leases";
import type { Logger } from "@headroom/platform/log";
import {
  type CronItem,
  Logger as GraphileLogger,
  parseCronItems,
  run,
  type TaskList,
  type WorkerEvents,
  type WorkerPool,
} from "graphile-worker";
import { startHeartbeat } from "./heartbeat.ts";
import { startLoop } from "./loops.ts";
import { watchProof } from "./probe.ts";

export interface RunnerOptions {
  /** Runs as hr_jobs, which owns the queue and holds nothing of any tenant. */
  jobs: Database;
  tasks: TaskList;
  crontab: CronItem[];
  /** Jobs that run at once in this process. */
  concurrency: number;
  /** Where job events are heard; see `observeJobs`. */
  events?: WorkerEvents;
  log: Logger;
}

export interface JobRunner {
  /** True while a job has run in this process lately, or runs. */
  isProven(): boolean;
  /** Rejects or resolves when the runner ends, asked to or not. */
  ended: Promise<void>;
  /** Takes no more jobs, lets running ones end for at most `deadlineMs`, gives the rest back. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Runs jobs: at least once each. One whose process is killed is taken over within five seconds; one that throws is
 * tried again with growing pauses until its attempts are used up.
 */
export async function startRunner(options: RunnerOptions): Promise<JobRunner> {
  const { jobs, concurrency, log } = options;
  const events: WorkerEvents = options.events ?? new EventEmitter();
  // A pool is a thenable that ends with the runner, so it must never be awaited.
  const pools: WorkerPool[] = [];
  events.once("pool:create", ({ workerPool }) => pools.push(workerPool));
  const proof = watchProof(events);
  const runner = await run({
    pgPool: jobs.pool,
    taskList: { ...options.tasks, probe: () => undefined },
    parsedCronItems: parseCronItems(options.crontab),
    concurrency,
    pollInterval: 1_000,
    noHandleSignals: true,
    forbiddenFlags: proof.flagsToSkip,
    events,
    logger: adaptLogger(log),
    preset: { plugins: [beatBeforeFirstJob(jobs)] },
  });
  const [pool] = pools;
  if (!pool) {
    throw new Error("the job runner made no pool");
  }
  const heartbeat = startHeartbeat({
    jobs,
    workerId: pool.id,
    log,
    onReclaimed: (count) => pool.nudge(count),
  });
  const prober = startLoop({
    name: "probe",
    everyMs: 1_000,
    // After an outage, too: the proof is older than it may be before a longer pause would end.
    longestMs: 1_000,
    log,
    round: () => proof.renew(runner.addJob, pool.id),
  });
  return {
    isProven: proof.stands,
    ended: runner.promise,
    stop: async (deadlineMs) => {
      await prober.stop();
      await within(deadlineMs, runner.stop());
      // Only now: a worker that fell silent while its jobs still end would have them taken away.
      await heartbeat.stop();
      for (const { id, task } of await retireWorker(jobs, pool.id)) {
        log.warn({ jobId: id, task }, "job given back at the deadline");
      }
    },
  };
}

/** No job is locked under an id that nobody watches yet. */
function beatBeforeFirstJob(jobs: Database): GraphileConfig.Plugin {
  return {
    name: "beat-before-first-job",
    worker: { hooks: { startWorker: (_context, { worker }) => beat(jobs, worker.workerPool.id) } },
  };
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([work, late.promise]);
  clearTimeout(timer);
}

const levels = { error: "error", warning: "warn", info: "debug", debug: "trace" } as const;

// Its own "completed task" lines repeat what is logged per job, so they rank one lower here.
function adaptLogger(log: Logger): GraphileLogger {
  return new GraphileLogger(() => (level, message, meta) => {
    const fields = meta?.error === undefined ? {} : { err: meta.error };
    log[levels[level]]({ ...fields, graphile: message }, "job queue");
  });
}
