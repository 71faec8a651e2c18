import { sql } from "kysely";
import type { Database } from "./client.ts";

/** A worker that has not said anything for this long is dead: six of its heartbeats are missing. */
const silence = "3 seconds";
/** How long the dead are remembered, so that a worker which only stalled is watched until it speaks again. */
const memory = "1 minute";

/** A job that a silent worker held. `dead`: it was its last attempt. */
export interface ReclaimedJob {
  id: number;
  task: string;
  workerId: string;
  attempts: number;
  dead: boolean;
}

/** Says that a worker lives. `jobs` runs as hr_jobs, `workerId` is the id that graphile-worker locks jobs with. */
export async function beat(jobs: Database, workerId: string): Promise<void> {
  await jobs.pool.query(
    `insert into worker_heartbeat (worker_id, beat_at) values ($1, clock_timestamp())
       on conflict (worker_id) do update set beat_at = excluded.beat_at`,
    [workerId],
  );
}

/**
 * Gives the jobs of silent workers back. Any worker may do it, several at once: a job that somebody has taken
 * meanwhile carries another id and is left alone. A job that has already outlived two workers may be what kills
 * them, so it waits as if it had failed.
 */
export async function reclaimSilentJobs(jobs: Database): Promise<ReclaimedJob[]> {
  const { rows: silent } = await jobs.pool.query<{ worker_id: string }>(
    `select worker_id from worker_heartbeat where beat_at < clock_timestamp() - interval '${silence}'`,
  );
  if (silent.length === 0) {
    return [];
  }
  const reclaimed = await unlock(
    jobs,
    silent.map((worker) => worker.worker_id),
  );
  await jobs.pool.query(
    `delete from worker_heartbeat where beat_at < clock_timestamp() - interval '${memory}'`,
  );
  return reclaimed;
}

/** Takes a worker off the list and gives back what it still holds: the end of an orderly stop. */
export async function retireWorker(jobs: Database, workerId: string): Promise<ReclaimedJob[]> {
  const returned = await unlock(jobs, [workerId]);
  await jobs.pool.query("delete from worker_heartbeat where worker_id = $1", [workerId]);
  return returned;
}

function unlock(jobs: Database, workerIds: string[]): Promise<ReclaimedJob[]> {
  return jobs.kysely.transaction().execute(async (tx) => {
    const { rows } = await sql<ReclaimedJob>`
      with held as materialized (
        select id, task_identifier, locked_by, attempts, attempts >= max_attempts as dead
          from graphile_worker.jobs where locked_by = any(${workerIds})
      ), unlocked as materialized (
        select graphile_worker.force_unlock_workers(${workerIds}) from (select count(*) from held) counted
      )
      select held.id, task_identifier as task, locked_by as "workerId", attempts, dead from held, unlocked`.execute(
      tx,
    );
    for (const { id, attempts } of rows.filter((job) => job.attempts > 2)) {
      await sql`select graphile_worker.reschedule_jobs(array[${id}::bigint],
        run_at => now() + exp(${Math.min(attempts, 10)}::integer) * interval '1 second')`.execute(tx);
    }
    return rows;
  });
}

/** Jobs that failed for the last time, by task: they stay until an operator looks. */
export async function countDeadJobs(jobs: Database): Promise<{ task: string; count: number }[]> {
  const { rows } = await jobs.pool.query<{ task: string; count: number }>(
    `select task_identifier as task, count(*) as count from graphile_worker.jobs
       where attempts >= max_attempts and locked_at is null group by task_identifier order by task_identifier`,
  );
  return rows;
}
