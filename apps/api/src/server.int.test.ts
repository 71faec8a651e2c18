import type { Actor } from "@headroom/domain/actors";
import { type ErrorCode, errorCodes, statusOf, trpcCodeOf } from "@headroom/domain/errors";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { probeRouter } from "./testing/routers.ts";
import { startTestServer } from "./testing/servers.ts";

const own = "0198c0de-0000-7000-8000-00000000000a";
const other = "0198c0de-0000-7000-8000-00000000000b";
const meteringKey = `hr_test_${"k".repeat(43)}`;
const actors: Record<string, Actor> = {
  user: { kind: "user", userId: own },
  own: {
    kind: "organization_key",
    keyId: own,
    organizationId: own,
    scopes: ["usage:write"],
    memberUserId: null,
  },
  reader: {
    kind: "organization_key",
    keyId: own,
    organizationId: own,
    scopes: ["usage:read"],
    memberUserId: null,
  },
  platform: { kind: "platform_key", keyId: own, scopes: ["usage:write"], onBehalfOf: null },
};

let server: Awaited<ReturnType<typeof startTestServer>>;

beforeAll(async () => {
  server = await startTestServer(probeRouter, actors);
});

beforeEach(() => {
  server.lines.length = 0;
});

afterAll(() => server.close());

type Sent = { method?: string; as?: string; body?: unknown; headers?: Record<string, string> };

async function send(path: string, { method = "POST", as, body, headers = {} }: Sent = {}) {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: text as string }),
  });
  const answer = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text: answer,
    body: answer === "" ? null : parse(answer),
  };
}

function parse(text: string) {
  return JSON.parse(text);
}

const get = (path: string, options: Sent = {}) => send(path, { method: "GET", ...options });

describe("a refusal", () => {
  test.each(Object.keys(errorCodes) as ErrorCode[])("%s says the same over tRPC and REST", async (code) => {
    const kind = errorCodes[code];
    const [trpc, rest] = await Promise.all([
      send("/trpc/probe.refuse", { body: { code } }),
      send(`/v1/probe/refusals/${code}`),
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
    const { headers } = await send("/v1/probe/refusals/daily_limit");
    expect(headers.get("retry-after")).toBe("2");
    expect(headers.get("ratelimit-policy")).toBe('"daily_limit";q=5');
    expect(headers.get("ratelimit")).toBe('"daily_limit";r=0;t=2');
  });

  test("names the scheme where a credential is missing", async () => {
    const { headers } = await send("/v1/probe/refusals/token_expired");
    expect(headers.get("www-authenticate")).toBe('Bearer realm="headroom", error="invalid_token"');
  });
});

describe("an error that is nobody's business", () => {
  test.each(["error", "text", "output"])("%s is internal, and logged whole", async (how) => {
    const [trpc, rest] = [
      await send("/trpc/probe.crash", { body: { how } }),
      await send("/v1/probe/crash", { body: { how } }),
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
    const { status, headers, text } = await send("/v1/probe/crash", { body: { how: "database" } });
    expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
    expect(text).not.toContain("secret_host");
  });
});

describe("hostile input", () => {
  const mebibyte = "x".repeat(1024 * 1024);
  const echo = `/v1/probe/usr_${own}/echo`;
  const cases: [string, string, Sent, number, string][] = [
    ["a body beyond 1 MiB", echo, { body: { display_name: mebibyte } }, 413, "payload_too_large"],
    ["no JSON", echo, { body: "{" }, 400, "validation_failed"],
    ["a list for an object", echo, { body: [] }, 400, "validation_failed"],
    [
      "another media type",
      echo,
      { body: "a=b", headers: { "content-type": "text/plain" } },
      415,
      "unsupported_media_type",
    ],
    ["no media type", echo, { body: "{}", headers: { "content-type": "" } }, 415, "unsupported_media_type"],
    [
      "a charset that is not UTF-8",
      echo,
      { body: {}, headers: { "content-type": "application/json; charset=latin1" } },
      415,
      "unsupported_media_type",
    ],
    [
      "a compressed body",
      echo,
      { body: {}, headers: { "content-encoding": "gzip" } },
      415,
      "unsupported_media_type",
    ],
    ["NUL", echo, { body: { display_name: "a\u0000b" } }, 400, "validation_failed"],
    ["a lone surrogate", echo, { body: '{"display_name":"\\ud800"}' }, 400, "validation_failed"],
    ["a line break", echo, { body: { display_name: "a\r\nb" } }, 400, "validation_failed"],
    ["an unknown field", echo, { body: { display_name: "a", role: "owner" } }, 400, "validation_failed"],
    [
      "__proto__",
      echo,
      { body: '{"display_name":"a","__proto__":{"role":"owner"}}' },
      400,
      "validation_failed",
    ],
    [
      "constructor",
      echo,
      { body: '{"display_name":"a","constructor":{"role":"owner"}}' },
      400,
      "validation_failed",
    ],
    ["a list for a text", echo, { body: { display_name: ["a", "b"] } }, 400, "validation_failed"],
    ["camelCase on the wire", echo, { body: { displayName: "a" } }, 400, "validation_failed"],
    [
      "a field in path and body",
      echo,
      { body: { display_name: "a", user_id: `usr_${other}` } },
      400,
      "validation_failed",
    ],
    [
      "an id of another kind",
      `/v1/probe/org_${own}/echo`,
      { body: { display_name: "a" } },
      400,
      "validation_failed",
    ],
    [
      "100,000 nested lists",
      echo,
      { body: `{"display_name":${"[".repeat(1e5)}${"]".repeat(1e5)}}` },
      400,
      "validation_failed",
    ],
    [
      "100,000 nested lists in a map",
      echo,
      { body: `{"display_name":"a","properties":{"p":${"[".repeat(1e5)}${"]".repeat(1e5)}}}` },
      400,
      "validation_failed",
    ],
    ["an unfinished escape in the path", "/v1/probe/%E0%A4%A/echo", { body: {} }, 404, "route_not_found"],
  ];

  test.each(cases)("%s", async (_name, path, sent, status, code) => {
    const answer = await send(path, { method: "PATCH", as: "user", ...sent });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(server.lines.filter((line) => line.level === "error")).toEqual([]);
  });

  test.each([2 ** 53, 1e21, 0.5, -1, 0, "1", null])("the quantity %s", async (quantity) => {
    const answer = await send("/v1/probe/take", {
      as: meteringKey,
      body: { organization_id: "current", quantity },
    });
    expect([answer.status, answer.body.code]).toEqual([400, "validation_failed"]);
    expect(answer.body.details.issues).toMatchObject([{ path: "quantity" }]);
  });

  test("over tRPC: a body beyond 1 MiB, 51 calls in a batch, no JSON, another media type", async () => {
    const large = await send("/trpc/probe.refuse", { body: { code: mebibyte } });
    const batch = await get(`/trpc/${Array(51).fill("probe.open").join(",")}?batch=1&input={}`);
    const broken = await send("/trpc/probe.refuse", { body: "{" });
    const plain = await send("/trpc/probe.refuse", { body: "{}", headers: { "content-type": "text/plain" } });
    const statuses = [large, batch, broken, plain].map(({ status }) => status);
    expect(statuses).toEqual([413, 400, 400, 415]);
    const reasons = [large, batch, broken, plain].map(({ body }) => [body].flat()[0].error.data.reason);
    expect(reasons).toEqual([
      "payload_too_large",
      "validation_failed",
      "validation_failed",
      "unsupported_media_type",
    ]);
    for (const { body, headers } of [large, broken]) {
      expect([body].flat()[0].error.data.requestId).toBe(headers.get("x-request-id"));
    }
  });

  test("50 calls in a batch are answered", async () => {
    const { status, body } = await get(`/trpc/${Array(50).fill("probe.open").join(",")}?batch=1&input={}`);
    expect([status, body.length]).toEqual([200, 50]);
  });

  test("the caller is judged before the input", async () => {
    const answer = await send(echo, { method: "PATCH", body: { nonsense: 1 } });
    expect([answer.status, answer.body.code]).toEqual([401, "unauthenticated"]);
  });
});

describe("REST", () => {
  test("respells our fields, and leaves the caller's maps alone", async () => {
    const properties = { crawlJob: "a", crawl_job: 2 };
    const { status, body } = await send(`/v1/probe/usr_${own}/echo`, {
      method: "PUT",
      as: "user",
      body: { display_name: "  Ada  ", properties },
    });
    expect(status).toBe(200);
    expect(body).toEqual({ display_name: "Ada", properties, lines: [{ unit_price: "2.5" }] });
  });

  test("reads numbers, booleans and lists from the query", async () => {
    const { body } = await get(
      "/v1/probe/list?limit=1&is_active=false&meter_names=a&meter_names=2&cursor=abc",
      {
        as: "user",
      },
    );
    expect(body).toEqual({ items: [{ is_active: false, meter_names: ["a", "2"] }], next_cursor: "abc" });
    for (const query of [
      "limit=0",
      "limit=201",
      "limit=1.5",
      "limit=",
      "limit=ten",
      "limit=1&limit=2",
      "isActive=true",
    ]) {
      expect((await get(`/v1/probe/list?${query}`, { as: "user" })).status).toBe(400);
    }
  });

  test("spells the place of a fault as the wire does", async () => {
    const { body } = await send(`/v1/probe/usr_${own}/echo`, { method: "PATCH", as: "user", body: {} });
    expect(body.details.issues).toMatchObject([{ path: "display_name" }]);
  });

  test("a refusal that typed callers read as a value is an error here", async () => {
    const fits = await send("/v1/probe/take", {
      as: meteringKey,
      body: { organization_id: "current", quantity: 10 },
    });
    expect([fits.status, fits.body]).toEqual([201, { allowed: true, organization: null }]);
    const full = await send("/v1/probe/take", {
      as: meteringKey,
      body: { organization_id: "current", quantity: 11 },
    });
    expect([full.status, full.body.code]).toEqual([429, "daily_limit"]);
    expect(full.headers.get("retry-after")).toBe("60");
    expect(full.headers.get("ratelimit")).toBe('"daily_limit";r=0;t=60');
    const typed = await send("/trpc/probe.take", {
      as: meteringKey,
      body: { organizationId: "current", quantity: 11 },
    });
    expect([typed.status, typed.body.result.data.allowed]).toEqual([200, false]);
  });

  test("knows its places and their methods", async () => {
    const nothing = await get("/v1/nothing");
    expect([nothing.status, nothing.body.code]).toEqual([404, "route_not_found"]);
    const wrong = await send(`/v1/probe/usr_${own}/echo`, { method: "DELETE" });
    expect([wrong.status, wrong.body.code]).toEqual([405, "method_not_allowed"]);
    expect(wrong.headers.get("allow")).toBe("PATCH, PUT");
    const document = await send("/openapi.json");
    expect([document.status, document.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await get("/elsewhere")).body.code).toBe("route_not_found");
  });

  test("HEAD is GET without a body", async () => {
    const { status, text } = await send("/v1/probe", { method: "HEAD" });
    expect([status, text]).toEqual([200, ""]);
  });

  test("only what says so may be kept", async () => {
    expect((await get("/v1/probe")).headers.get("cache-control")).toBe("public, max-age=60");
    expect((await get("/v1/probe/list", { as: "user" })).headers.get("cache-control")).toBe("no-store");
    expect((await get("/v1/nothing")).headers.get("cache-control")).toBe("no-store");
    expect((await get("/trpc/probe.open")).headers.get("cache-control")).toBe("no-store");
  });
});

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
    const answer = await send("/trpc/probe.take", {
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
    const given = await get("/v1/probe", { headers: { "x-request-id": "trace:0001.a_b-c" } });
    expect(given.headers.get("x-request-id")).toBe("trace:0001.a_b-c");
    expect(server.lines[0]).toMatchObject({ requestId: "trace:0001.a_b-c" });
    for (const id of ["short", "with blank inside", '"quoted-text"', "x".repeat(129)]) {
      const { headers } = await get("/v1/probe", { headers: { "x-request-id": id } });
      expect(headers.get("x-request-id")).toMatch(uuidv7);
    }
  });

  test("is one line in the log", async () => {
    await get("/v1/probe/list", { as: "user" });
    await send("/v1/probe/take", { as: meteringKey, body: { organization_id: `org_${other}`, quantity: 1 } });
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
    const ask = (origin: string, method = "GET") => send("/v1/probe", { method, headers: { origin } });
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
    const { headers } = await get("/v1/nothing");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  });
});

test("the probes answer", async () => {
  expect((await get("/livez")).body).toEqual({ status: "ok" });
  expect((await get("/readyz")).body).toEqual({ status: "ok", checks: { always: "ok" } });
});

test("the document is served", async () => {
  const { body } = await get("/openapi.json");
  expect(body.openapi).toBe("3.1.0");
  expect(Object.keys(body.paths)).toContain("/v1/probe/{user_id}/echo");
});
