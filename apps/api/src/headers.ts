import type { IncomingMessage, ServerResponse } from "node:http";

/** What every answer carries: it is data, never a page, and nobody keeps or frames it. */
export function setSecurityHeaders(response: ServerResponse, environment: string): void {
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  response.setHeader("cross-origin-resource-policy", "same-site");
  if (environment === "production") response.setHeader("strict-transport-security", "max-age=31536000");
}

/** Lets pages of exactly these origins call and read. Credentials are bearer tokens, so cookies are never allowed. */
export function setCorsHeaders(
  request: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
): void {
  response.setHeader("vary", "origin");
  const { origin } = request.headers;
  if (origin === undefined || !origins.includes(origin)) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("cross-origin-resource-policy", "cross-origin");
  response.setHeader(
    "access-control-expose-headers",
    "x-request-id, retry-after, ratelimit, ratelimit-policy, www-authenticate, content-disposition, etag, headroom-next-cursor",
  );
}

/** Answers a browser's preflight; the headers above decide whether it may go on. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method !== "OPTIONS") return false;
  response.writeHead(204, {
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers":
      "authorization, content-type, headroom-on-behalf-of, headroom-operator, idempotency-key, if-none-match, last-event-id, trpc-accept, x-request-id",
    "access-control-max-age": "600",
  });
  response.end();
  return true;
}
