import { sql } from "kysely";
import type { Database } from "./client.ts";
import type { Tx } from "./tenancy.ts";

/** A job whose attempts are used up. */
export interface DeadJob {
  id: number;
  task: string;
  attempts: number;
  lastError: string | null;
  at: Date;
}

const isDead = "attempts >= max_attempts and locked_at is null";

/** The newest first. @param jobs as hr_jobs */
export async function listDeadJobs(jobs: Database, most: number): Promise<DeadJob[]> {
  const { rows } = await jobs.pool.query<DeadJob>(
    `select id, task_identifier as task, attempts, last_error as "lastError", updated_at as at
       from graphile_worker.jobs where ${isDead} order by updated_at desc limit $1`,
    [most],
  );
  return rows;
}

/** Runs dead jobs again, with all their attempts before them. @param jobs as hr_jobs @returns how many it were */
export async function reviveJobs(
  jobs: Database,
  { ids, task }: { ids?: readonly number[] | undefined; task?: string | undefined },
): Promise<number> {
  const { rows } = await jobs.pool.query<{ revived: number }>(
    `select count(*) as revived from graphile_worker.reschedule_jobs(
       array(select id from graphile_worker.jobs where ${isDead}
         and ($1::bigint[] is null or id = any ($1)) and ($2::text is null or task_identifier = $2)),
       run_at => now(), attempts => 0)`,
    [ids ?? null, task ?? null],
  );
  return rows[0]?.revived ?? 0;
}

/** An outgoing delivery that was given up. */
export interface DeadDelivery {
  organizationId: string;
  webhookId: string;
  seq: number;
  /** Of the event, a raw UUID. */
  eventId: string;
  name: string;
  at: Date;
  responseStatus: number | null;
  error: string | null;
}

/** Of every organization, the newest first. As hr_worker. */
export async function listDeadDeliveries(tx: Tx, most: number): Promise<DeadDelivery[]> {
  const { rows } = await sql<DeadDelivery>`
    select organization_id as "organizationId", endpoint_id as "webhookId", event_seq as seq, event_id as "eventId",
      name, at, response_status as "responseStatus", error
    from dead_webhook_deliveries(${most})`.execute(tx);
  return rows;
}
