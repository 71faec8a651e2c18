import type { IncomingMessage, ServerResponse } from "node:http";

/** True for an origin of this machine alone: `http://127.0.0.1:4400`, `http://localhost:5173`. */
export const isLoopbackOrigin = (origin: string | undefined): origin is string =>
  origin !== undefined && /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(origin);

/**
 * Lets pages of this machine read the answer (CORS), and no others. True when the request was their browser's
 * question before the real one, which is answered then.
 */
export const allowLoopback = (request: IncomingMessage, response: ServerResponse): boolean => {
  const { origin } = request.headers;
  response.setHeader("vary", "origin");
  if (!isLoopbackOrigin(origin)) return false;
  response.setHeader("access-control-allow-origin", origin);
  if (request.method !== "OPTIONS") return false;
  response.writeHead(204, {
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "600",
  });
  response.end();
  return true;
};

/**
 * True for a name that no page of the internet can have: this machine's, an address, or one without a dot. Elsewhere a
 * name of the internet that was made to lead here (DNS rebinding) would let its pages read what asks for no secret.
 */
const isPrivateHost = (host: string | undefined): boolean =>
  /^(\[[0-9a-f:.]+\]|\d{1,3}(\.\d{1,3}){3}|[\w-]+|[\w.-]+\.(localhost|internal|local))(:\d+)?$/i.test(
    host ?? "",
  );

/** Refuses a request that came by a public name. True when it did. */
export const refusePublicName = (request: IncomingMessage, response: ServerResponse): boolean => {
  if (isPrivateHost(request.headers.host)) return false;
  response.writeHead(403, { "content-type": "text/plain" }).end("Refused: asked for by a public name.\n");
  return true;
};
