import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import type { Check } from "@headroom/platform/health";
import { createHealth } from "@headroom/platform/health";
import { type Exchange, type HttpServer, startHttpServer } from "@headroom/platform/http";
import type { Metrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "@headroom/service/context";
import type { RateLimiter } from "@headroom/service/rate-limits";
import type { UsageLane } from "@headroom/service/usage-lane";
import type { Operators } from "@headroom/service/users";
import type { AnyTRPCRouter } from "@trpc/server";
import { createAliasHandler } from "./aliases/handler.ts";
import { createAliasTable } from "./aliases/table.ts";
import { actsAsAnother, credentialEnd, presentedKey } from "./auth/credentials.ts";
import type { AnswerConsole } from "./console.ts";
import { answerPreflight, setCorsHeaders, setSecurityHeaders } from "./headers.ts";
import { createRequestLimits } from "./limits.ts";
import { attachSockets } from "./realtime/sockets.ts";
import { createLiveEvents } from "./realtime/subscriptions.ts";
import { createReferenceDocument } from "./reference/document.ts";
import { createReference } from "./reference/reference.ts";
import { sendProblem } from "./rest/problems.ts";
import { createRestHandler } from "./rest/rest.ts";
import { createRouteTable } from "./rest/table.ts";
import { createRoleAliases } from "./role-aliases.ts";
import type { Context } from "./trpc.ts";
import { answerTrpc, answerTrpcDirectly } from "./trpc-answers.ts";

export type ApiServerOptions = {
  host: string;
  port: number;
  service: ServiceContext;
  usageLane: UsageLane;
  /** Absent: nothing is limited. */
  rateLimiter?: RateLimiter;
  /** Proxies in front of us that append to `X-Forwarded-For`; default 0. */
  trustedProxyHops?: number;
  router: AnyTRPCRouter;
  /** Absent: there are no pages for people. */
  console?: AnswerConsole;
  /** The actor behind a request's headers; throws when there is none. The call may want the usage of a key's organization. */
  authenticate(headers: IncomingHttpHeaders, isUsageWanted?: boolean): Promise<Actor>;
  /** Who may act as operators; default nobody. What they are told of themselves: `authenticate` is what decides. */
  operators?: Operators;
  /** What `/readyz` asks. */
  checks: Readonly<Record<string, Check>>;
  /** Exact origins whose pages may call. */
  origins: readonly string[];
  metrics: Metrics;
  /** The API key that calls from `/docs` are made with. */
  referenceKey?: string;
  shutdownDelayMs?: number;
};

/**
 * The api on one node:http server: `/trpc`, `/v1`, the paths of the configuration's preset, `/socket.io`,
 * `/openapi.json`, `/docs`, `/livez`, `/readyz`, and the console for browsers.
 * @throws Error when a procedure is not fully declared (`createRouteTable`, `createAliasTable`)
 */
export async function startApiServer(options: ApiServerOptions): Promise<HttpServer> {
  const { service, router } = options;
  const { preset, policies } = service.configuration;
  const roleAliases = createRoleAliases(router, policies.roles.aliases);
  const table = createRouteTable(router, policies.roles.aliases);
  const answerRest = createRestHandler(router, table);
  const aliases = preset === null ? null : createAliasTable(preset, table);
  const answerAlias = aliases && createAliasHandler(router, aliases);
  const reference = createReference({
    document: () => createReferenceDocument(table, aliases, roleAliases, policies.roles.aliases),
    key: options.referenceKey ?? null,
  });
  const live = createLiveEvents(service, options.metrics);
  const shared = { live, roleAliases };

  /** Answers, and names the route for the metrics. */
  async function answer(exchange: Exchange): Promise<string> {
    const createContext = () => createContextOf(options, shared, exchange);
    const directly = answerTrpcDirectly({ router, ...exchange, createContext });
    if (directly !== null) {
      await directly;
      return "/trpc";
    }
    const url = parseUrl(exchange.request.url);
    return url === null ? refuseAddress(exchange) : answerAt(exchange, url, createContext);
  }

  async function answerAt(
    { request, response, requestId }: Exchange,
    url: URL,
    createContext: () => Context,
  ): Promise<string> {
    if (url.pathname.startsWith("/trpc/")) {
      const path = url.pathname.slice("/trpc/".length);
      await answerTrpc({ router, request, response, createContext }, path);
      return "/trpc";
    }
    const page = options.console?.(request, response, url) ?? null;
    if (page !== null) return page;
    const alias = (await answerAlias?.({ request, response, url, context: createContext })) ?? null;
    if (alias !== null) return alias;
    if (url.pathname.startsWith("/v1/")) {
      const path = url.pathname.slice("/v1".length);
      const query = url.searchParams;
      const route = await answerRest({ request, response, path, query, context: createContext() });
      return route === null ? "unknown" : `/v1${route}`;
    }
    const read = await reference.answer(request, response, url, requestId);
    if (read !== null) return read;
    sendProblem(response, new DomainError("route_not_found", "There is nothing at this address."), requestId);
    return "unknown";
  }

  const server = await startHttpServer({
    host: options.host,
    port: options.port,
    log: service.log,
    health: createHealth(options.checks),
    ...(options.shutdownDelayMs === undefined ? {} : { shutdownDelayMs: options.shutdownDelayMs }),
    async onDrain() {
      await live.close();
      sockets.close();
    },
    async handle(exchange) {
      const { request, response } = exchange;
      const started = performance.now();
      setSecurityHeaders(response, service.environment);
      setCorsHeaders(request, response, options.origins);
      if (answerPreflight(request, response)) return;
      const route = await answer(exchange);
      // How long a stream was open is not how long an answer took.
      if (isStream(response)) return;
      const seconds = (performance.now() - started) / 1000;
      options.metrics.observeRequest({
        method: methodLabel(request),
        route,
        status: response.statusCode,
        seconds,
      });
    },
  });
  const sockets = attachSockets(server.server, { ...options, live });
  return server;
}

function isStream(response: ServerResponse): boolean {
  return String(response.getHeader("content-type")).startsWith("text/event-stream");
}

/** The credential is verified when a procedure first asks, once per request. */
function createContextOf(
  options: ApiServerOptions,
  shared: Pick<Context, "live" | "roleAliases">,
  { request, response, requestId }: Exchange,
): Context {
  let actor: Promise<Actor> | undefined;
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableEnded) gone.abort();
  });
  return {
    service: options.service,
    usageLane: options.usageLane,
    limits: createRequestLimits({
      limiter: options.rateLimiter ?? null,
      request,
      response,
      trustedHops: options.trustedProxyHops ?? 0,
    }),
    ...shared,
    operators: options.operators ?? new Set(),
    credentialEnd: () => credentialEnd(request.headers),
    apiKey: presentedKey(request.headers, options.service.environment),
    actsAsAnother: actsAsAnother(request.headers),
    requestId,
    hasBody: request.method !== "GET",
    idempotencyKey: idempotencyKeyIn(request.headers),
    signal: gone.signal,
    authenticate: (isUsageWanted) => {
      actor ??= options.authenticate(request.headers, isUsageWanted);
      return actor;
    },
  };
}

function idempotencyKeyIn(headers: IncomingHttpHeaders): string | null {
  const key = headers["idempotency-key"];
  return key === undefined ? null : String(key);
}

function parseUrl(target: string | undefined): URL | null {
  // An absolute or `//host` target would otherwise choose its own host.
  return target?.startsWith("/") ? URL.parse(`http://api${target}`) : null;
}

function refuseAddress({ response, requestId }: Exchange): string {
  sendProblem(response, new DomainError("route_not_found", "There is nothing at this address."), requestId);
  return "unknown";
}

function methodLabel(request: IncomingMessage): string {
  const known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
  return known.includes(request.method ?? "") ? (request.method ?? "") : "other";
}
