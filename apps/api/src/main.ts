import { assertUnprivileged, createDatabase } from "@headroom/db/client";
import { assertRealClock } from "@headroom/db/clock";
import { databaseChecks, partitionChecks } from "@headroom/db/readiness";
import { superviseProcess } from "@headroom/platform/lifecycle";
import { createLogger } from "@headroom/platform/log";
import { createMetrics, startMetricsServer } from "@headroom/platform/metrics";
import { loadConfiguration } from "@headroom/service/configuration";
import type { ServiceContext } from "@headroom/service/context";
import { readInviteLinkKey } from "@headroom/service/invite-links";
import { ensurePartitions } from "@headroom/service/metering";
import { createRateLimiter } from "@headroom/service/rate-limits";
import { openStripe } from "@headroom/service/stripe/variables";
import { createUsageLane } from "@headroom/service/usage-lane";
import { openWebhooks } from "@headroom/service/webhook-settings";
import { authenticate } from "./auth/credentials.ts";
import { createTokenVerifier } from "./auth/tokens.ts";
import {
  allowedOrigins,
  configurationFile,
  consoleOf,
  inviteAddress,
  operatorsOf,
  readVariables,
  referenceKey,
  withIssuers,
} from "./config.ts";
import { createConsole } from "./console.ts";
import { appRouter } from "./router.ts";
import { startApiServer } from "./server.ts";

async function main(): Promise<void> {
  const variables = readVariables(process.env);
  const { HEADROOM_ENV: environment, HOST: host, PORT: port, METRICS_PORT: metricsPort } = variables;
  const log = createLogger({ service: "api", level: variables.LOG_LEVEL });
  const configuration = withIssuers(await loadConfiguration(configurationFile(variables)), variables);
  const stripe = openStripe(variables, configuration.billing);
  const inviteLinkKey = readInviteLinkKey(configuration.policies, variables);
  const webhooks = openWebhooks(variables);
  const key = referenceKey(variables);
  const lifecycle = superviseProcess(log);

  const db = createDatabase({
    connectionString: variables.DATABASE_URL,
    role: "hr_api",
    applicationName: "headroom api",
    max: variables.DATABASE_POOL_SIZE,
    onConnectionError: (error) => log.warn({ err: error }, "idle database connection lost"),
  });
  lifecycle.onStop("database", () => db.close());
  await assertUnprivileged(db);
  await assertRealClock(db, environment);
  await ensurePartitions({ db });

  const service: ServiceContext = {
    db,
    configuration,
    stripe,
    // Mail is sent by the worker; here it is only written down.
    mail: null,
    log,
    addresses: {
      inviteAccept: inviteAddress(variables),
      console: variables.CONSOLE_URL,
      returnOrigins: variables.RETURN_ORIGINS,
    },
    inviteLinkKey,
    environment,
    webhooks,
  };
  const metrics = createMetrics("api");
  if (metricsPort !== undefined) {
    const server = await startMetricsServer(metrics, { host, port: metricsPort });
    lifecycle.onStop("metrics", () => server.close());
  }
  const console = consoleOf(variables, configuration);
  const verifyToken = createTokenVerifier(configuration.issuers, environment);
  const operators = operatorsOf(variables);
  const server = await startApiServer({
    host,
    port,
    service,
    usageLane: createUsageLane(db),
    rateLimiter: createRateLimiter(db, configuration.rateLimits),
    trustedProxyHops: variables.TRUSTED_PROXY_HOPS,
    router: appRouter,
    ...(console === null ? {} : { console: createConsole(console) }),
    authenticate: (headers, isUsageWanted) =>
      authenticate(service, verifyToken, headers, { operators, isUsageWanted }),
    operators,
    checks: { ...databaseChecks(db), ...partitionChecks(db) },
    origins: allowedOrigins(variables),
    metrics,
    ...(key === undefined ? {} : { referenceKey: key }),
    shutdownDelayMs: variables.SHUTDOWN_DELAY_MS,
  });
  lifecycle.onStop("http", () => server.close());
  log.info({ url: server.url, environment }, "api started");
}

try {
  await main();
} catch (error) {
  // The log's level and shape are not known before the environment is; what hinders a start is for whoever started it.
  process.stderr.write(
    `headroom api cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exit(1);
}
