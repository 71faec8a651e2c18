import { sql } from "kysely";
import type { Database } from "./client.ts";
import type { Tx } from "./tenancy.ts";

/**
 * Notes that Stripe did not count meter events, and has their rows billed by an invoice item instead. Answers how many of
 * the identifiers are ours. As hr_worker or hr_webhook.
 */
export async function rejectPushes(tx: Tx, identifiers: readonly string[], reason: string): Promise<number> {
  const { rows } = await sql<{ ours: number }>`
    select reject_usage_pushes(${identifiers}::text[], ${reason}) as ours`.execute(tx);
  return rows[0]?.ours ?? 0;
}

/** How many pushes wait for an answer, may have arrived, and were not counted. */
export interface PushState {
  open: number;
  ambiguous: number;
  rejected: number;
}

/** One reading of them. As hr_worker or hr_webhook. */
export async function readPushState({ pool }: Database): Promise<PushState> {
  const { rows } = await pool.query<PushState>("select * from usage_push_state()");
  return rows[0] ?? { open: 0, ambiguous: 0, rejected: 0 };
}
