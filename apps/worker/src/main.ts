import { assertUnprivileged, createDatabase, type DatabaseRole } from "@headroom/db/client";
import { assertRealClock } from "@headroom/db/clock";
import { armFailpoint } from "@headroom/platform/failpoints";
import { superviseProcess } from "@headroom/platform/lifecycle";
import { createLogger } from "@headroom/platform/log";
import { requestBackfill } from "@headroom/service/backfill";
import { followBillingMode } from "@headroom/service/billing-mode";
import { ensurePartitions } from "@headroom/service/metering";
import { readVariables } from "./config.ts";
import { createContext } from "./context.ts";
import { crontab } from "./crontab.ts";
import { startPromptLoops } from "./prompt.ts";
import { taskList } from "./tasks.ts";
import { startWorker } from "./worker.ts";

// Beside the running jobs: who listens, the heartbeat, the probe, and one to spare.
const connectionsBesideJobs = 4;

async function main(): Promise<void> {
  const variables = readVariables(process.env);
  armFailpoint(variables.HEADROOM_FAILPOINT, variables.HEADROOM_ENV);
  const { WORKER_CONCURRENCY: concurrency } = variables;
  const log = createLogger({ service: "worker", level: variables.LOG_LEVEL });
  const connect = (role: DatabaseRole, applicationName: string, max: number) =>
    createDatabase({
      connectionString: variables.DATABASE_URL,
      role,
      applicationName,
      max,
      onConnectionError: (error) => log.warn({ err: error }, "idle database connection lost"),
    });
  const database = connect("hr_worker", "headroom worker", variables.DATABASE_POOL_SIZE);
  const jobs = connect("hr_jobs", "headroom worker jobs", concurrency + connectionsBesideJobs);
  const context = await createContext(variables, database, log);
  await assertUnprivileged(database);
  await assertRealClock(database, variables.HEADROOM_ENV);
  await ensurePartitions(context);
  await followBillingMode(context);
  if (context.stripe !== null) {
    await requestBackfill(context);
  }
  await startWorker({
    database,
    stripe: context.stripe,
    jobs,
    tasks: taskList(context),
    crontab,
    startLoops: (observe) => startPromptLoops(context, observe),
    concurrency,
    drainMs: 15_000,
    host: variables.HOST,
    port: variables.PORT,
    metricsPort: variables.METRICS_PORT,
    shutdownDelayMs: variables.SHUTDOWN_DELAY_MS,
    log,
    lifecycle: superviseProcess(log),
  });
}

try {
  await main();
} catch (error) {
  // The log is not there before the environment is read; what hinders a start is for whoever started it.
  process.stderr.write(
    `headroom worker cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
}
