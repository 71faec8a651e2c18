import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { BodyTooLargeError, readBody } from "./bodies.ts";
import { createHealth } from "./health.ts";
import { type HttpServerOptions, startHttpServer } from "./http.ts";
import { createLogger } from "./log.ts";
import { createMetrics, startMetricsServer } from "./metrics.ts";
import { currentRequestId } from "./request-ids.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const lines: string[] = [];
const log = createLogger({ service: "test", level: "info" }, { write: (line) => lines.push(line) });

async function start(options: Partial<HttpServerOptions> = {}) {
  const health = createHealth({});
  const handle: HttpServerOptions["handle"] = ({ response }) => void response.end("answer");
  const server = await startHttpServer({ host: "127.0.0.1", port: 0, log, health, handle, ...options });
  closers.push(server.close);
  return server;
}

/** Sends bytes, and answers what came back until the server hung up. */
function exchange(port: number, sent: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(sent));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}

describe("readiness", () => {
  test("runs every check side by side, bounds each, and tells no reasons", async () => {
    const health = createHealth({
      fine: async () => "yes",
      broken: () => Promise.reject(new Error("password wrong")),
      throwing: () => {
        throw new Error("at once");
      },
      silent: () => new Promise(() => undefined),
    });
    const { url } = await start({ health });
    const started = performance.now();
    const response = await fetch(`${url}/readyz`);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: "unavailable",
      checks: { fine: "ok", broken: "failed", throwing: "failed", silent: "timeout" },
    });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });
});

test("a check that warns is told, and keeps the traffic", async () => {
  const { url } = await start({
    health: createHealth({ fine: async () => "ok", late: async () => "warning" }),
  });
  const response = await fetch(`${url}/readyz`);
  expect([response.status, await response.json()]).toEqual([
    200,
    { status: "ok", checks: { fine: "ok", late: "warning" } },
  ]);
});

describe("closing", () => {
  test("says not ready first, lets a running request end, and drops idle connections", async () => {
    const gate = Promise.withResolvers<void>();
    const { url, close } = await start({
      shutdownDelayMs: 200,
      handle: async ({ request, response }) => {
        if (request.url === "/slow") await gate.promise;
        response.end("answer");
      },
    });
    await (await fetch(`${url}/fast`)).text();
    const slow = fetch(`${url}/slow`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = close();
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: "draining" }]);
    expect(ready.headers.get("connection")).toBe("close");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await expect(fetch(`${url}/fast`)).rejects.toThrow();
    gate.resolve();
    expect(await (await slow).text()).toBe("answer");
    await closed;
  });

  test("does not wait for a client that keeps its connection after its answer", async () => {
    const gate = Promise.withResolvers<void>();
    const handle: HttpServerOptions["handle"] = async ({ response }) => {
      await gate.promise;
      response.end("answer");
    };
    const { port, close } = await start({ handle });
    const answer = exchange(port, "GET / HTTP/1.1\r\nhost: api\r\n\r\n");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const started = performance.now();
    const closed = close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    gate.resolve();
    await closed;
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("cuts what does not end in time", async () => {
    const { url, close } = await start({ drainMs: 100, handle: () => new Promise(() => undefined) });
    const stuck = fetch(`${url}/stuck`).then(
      () => "answered",
      () => "cut",
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    await close();
    expect(await stuck).toBe("cut");
  });
});

describe("a request", () => {
  test("has one id everywhere", async () => {
    let seen: string | null = null;
    const { url } = await start({
      handle: async ({ response, requestId }) => {
        await new Promise((resolve) => setImmediate(resolve));
        seen = currentRequestId();
        response.end(requestId);
      },
    });
    const response = await fetch(url);
    expect(await response.text()).toBe(response.headers.get("x-request-id"));
    expect(seen).toBe(response.headers.get("x-request-id"));
  });

  test("whose handler throws is a bare 500, logged with its id", async () => {
    const { url } = await start({ handle: () => Promise.reject(new Error("secret reason")) });
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([500, "Internal Server Error\n"]);
    expect(lines.join()).toContain(response.headers.get("x-request-id"));
  });

  const firstChunk = `7d0\r\n${"x".repeat(2_000)}\r\n`;
  test.each([
    ["with a length", `content-length: 2000\r\n\r\n`],
    ["in chunks that do not end", `transfer-encoding: chunked\r\n\r\n${firstChunk}`],
  ])("with a body beyond the limit, %s, is told so at once", async (_name, rest) => {
    const { port } = await start({
      handle: async ({ request, response }) => {
        const tooLarge = await readBody(request, 1_000).catch(
          (error: unknown) => error instanceof BodyTooLargeError,
        );
        response.writeHead(tooLarge === true ? 413 : 200, { connection: "close" }).end();
      },
    });
    expect(await exchange(port, `POST / HTTP/1.1\r\nhost: api\r\n${rest}`)).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("that is not HTTP is refused and dropped", async () => {
    const { port } = await start();
    const answer = await exchange(port, "hello\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

test("slow clients are bounded: 10 s for headers, 30 s for a request", async () => {
  const { server } = await start();
  expect([server.headersTimeout, server.requestTimeout]).toEqual([10_000, 30_000]);
});

test("metrics stand on a port of their own", async () => {
  const metrics = createMetrics("api");
  metrics.observeRequest({ method: "GET", route: "/v1/me", status: 200, seconds: 0.002 });
  const { port, close } = await startMetricsServer(metrics, { host: "127.0.0.1", port: 0 });
  closers.push(close);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(text).toContain(
    'http_server_request_duration_seconds_count{service="api",method="GET",route="/v1/me",status="200"} 1',
  );
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
});
