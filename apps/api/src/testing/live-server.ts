import type { HttpServer } from "@headroom/platform/http";
import { createMetrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "@headroom/service/context";
import { createUsageLane } from "@headroom/service/usage-lane";
import { authenticate } from "../auth/credentials.ts";
import { appRouter } from "../router.ts";
import { type ApiServerOptions, startApiServer } from "../server.ts";

/** The issuer of every token that a live server takes. */
export const testIssuer = "https://issuer.example.com";

type VerifyToken = Parameters<typeof authenticate>[1];

/** A bearer token is a word: the subject, and the local part of its verified address at example.com. */
export async function identityOf(token: string) {
  const email = `${token}@example.com`;
  return { issuer: testIssuer, subject: token, email, emailVerified: true, name: token };
}

type LiveOptions = Partial<Omit<ApiServerOptions, "service" | "operators">> & {
  verifyToken?: VerifyToken;
  /** Subjects of the test issuer who may act as operators. */
  operators?: readonly string[];
};

/** The whole api on a free port over a real database. Tokens are words (`identityOf`), API keys are real ones. */
export function startLiveServer(service: ServiceContext, options: LiveOptions = {}): Promise<HttpServer> {
  const { verifyToken = identityOf, operators = [], ...others } = options;
  const listed = new Set(operators.map((subject) => `${testIssuer}|${subject}`));
  return startApiServer({
    host: "127.0.0.1",
    port: 0,
    service,
    usageLane: createUsageLane(service.db),
    router: appRouter,
    authenticate: (headers, isUsageWanted) =>
      authenticate(service, verifyToken, headers, { operators: listed, isUsageWanted }),
    operators: listed,
    checks: {},
    origins: [],
    metrics: createMetrics("api"),
    ...others,
  });
}

/** One REST call below `/v1`; `as` is a token or an API key, null for none. */
export async function callRest(
  server: Pick<HttpServer, "url">,
  as: string | null,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
) {
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
}

type CallParameters = Parameters<typeof callRest> extends [unknown, ...infer Rest] ? Rest : never;

/** A live server with the calls to it. */
export async function serveWorld(service: ServiceContext, options: LiveOptions = {}) {
  const server = await startLiveServer(service, options);
  return {
    url: server.url,
    call: (...call: CallParameters) => callRest(server, ...call),
    close: () => server.close(),
  };
}

export type WorldServer = Awaited<ReturnType<typeof serveWorld>>;
