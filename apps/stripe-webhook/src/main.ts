import path from "node:path";
import { assertUnprivileged, createDatabase } from "@headroom/db/client";
import { assertRealClock } from "@headroom/db/clock";
import { armFailpoint } from "@headroom/platform/failpoints";
import { superviseProcess } from "@headroom/platform/lifecycle";
import { createLogger } from "@headroom/platform/log";
import { createMetrics, startMetricsServer } from "@headroom/platform/metrics";
import { requestBackfill } from "@headroom/service/backfill";
import { loadConfiguration } from "@headroom/service/configuration";
import { heldInvoices, heldInvoicesGauge } from "@headroom/service/invoice-holds";
import { exposeStripe } from "@headroom/service/stripe/metrics";
import { openStripe } from "@headroom/service/stripe/variables";
import { readVariables } from "./config.ts";
import { startWebhookServer } from "./server.ts";

async function main(): Promise<void> {
  const variables = readVariables(process.env);
  armFailpoint(variables.HEADROOM_FAILPOINT, variables.HEADROOM_ENV);
  const { HOST: host, PORT: port, METRICS_PORT: metricsPort } = variables;
  const log = createLogger({ service: "stripe-webhook", level: variables.LOG_LEVEL });
  const configuration = await loadConfiguration(path.resolve(variables.HEADROOM_CONFIG));
  const stripe = openStripe(variables, configuration.billing);
  const lifecycle = superviseProcess(log);
  const db = createDatabase({
    connectionString: variables.DATABASE_URL,
    role: "hr_webhook",
    applicationName: "headroom stripe-webhook",
    max: variables.DATABASE_POOL_SIZE,
    onConnectionError: (error) => log.warn({ err: error }, "idle database connection lost"),
  });
  lifecycle.onStop("database", () => db.close());
  await assertUnprivileged(db);
  await assertRealClock(db, variables.HEADROOM_ENV);
  if (metricsPort !== undefined) {
    const metrics = createMetrics("stripe-webhook");
    metrics.exposeReadings(() => heldInvoices({ db }), heldInvoicesGauge);
    exposeStripe({ db, stripe }, metrics);
    const metricsServer = await startMetricsServer(metrics, { host, port: metricsPort });
    lifecycle.onStop("metrics", () => metricsServer.close());
  }
  const server = await startWebhookServer({
    host,
    port,
    service: { db, stripe, log },
    livemode: stripe?.livemode ?? false,
    secrets: variables.STRIPE_WEBHOOK_SECRETS,
    maxBody: variables.STRIPE_WEBHOOK_MAX_BYTES,
    shutdownDelayMs: variables.SHUTDOWN_DELAY_MS,
  });
  lifecycle.onStop("http", () => server.close());
  await requestBackfill({ db });
  log.info({ url: server.url }, "stripe-webhook started");
}

try {
  await main();
} catch (error) {
  // The log is not there before the environment is read; what hinders a start is for whoever started it.
  process.stderr.write(
    `headroom stripe-webhook cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
}
