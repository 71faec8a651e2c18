import type { Database } from "@headroom/db/client";
import { countDeadJobs } from "@headroom/db/worker-leases";
import type { Logger } from "@headroom/platform/log";
import type { Metrics } from "@headroom/platform/metrics";
import { lastVerification } from "@headroom/service/audit-verification";
import { heldInvoices, heldInvoicesGauge } from "@headroom/service/invoice-holds";
import { meterPushes } from "@headroom/service/meter-reconciliation";
import { lastUsageCheck } from "@headroom/service/metering";
import { lastReconciliation } from "@headroom/service/overage-reconciliation";
import type { WorkerEvents } from "graphile-worker";
import { Gauge, Histogram } from "prom-client";

/**
 * One log line per job at its end, an error when it was the last attempt, and the metrics
 * `headroom_job_duration_seconds{task, outcome}` and `headroom_dead_jobs{task}`.
 */
export function observeJobs(events: WorkerEvents, jobs: Database, metrics: Metrics, log: Logger): void {
  const durations = new Histogram({
    name: "headroom_job_duration_seconds",
    help: "Time from the start of a job to its end, by outcome: done or failed",
    labelNames: ["task", "outcome"],
    registers: [metrics.registry],
  });
  exposeDeadJobs(jobs, metrics);
  const starts = new Map<string, number>();
  events.on("job:start", ({ job }) => {
    starts.set(job.id, performance.now());
  });
  events.on("job:complete", ({ job, error }) => {
    const ms = performance.now() - (starts.get(job.id) ?? performance.now());
    starts.delete(job.id);
    const { task_identifier: task, attempts, max_attempts: most } = job;
    durations.observe({ task, outcome: error ? "failed" : "done" }, ms / 1_000);
    const fields = { jobId: job.id, task, attempts, ms: Math.round(ms) };
    if (!error) {
      log[task === "probe" ? "debug" : "info"](fields, "job done");
    } else if (attempts < most) {
      log.warn({ ...fields, err: error }, "job failed, to be tried again");
    } else {
      log.error({ ...fields, err: error }, "job dead: its attempts are used up");
    }
  });
}

function exposeDeadJobs(jobs: Database, metrics: Metrics): void {
  new Gauge({
    name: "headroom_dead_jobs",
    help: "Jobs whose attempts are used up, kept until an operator looks",
    labelNames: ["task"],
    registers: [metrics.registry],
    async collect() {
      this.reset();
      // Absent, as other readings are, where they cannot be counted.
      for (const { task, count } of await countDeadJobs(jobs).catch(() => [])) {
        this.set({ task }, count);
      }
    },
  });
}

/**
 * The metrics `headroom_audit_chain_ok` (1: every audit trail held when they were last verified) and
 * `headroom_audit_verified_timestamp_seconds`, the same in every worker process; absent before the first time.
 */
export function exposeAuditCheck(database: Database, metrics: Metrics): void {
  metrics.exposeReadings(() => lastVerification({ db: database }), {
    headroom_audit_chain_ok: {
      help: "1 when every audit trail held when they were last verified, 0 when one did not",
      read: ({ faults }) => (faults === 0 ? 1 : 0),
    },
    headroom_audit_verified_timestamp_seconds: {
      help: "When the audit trails were last verified",
      read: ({ checkedAt }) => checkedAt.getTime() / 1_000,
    },
  });
}

/**
 * The metrics `headroom_usage_verify_ok` (1: no kept number differs from a recount), `headroom_usage_differences` and
 * `headroom_usage_verified_timestamp_seconds`, the same in every worker process; absent before the first time.
 */
export function exposeUsageCheck(database: Database, metrics: Metrics): void {
  metrics.exposeReadings(() => lastUsageCheck({ db: database }), {
    headroom_usage_verify_ok: {
      help: "1 when every usage counter equalled its recount when they were last verified, 0 when one did not",
      read: ({ differences }) => (differences === 0 ? 1 : 0),
    },
    headroom_usage_verified_timestamp_seconds: {
      help: "When the usage counters were last verified",
      read: ({ checkedAt }) => checkedAt.getTime() / 1_000,
    },
    headroom_usage_differences: {
      help: "Usage counters, tallies and closed periods that differ from their recount",
      read: ({ differences }) => differences,
    },
  });
}

/**
 * The metrics `headroom_overage_reconcile_ok` (1: every ledger agreed with its recount and with Stripe's invoices),
 * `headroom_overage_differences` and `headroom_overage_reconciled_timestamp_seconds`, absent before the first time; and
 * `headroom_invoices_held`; and `headroom_usage_pushes_…`, how what is told to billing meters stands.
 */
export function exposeOverage(database: Database, metrics: Metrics): void {
  metrics.exposeReadings(() => heldInvoices({ db: database }), heldInvoicesGauge);
  metrics.exposeReadings(() => meterPushes({ db: database }), {
    headroom_usage_pushes_open: {
      help: "Meter events that are to be sent to Stripe, or were sent and had no answer yet",
      read: ({ open }) => open,
    },
    headroom_usage_pushes_ambiguous: {
      help: "Meter events that were sent long ago and of which it is not known whether they arrived",
      read: ({ ambiguous }) => ambiguous,
    },
    headroom_usage_pushes_rejected: {
      help: "Meter events that Stripe did not count; their overage is billed by an invoice item",
      read: ({ rejected }) => rejected,
    },
  });
  metrics.exposeReadings(() => lastReconciliation({ db: database }), {
    headroom_overage_reconcile_ok: {
      help: "1 when ledger, recount and Stripe's invoice lines agreed when they were last compared, 0 when not",
      read: ({ differences }) => (differences === 0 ? 1 : 0),
    },
    headroom_overage_differences: {
      help: "Differences between ledger, recount and Stripe's invoice lines",
      read: ({ differences }) => differences,
    },
    headroom_overage_reconciled_timestamp_seconds: {
      help: "When ledgers were last compared with Stripe",
      read: ({ checkedAt }) => checkedAt.getTime() / 1_000,
    },
  });
}
