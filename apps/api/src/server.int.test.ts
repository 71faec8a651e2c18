import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { meteringKey, other, own, type ProbeServer, startProbeServer } from "./testing/probes.ts";

let server: ProbeServer;

beforeAll(async () => {
  server = await startProbeServer();
});

beforeEach(() => {
  server.lines.length = 0;
});

afterAll(() => server.close());

describe("metering", () => {
  const key = (kind: string) => `hr_${kind}_${"k".repeat(43)}`;
  const cases: [string, string, string, number, string | null][] = [
    ["an organization by id", key("test"), `org_${other}`, 200, other],
    ["the key's own organization", key("test"), "current", 200, null],
    ["a live key outside production", key("live"), "current", 401, "unauthenticated"],
    ["a key that is too short", "hr_test_k", "current", 401, "unauthenticated"],
    ["a user", "user", "current", 403, "forbidden"],
    ["nobody", "nobody", "current", 401, "unauthenticated"],
  ];

  test.each(cases)("%s", async (_name, as, organization, status, expected) => {
    const answer = await server.send("/trpc/probe.take", {
      as,
      body: { organizationId: organization, quantity: 1 },
    });
    expect(answer.status).toBe(status);
    if (status === 200) expect(answer.body.result.data.organization).toBe(expected);
    else expect(answer.body.error.data.reason).toBe(expected);
  });
});

describe("every answer", () => {
  test("carries the caller's request id when it is well formed, else a fresh one", async () => {
    const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    const given = await server.get("/v1/probe", { headers: { "x-request-id": "trace:0001.a_b-c" } });
    expect(given.headers.get("x-request-id")).toBe("trace:0001.a_b-c");
    expect(server.lines[0]).toMatchObject({ requestId: "trace:0001.a_b-c" });
    for (const id of ["short", "with blank inside", '"quoted-text"', "x".repeat(129)]) {
      const { headers } = await server.get("/v1/probe", { headers: { "x-request-id": id } });
      expect(headers.get("x-request-id")).toMatch(uuidv7);
    }
  });

  test("refuses an idempotency key that could not be kept", async () => {
    const ask = (key: string) =>
      server.get("/v1/probe/list", { as: "user", headers: { "idempotency-key": key } });
    expect((await ask("7f9c-create-1")).status).toBe(200);
    for (const key of ["two words", "x".repeat(256), "é"]) {
      expect((await ask(key)).body.details.issues).toMatchObject([{ path: "Idempotency-Key" }]);
    }
  });

  test("is one line in the log", async () => {
    await server.get("/v1/probe/list", { as: "user" });
    await server.send("/v1/probe/take", {
      as: meteringKey,
      body: { organization_id: `org_${other}`, quantity: 1 },
    });
    expect(server.lines).toHaveLength(2);
    expect(server.lines[0]).toMatchObject({
      level: "info",
      msg: "call answered",
      requestId: expect.any(String),
      organizationId: null,
      actorId: own,
      procedure: "probe.list",
      code: "ok",
      ms: expect.any(Number),
    });
    expect(server.lines[1]).toMatchObject({ organizationId: other, actorId: null, procedure: "probe.take" });
  });

  test("may be read by pages of the listed origins alone", async () => {
    const ask = (origin: string, method = "GET") => server.send("/v1/probe", { method, headers: { origin } });
    const allowed = (await ask("https://app.example.com")).headers;
    expect(allowed.get("access-control-allow-origin")).toBe("https://app.example.com");
    expect(allowed.get("access-control-allow-credentials")).toBeNull();
    expect((await ask("https://app.example.com", "OPTIONS")).status).toBe(204);
    for (const origin of ["https://app.example.com.evil.example", "http://app.example.com", "null"]) {
      const { headers } = await ask(origin, "OPTIONS");
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("vary")).toBe("origin");
    }
  });

  test("forbids sniffing and framing", async () => {
    const { headers } = await server.get("/v1/nothing");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  });
});

test("the probes answer", async () => {
  expect((await server.get("/livez")).body).toEqual({ status: "ok" });
  expect((await server.get("/readyz")).body).toEqual({ status: "ok", checks: { always: "ok" } });
});

test("the document is served", async () => {
  const { body } = await server.get("/openapi.json");
  expect(body.openapi).toBe("3.1.0");
  expect(Object.keys(body.paths)).toContain("/v1/probe/{user_id}/echo");
});
