/**
 * The api's own server with the product's router, limits, log and metrics, where the credential is believed instead of
 * looked up in the database: what is left is what the look-up does not cost.
 */
import path from "node:path";
import process from "node:process";
import { appRouter } from "@headroom/api/router";
import { startApiServer } from "@headroom/api/server";
import { createDatabase } from "@headroom/db/client";
import { createLogger } from "@headroom/platform/log";
import { createMetrics } from "@headroom/platform/metrics";
import { loadConfiguration } from "@headroom/service/configuration";
import { createRateLimiter } from "@headroom/service/rate-limits";
import { createUsageLane } from "@headroom/service/usage-lane";

const { HOST = "", PORT = "", DATABASE_URL = "", ORGANIZATION_ID = "" } = process.env;
const root = path.resolve(import.meta.dirname, "../../../..");
const configuration = await loadConfiguration(path.join(root, "headroom.config.ts"));
const db = createDatabase({ connectionString: DATABASE_URL, role: "hr_api", applicationName: "bench" });
const actor = {
  kind: "organization_key",
  keyId: ORGANIZATION_ID,
  organizationId: ORGANIZATION_ID,
  scopes: ["usage:write", "usage:read"],
  memberUserId: null,
} as const;
await startApiServer({
  host: HOST,
  port: Number(PORT),
  service: {
    db,
    configuration,
    stripe: null,
    mail: null,
    log: createLogger({ service: "api", level: "info" }),
    addresses: { inviteAccept: "http://localhost/invites", console: "http://localhost" },
    environment: "test",
  },
  usageLane: createUsageLane(db),
  rateLimiter: createRateLimiter(db, configuration.rateLimits),
  router: appRouter,
  authenticate: async () => actor,
  checks: {},
  origins: [],
  metrics: createMetrics("api"),
});
