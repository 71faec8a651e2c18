import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** What a task is given that looks for due work itself: nothing. */
export type Tick = Record<string, never>;

/** Every task that the worker carries out, and what it is given. Ids are raw UUIDs. */
export interface JobPayloads {
  backfill_events: Tick;
  cancel_subscriptions: { organizationId: string };
  close_periods: Tick;
  /** `emailWithdrawn`: the address at Stripe is the one that was ours. */
  describe_customer: { organizationId: string; emailWithdrawn?: boolean };
  end_checkouts: { organizationId: string };
  ensure_partitions: Tick;
  remove_ended_limits: Tick;
  expire_invites: Tick;
  expire_reservations: Tick;
  prune_webhook_deliveries: Tick;
  purge_organizations: Tick;
  prune_events: Tick;
  prune_inbox: Tick;
  prune_usage: Tick;
  reconcile_overage: Tick;
  report_overage: Tick;
  restore_plan: { organizationId: string };
  roll_up_days: Tick;
  send_mail: { organizationId: string; id: string };
  sweep_customers: Tick;
  sweep_inbox: Tick;
  sync_seats: Tick;
  tell_alerts: Tick;
  verify_audit: Tick;
  verify_usage: Tick;
  tell_expired_overrides: Tick;
  turn_plan_assignments: Tick;
}

export type JobName = keyof JobPayloads;

export interface JobOptions {
  /** A job with the same key that has not run yet is replaced: a burst becomes one run. */
  jobKey?: string;
  /** Real time; default at once. */
  runAt?: Date;
  /** Jobs of one queue run one after the other. */
  queue?: string;
}

/**
 * Adds a job in the caller's transaction: it exists when, and only when, what caused it is committed. It runs at
 * least once; one that fails is tried again with growing pauses, 12 times over about 16 hours, then kept as dead.
 */
export async function enqueue<Name extends JobName>(
  tx: Tx,
  task: Name,
  payload: JobPayloads[Name],
  options: JobOptions = {},
): Promise<void> {
  const { jobKey = null, runAt = null, queue = null } = options;
  await sql`select enqueue_job(${task}, ${JSON.stringify(payload)}::json, ${jobKey}, ${runAt}::timestamptz, ${queue})`.execute(
    tx,
  );
}
