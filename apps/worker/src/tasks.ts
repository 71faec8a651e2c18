import type { JobName, JobPayloads } from "@headroom/db/jobs";
import type { ServiceContext } from "@headroom/service/context";
import type { TaskList } from "graphile-worker";
import { backfill } from "./tasks/backfill-events.ts";
import { cancelOrganizationSubscriptions } from "./tasks/cancel-subscriptions.ts";
import { closePeriods } from "./tasks/close-periods.ts";
import { describe } from "./tasks/describe-customer.ts";
import { endWithdrawn } from "./tasks/end-checkouts.ts";
import { makePartitions } from "./tasks/ensure-partitions.ts";
import { expire } from "./tasks/expire-invites.ts";
import { endHolds } from "./tasks/expire-reservations.ts";
import { prune } from "./tasks/prune-events.ts";
import { pruneStripeEvents } from "./tasks/prune-inbox.ts";
import { pruneUsage } from "./tasks/prune-usage.ts";
import { pruneDeliveries } from "./tasks/prune-webhook-deliveries.ts";
import { purge } from "./tasks/purge-organizations.ts";
import { reconcile } from "./tasks/reconcile-overage.ts";
import { removeLimits } from "./tasks/remove-ended-limits.ts";
import { report } from "./tasks/report-overage.ts";
import { restore } from "./tasks/restore-plan.ts";
import { rollUp } from "./tasks/roll-up-days.ts";
import { sendMail } from "./tasks/send-mail.ts";
import { sweepAll } from "./tasks/sweep-customers.ts";
import { sweep } from "./tasks/sweep-inbox.ts";
import { follow } from "./tasks/sync-seats.ts";
import { tell } from "./tasks/tell-alerts.ts";
import { tellExpired } from "./tasks/tell-expired-overrides.ts";
import { turnAssignments } from "./tasks/turn-plan-assignments.ts";
import { checkAudit } from "./tasks/verify-audit.ts";
import { verify } from "./tasks/verify-usage.ts";

/** Carries out one job. Runs at least once, so its effect must be the same when it runs again. */
type Handler<Name extends JobName> = (context: ServiceContext, payload: JobPayloads[Name]) => Promise<void>;

const handlers: { [Name in JobName]: Handler<Name> } = {
  backfill_events: backfill,
  cancel_subscriptions: cancelOrganizationSubscriptions,
  close_periods: closePeriods,
  describe_customer: describe,
  end_checkouts: endWithdrawn,
  ensure_partitions: makePartitions,
  remove_ended_limits: removeLimits,
  expire_invites: expire,
  expire_reservations: endHolds,
  prune_webhook_deliveries: pruneDeliveries,
  purge_organizations: purge,
  prune_events: prune,
  prune_inbox: pruneStripeEvents,
  prune_usage: pruneUsage,
  reconcile_overage: reconcile,
  report_overage: report,
  restore_plan: restore,
  roll_up_days: rollUp,
  send_mail: sendMail,
  sweep_customers: sweepAll,
  sweep_inbox: sweep,
  sync_seats: follow,
  tell_alerts: tell,
  verify_audit: checkAudit,
  verify_usage: verify,
  tell_expired_overrides: tellExpired,
  turn_plan_assignments: turnAssignments,
};

/** Every task by name, as graphile-worker takes them. Payloads are typed where they are enqueued. */
export function taskList(context: ServiceContext): TaskList {
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [
      name,
      (payload: unknown) => handler(context, payload as never),
    ]),
  );
}
