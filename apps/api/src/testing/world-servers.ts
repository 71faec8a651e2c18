import { createMetrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "@headroom/service/context";
import { createUsageLane } from "@headroom/service/usage-lane";
import { authenticate } from "../auth/credentials.ts";
import { appRouter } from "../router.ts";
import { startApiServer } from "../server.ts";

export const testIssuer = "https://issuer.example.com";

/**
 * The whole api over a context, on a free port. A token is the subject of the test issuer, and the local part of the
 * user's verified address.
 */
export async function serveWorld(service: ServiceContext, operators: readonly string[] = []) {
  const listed = new Set(operators.map((subject) => `${testIssuer}|${subject}`));
  const verifyToken = async (token: string) => ({
    issuer: testIssuer,
    subject: token,
    email: `${token}@example.com`,
    emailVerified: true,
    name: token,
  });
  const server = await startApiServer({
    host: "127.0.0.1",
    port: 0,
    service,
    usageLane: createUsageLane(service.db),
    router: appRouter,
    authenticate: (headers) => authenticate(service, verifyToken, headers, listed),
    checks: {},
    origins: [],
    metrics: createMetrics("api"),
  });
  /** `as` is a subject of the test issuer, or an API key; null: without a credential. */
  const call = async (
    as: string | null,
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(`${server.url}/v1${path}`, {
      method,
      headers: {
        ...(as === null ? {} : { authorization: `Bearer ${as}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  return { url: server.url, call, close: () => server.close() };
}

export type WorldServer = Awaited<ReturnType<typeof serveWorld>>;
