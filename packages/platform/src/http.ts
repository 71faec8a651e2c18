import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Health } from "./health.ts";
import type { Logger } from "./log.ts";
import { requestIdFrom, withRequestId } from "./request-ids.ts";

export type Exchange = { request: IncomingMessage; response: ServerResponse; requestId: string };

export type HttpServerOptions = {
  host: string;
  /** 0 takes a free one. */
  port: number;
  health: Health;
  log: Logger;
  /** Answers everything but `/livez` and `/readyz`. When it throws before it answered, the caller gets a bare 500. */
  handle(exchange: Exchange): Promise<void> | void;
  /** How long `/readyz` says 503 before connections are refused: time for load balancers to notice. */
  shutdownDelayMs?: number;
  /** Called once new connections are refused: ends the answers that have no end of their own. */
  onDrain?(): Promise<void>;
  /** How long running requests may take to end after that. */
  drainMs?: number;
};

export type HttpServer = {
  url: string;
  port: number;
  server: Server;
  /** Readiness off, wait, refuse new connections, let running requests end, then cut what is left. */
  close(): Promise<void>;
};

/**
 * A node:http server that slow or silent clients cannot hold: 10 s for headers, 30 s for a request, checked each 5 s.
 * Every request gets an id (`X-Request-Id`, the caller's own when well formed), sent back in the answer.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { health, log } = options;
  let closing = false;
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: 65_000,
      keepAlive: true,
      noDelay: true,
    },
    (request, response) => {
      const requestId = requestIdFrom(request.headers["x-request-id"]);
      response.setHeader("x-request-id", requestId);
      if (closing) response.setHeader("connection", "close");
      if (health.answer(request, response)) return;
      withRequestId(requestId, () => {
        void handleSafely(options.handle, { request, response, requestId }, log);
      });
    },
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code !== "ECONNRESET" && socket.writable)
      socket.end(`HTTP/1.1 ${clientFault(error)}\r\nConnection: close\r\n\r\n`);
    else socket.destroy();
  });
  const port = await listen(server, options.port, options.host);
  return {
    url: urlOf(options.host, port),
    port,
    server,
    async close() {
      if (closing) return;
      closing = true;
      health.drain();
      await new Promise((resolve) => setTimeout(resolve, options.shutdownDelayMs ?? 0));
      await drain(server, options.drainMs ?? 15_000, () => options.onDrain?.());
    },
  };
}

async function handleSafely(
  handle: HttpServerOptions["handle"],
  exchange: Exchange,
  log: Logger,
): Promise<void> {
  try {
    await handle(exchange);
  } catch (error) {
    const { response, requestId } = exchange;
    log.error({ err: error, requestId }, "request handler failed");
    if (response.headersSent) response.destroy();
    else
      response
        .writeHead(500, { "content-type": "text/plain", connection: "close" })
        .end("Internal Server Error\n");
  }
}

function clientFault(error: NodeJS.ErrnoException): string {
  if (error.code === "HPE_HEADER_OVERFLOW") return "431 Request Header Fields Too Large";
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") return "408 Request Timeout";
  return "400 Bad Request";
}

/** A wildcard address is reachable as the loopback one. */
function urlOf(host: string, port: number): string {
  if (host === "0.0.0.0" || host === "::") return `http://127.0.0.1:${port}`;
  return host.includes(":") ? `http://[${host}]:${port}` : `http://${host}:${port}`;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function drain(
  server: Server,
  drainMs: number,
  onDrain: () => Promise<void> | undefined,
): Promise<void> {
  // Connections that were busy at the first sweep turn idle later, and would hold the server for their keep-alive.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const cut = setTimeout(() => server.closeAllConnections(), drainMs);
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  try {
    await onDrain();
  } finally {
    await closed;
  }
  clearInterval(sweep);
  clearTimeout(cut);
}
