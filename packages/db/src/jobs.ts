import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

export interface JobOptions {
  /** A job with the same key that has not run yet is replaced: a burst becomes one run. */
  jobKey?: string;
  /** Real time; default at once. */
  runAt?: Date;
  /** Jobs of one queue run one after the other. */
  queue?: string;
}

/** Adds a job in the caller's transaction: it exists when, and only when, what caused it is committed. */
export async function enqueue(
  tx: Tx,
  task: string,
  payload: object,
  options: JobOptions = {},
): Promise<void> {
  const { jobKey = null, runAt = null, queue = null } = options;
  await sql`select enqueue_job(${task}, ${JSON.stringify(payload)}::json, ${jobKey}, ${runAt}::timestamptz, ${queue})`.execute(
    tx,
  );
}
