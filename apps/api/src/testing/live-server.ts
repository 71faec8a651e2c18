import type { HttpServer } from "@headroom/platform/http";
import { createMetrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "@headroom/service/context";
import { createUsageLane } from "@headroom/service/usage-lane";
import { authenticate } from "../auth/credentials.ts";
import { appRouter } from "../router.ts";
import { startApiServer } from "../server.ts";

/** The issuer of every token that a live server takes. */
export const testIssuer = "https://issuer.example.com";

/** Listed among the operators of every live server. */
export const operatorSubject = "operator";

/**
 * The whole api on a free port over a real database. A bearer token is a word: the subject, and the local part of its
 * verified address at example.com. API keys are real ones.
 */
export function startLiveServer(service: ServiceContext): Promise<HttpServer> {
  return startApiServer({
    host: "127.0.0.1",
    port: 0,
    service,
    usageLane: createUsageLane(service.db),
    router: appRouter,
    authenticate: (headers) =>
      authenticate(
        service,
        async (token) => ({
          issuer: testIssuer,
          subject: token,
          email: `${token}@example.com`,
          emailVerified: true,
          name: token,
        }),
        headers,
        new Set([`${testIssuer}|${operatorSubject}`]),
      ),
    checks: {},
    origins: [],
    metrics: createMetrics("api"),
  });
}
