import { type ErrorCode, errorCodes, statusOf, trpcCodeOf } from "@headroom/domain/errors";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ProbeServer, startProbeServer } from "./testing/probes.ts";

let server: ProbeServer;

beforeAll(async () => {
  server = await startProbeServer();
});

beforeEach(() => {
  server.lines.length = 0;
});

afterAll(() => server.close());

describe("a refusal", () => {
  test.each(Object.keys(errorCodes) as ErrorCode[])("%s says the same over tRPC and REST", async (code) => {
    const kind = errorCodes[code];
    const [trpc, rest] = await Promise.all([
      server.send("/trpc/probe.refuse", { body: { code } }),
      server.send(`/v1/probe/refusals/${code}`),
    ]);
    expect(rest.status).toBe(statusOf(kind));
    expect(rest.headers.get("content-type")).toBe("application/problem+json");
    expect(rest.body).toEqual({
      type: `urn:headroom:error:${code}`,
      title: expect.any(String),
      status: statusOf(kind),
      detail: "No.",
      code,
      details: { upgrade_plans: ["pro"], retry_after_seconds: 1.2, limit: 5 },
      request_id: rest.headers.get("x-request-id"),
    });
    expect(trpc.status).toBe(statusOf(kind));
    expect(trpc.body.error.message).toBe("No.");
    expect(trpc.body.error.data).toEqual({
      code: trpcCodeOf(kind),
      reason: code,
      details: { upgradePlans: ["pro"], retryAfterSeconds: 1.2, limit: 5 },
      httpStatus: statusOf(kind),
      path: "probe.refuse",
      requestId: trpc.headers.get("x-request-id"),
    });
  });

  test("says how long to wait, and what the limit is", async () => {
    const { headers } = await server.send("/v1/probe/refusals/daily_limit");
    expect(headers.get("retry-after")).toBe("2");
    expect(headers.get("ratelimit-policy")).toBe('"daily_limit";q=5');
    expect(headers.get("ratelimit")).toBe('"daily_limit";r=0;t=2');
  });

  test("names the scheme where a credential is missing", async () => {
    const { headers } = await server.send("/v1/probe/refusals/token_expired");
    expect(headers.get("www-authenticate")).toBe('Bearer realm="headroom", error="invalid_token"');
  });
});

describe("an error that is nobody's business", () => {
  test.each(["error", "text", "output"])("%s is internal, and logged whole", async (how) => {
    const [trpc, rest] = [
      await server.send("/trpc/probe.crash", { body: { how } }),
      await server.send("/v1/probe/crash", { body: { how } }),
    ];
    expect([trpc.status, rest.status]).toEqual([500, 500]);
    expect(trpc.body.error.data.reason).toBe("internal");
    expect(rest.body).toMatchObject({ code: "internal", details: {} });
    for (const { text } of [trpc, rest]) expect(text).not.toMatch(/secret_|stack|\.ts|node_modules|expected/);
    const logged = server.lines.filter((line) => line.code === "internal");
    expect(logged).toHaveLength(2);
    for (const line of logged) expect(line).toMatchObject({ level: "error", procedure: "probe.crash" });
    if (how === "error") expect(JSON.stringify(logged)).toContain("secret_table");
  });

  test("a database that cannot be reached is 503, with a time to try again", async () => {
    const { status, headers, text } = await server.send("/v1/probe/crash", { body: { how: "database" } });
    expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
    expect(text).not.toContain("secret_host");
  });
});
