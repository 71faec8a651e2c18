import { assertUnprivileged, createDatabase } from "@headroom/db/client";
import { readDevClockOffset } from "@headroom/db/clock";
import { superviseProcess } from "@headroom/platform/lifecycle";
import { createLogger } from "@headroom/platform/log";
import { readVariables } from "./config.ts";
import { createContext } from "./context.ts";
import { crontab } from "./crontab.ts";
import { startPromptLoops } from "./prompt.ts";
import { taskList } from "./tasks.ts";
import { startWorker } from "./worker.ts";

const variables = readVariables(process.env);
const { DATABASE_URL: connectionString, WORKER_CONCURRENCY: concurrency } = variables;
const log = createLogger({ service: "worker", level: variables.LOG_LEVEL });
const lifecycle = superviseProcess(log);
const onConnectionError = (error: Error) => log.warn({ err: error }, "idle database connection lost");

const database = createDatabase({
  connectionString,
  role: "hr_worker",
  applicationName: "headroom worker",
  max: variables.DATABASE_POOL_SIZE,
  onConnectionError,
});
// Beside the running jobs: who listens, the heartbeat, the probe, and one to spare.
const jobs = createDatabase({
  connectionString,
  role: "hr_jobs",
  applicationName: "headroom worker jobs",
  max: concurrency + 4,
  onConnectionError,
});

const context = await createContext(variables, database, log);
await assertUnprivileged(database);
if (variables.HEADROOM_ENV === "production" && (await readDevClockOffset(database)) !== 0) {
  throw new Error("the clock of this database was moved for development: production needs it at zero");
}

await startWorker({
  database,
  jobs,
  tasks: taskList(context),
  crontab,
  startLoops: () => startPromptLoops(context),
  concurrency,
  drainMs: 15_000,
  host: variables.HOST,
  port: variables.PORT,
  metricsPort: variables.METRICS_PORT,
  log,
  lifecycle,
});
