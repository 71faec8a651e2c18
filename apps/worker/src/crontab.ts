import type { JobName } from "@headroom/db/jobs";
import type { CronItem } from "graphile-worker";

/**
 * The crontab only ticks: what is due is decided in SQL by the domain clock, which development may move, while these
 * follow real time. A tick is tried once, because the next one comes anyway, and never waits behind another.
 */
export const crontab: CronItem[] = [
  tick("* * * * *", "roll_up_days"),
  tick("* * * * *", "close_periods"),
  tick("* * * * *", "report_overage"),
  tick("* * * * *", "sweep_inbox"),
  tick("* * * * *", "sync_seats"),
  // One after the other, in whatever process: the pace at which Stripe is asked is that of one.
  tick("* * * * *", "sweep_customers", "sweep_customers"),
  tick("3 * * * *", "backfill_events"),
  tick("33 * * * *", "prune_inbox"),
  tick("*/5 * * * *", "remove_ended_limits"),
  tick("* * * * *", "expire_invites"),
  tick("* * * * *", "expire_reservations"),
  tick("* * * * *", "purge_organizations"),
  tick("7 * * * *", "ensure_partitions"),
  tick("17 * * * *", "verify_usage"),
  tick("47 * * * *", "prune_usage"),
  tick("37 3 * * *", "verify_audit"),
  tick("57 4 * * *", "reconcile_overage"),
  tick("27 * * * *", "prune_webhook_deliveries"),
  tick("37 * * * *", "prune_events"),
  tick("* * * * *", "tell_alerts"),
  tick("* * * * *", "tell_expired_overrides"),
  tick("* * * * *", "turn_plan_assignments"),
];

function tick(match: string, task: JobName, queueName?: string): CronItem {
  const options = { jobKey: `tick:${task}`, maxAttempts: 1, ...(queueName ? { queueName } : {}) };
  return { task, match, identifier: task, options };
}
