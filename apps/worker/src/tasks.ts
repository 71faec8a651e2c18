import type { JobName, JobPayloads } from "@headroom/db/jobs";
import type { ServiceContext } from "@headroom/service/context";
import type { TaskList } from "graphile-worker";
import { closePeriods } from "./tasks/close-periods.ts";
import { makePartitions } from "./tasks/ensure-partitions.ts";
import { prune } from "./tasks/prune-events.ts";
import { report } from "./tasks/report-overage.ts";
import { rollUp } from "./tasks/roll-up-days.ts";
import { sendMail } from "./tasks/send-mail.ts";
import { sweep } from "./tasks/sweep-inbox.ts";
import { verify } from "./tasks/verify-usage.ts";

/** Carries out one job. Runs at least once, so its effect must be the same when it runs again. */
type Handler<Name extends JobName> = (context: ServiceContext, payload: JobPayloads[Name]) => Promise<void>;

const handlers: { [Name in JobName]: Handler<Name> } = {
  close_periods: closePeriods,
  ensure_partitions: makePartitions,
  prune_events: prune,
  report_overage: report,
  roll_up_days: rollUp,
  send_mail: sendMail,
  sweep_inbox: sweep,
  verify_usage: verify,
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
