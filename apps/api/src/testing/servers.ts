import { createDatabase } from "@headroom/db/client";
import type { Actor } from "@headroom/domain/actors";
import {
  type Configuration,
  defaultBilling,
  defaultCheckout,
  defaultPolicies,
} from "@headroom/domain/configuration";
import { defaultRateLimits } from "@headroom/domain/rate-limits";
import { createLogger } from "@headroom/platform/log";
import { createMetrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "@headroom/service/context";
import { createUsageLane } from "@headroom/service/usage-lane";
import type { AnyTRPCRouter } from "@trpc/server";
import { unauthenticated } from "../auth/tokens.ts";
import { type ApiServerOptions, startApiServer } from "../server.ts";

/** A context for procedures that never ask the database: its pool connects at the first query only. */
export function contextWithoutDatabase(write: (line: string) => void): ServiceContext {
  return {
    db: createDatabase({
      connectionString: "postgres://nobody@127.0.0.1:1/none",
      role: "hr_api",
      applicationName: "headroom-test",
    }),
    configuration: {
      preset: null,
      modules: { profiles: true, conversations: true },
      meters: { pages: { displayName: "Pages" } },
      defaultMeter: "pages",
      plans: {},
      policies: defaultPolicies,
      billing: defaultBilling,
      checkout: defaultCheckout,
      rateLimits: defaultRateLimits,
      support: null,
      issuers: [],
    },
    stripe: null,
    mail: null,
    log: createLogger({ service: "api", level: "info" }, { write }),
    addresses: { inviteAccept: "http://console.test/invites", console: "http://console.test" },
    environment: "test",
  };
}

/** The api on a free port, over `router`. Credentials are the given words; the log is kept, one object a line. */
export async function startTestServer(
  router: AnyTRPCRouter,
  actors: Readonly<Record<string, Actor>> = {},
  configuration: Partial<Configuration> = {},
  more: Partial<Pick<ApiServerOptions, "referenceKey" | "console">> = {},
) {
  const lines: Record<string, unknown>[] = [];
  const context = contextWithoutDatabase((line) => lines.push(JSON.parse(line)));
  const service = { ...context, configuration: { ...context.configuration, ...configuration } };
  const server = await startApiServer({
    ...more,
    host: "127.0.0.1",
    port: 0,
    service,
    usageLane: createUsageLane(service.db),
    router,
    checks: { always: async () => "ok" },
    origins: ["https://app.example.com"],
    metrics: createMetrics("api"),
    async authenticate({ authorization = "" }) {
      const actor = actors[authorization.replace("Bearer ", "")];
      if (actor === undefined) throw unauthenticated();
      return actor;
    },
  });
  return { url: server.url, lines, close: server.close };
}
