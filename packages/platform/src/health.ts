import type { IncomingMessage, ServerResponse } from "node:http";

/** Resolves when the dependency answers, with "warning" where people should look; rejects when it does not answer. */
export type Check = () => Promise<unknown>;

export type Health = {
  /** Answers `/livez` and `/readyz`; false when the request is for something else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** From now on `/readyz` says 503: load balancers stop sending. */
  drain(): void;
};

const checkTimeoutMs = 500;

/**
 * `/livez` says that the event loop turns and asks nobody. `/readyz` runs every check side by side, each bounded to
 * 500 ms, and answers 200 or 503 with `{status, checks: {name: "ok" | "warning" | "failed" | "timeout"}}`, never with
 * the reason. A warning is ready.
 */
export function createHealth(checks: Readonly<Record<string, Check>>): Health {
  let draining = false;
  return {
    drain: () => {
      draining = true;
    },
    answer(request, response) {
      const path = request.url?.split("?", 1)[0];
      if (path !== "/livez" && path !== "/readyz") return false;
      if (request.method !== "GET" && request.method !== "HEAD") return false;
      if (path === "/livez") send(response, 200, { status: "ok" });
      else if (draining) send(response, 503, { status: "draining" });
      else void runChecks(checks).then((results) => send(response, results.ok ? 200 : 503, results.body));
      return true;
    },
  };
}

async function runChecks(checks: Readonly<Record<string, Check>>) {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await runCheck(check)] as const),
  );
  const ok = results.every(([, result]) => result === "ok" || result === "warning");
  return { ok, body: { status: ok ? "ok" : "unavailable", checks: Object.fromEntries(results) } };
}

async function runCheck(check: Check): Promise<"ok" | "warning" | "failed" | "timeout"> {
  const { promise: late, resolve } = Promise.withResolvers<"timeout">();
  const timer = setTimeout(resolve, checkTimeoutMs, "timeout");
  try {
    return await Promise.race([
      Promise.resolve()
        .then(check)
        .then(
          (found) => (found === "warning" ? "warning" : "ok"),
          () => "failed" as const,
        ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}
