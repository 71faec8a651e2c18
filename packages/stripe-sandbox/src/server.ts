import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Outcome, serveApi } from "./api-server.ts";
import type { Clock } from "./clock.ts";
import { answerControl } from "./control.ts";
import type { Answer, Incoming, Serving } from "./http.ts";
import { answerPage } from "./pages.ts";
import type { Sandbox } from "./parts.ts";

export interface Listening {
  url: string;
  port: number;
  close(): Promise<void>;
}

const maxBody = 1_048_576;

/** Serves the API under `/v1`, the controls under `/_sandbox`, the pages, `/livez` and `/readyz`. */
export async function listen(sandbox: Sandbox, clock: Clock, host: string, port: number): Promise<Listening> {
  const closing = new AbortController();
  const serving = { sandbox, clock, closing: closing.signal };
  const server = createServer((request, response) => void respond(serving, request, response));
  // A long walk of the clock is answered at its end.
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 2000).unref();
      }),
  };
}

async function respond(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = await readBody(request);
    const outcome = body === null ? tooLarge : await dispatch(serving, incoming(request, body));
    if (outcome === "hang") return;
    if (outcome === "reset") request.socket.resetAndDestroy();
    else response.writeHead(outcome.status, outcome.headers).end(outcome.body);
  } catch (error) {
    serving.sandbox.log.error(
      { error: error instanceof Error ? error.stack : String(error) },
      "request failed",
    );
    if (!response.headersSent) response.writeHead(500, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ error: { type: "api_error", message: "The Stripe sandbox failed; see its log." } }),
    );
  }
}

function dispatch(serving: Serving, request: Incoming): Outcome | Promise<Outcome> {
  const { sandbox, closing } = serving;
  if (request.path === "/livez" || request.path === "/readyz") {
    sandbox.database.one("select 1");
    return { status: 200, headers: { "content-type": "application/json" }, body: '{"status":"ok"}' };
  }
  if (request.path.startsWith("/v1/") || request.path.startsWith("/v2/")) {
    return serveApi(sandbox, request, closing);
  }
  if (!isPrivateHost(request.headers.host)) {
    return refused("asked for by a public name");
  }
  if (request.path.startsWith("/_sandbox/") && isLoopback(request.headers.origin)) {
    return answerLoopback(serving, request, request.headers.origin);
  }
  if (crossSite(request)) {
    return refused("sent by another site");
  }
  return request.path.startsWith("/_sandbox/")
    ? answerControl(serving, request)
    : answerPage(sandbox, request);
}

function refused(why: string): Answer {
  return { status: 403, headers: { "content-type": "text/plain" }, body: `Refused: ${why}.\n` };
}

/**
 * True for a name that no page of the internet can have: this machine's, an address, or one without a dot. A public name
 * that was made to lead here (DNS rebinding) would let its pages use the controls, which ask for no secret.
 */
function isPrivateHost(host: string | undefined): boolean {
  const names =
    /^(\[[0-9a-f:.]+\]|\d{1,3}(\.\d{1,3}){3}|[\w-]+|[\w.-]+\.(localhost|internal|local))(:\d+)?$/i;
  return names.test(host ?? "");
}

/** An origin of this machine: the console is one, on a port of its own. */
function isLoopback(origin: string | undefined): origin is string {
  return origin !== undefined && /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(origin);
}

/** A control for a page of this machine, which may read the answer (CORS). */
async function answerLoopback(serving: Serving, request: Incoming, origin: string): Promise<Answer> {
  const shared = { "access-control-allow-origin": origin, vary: "origin" };
  if (request.method !== "OPTIONS") {
    const answer = await answerControl(serving, request);
    return { ...answer, headers: { ...answer.headers, ...shared } };
  }
  const allowed = {
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "600",
  };
  return { status: 204, headers: { ...shared, ...allowed }, body: "" };
}

/** A page of another origin may not press the buttons of a server that asks for no secret. */
function crossSite(request: Incoming): boolean {
  const origin = request.headers.origin;
  if (request.method === "GET" || origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== request.headers.host;
}

function incoming(request: IncomingMessage, body: string): Incoming {
  const [path = "/", query = ""] = (request.url ?? "/").split("?");
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
  return { method: request.method ?? "GET", path, query, body, headers };
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > maxBody) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const tooLarge: Answer = {
  status: 413,
  headers: { "content-type": "application/json", connection: "close" },
  body: JSON.stringify({
    error: { type: "invalid_request_error", message: "The request is larger than 1 MiB." },
  }),
};
