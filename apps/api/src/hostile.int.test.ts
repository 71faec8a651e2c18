import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { meteringKey, other, own, type ProbeServer, type Sent, startProbeServer } from "./testing/probes.ts";

let server: ProbeServer;

beforeAll(async () => {
  server = await startProbeServer();
});

beforeEach(() => {
  server.lines.length = 0;
});

afterAll(() => server.close());

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
    const answer = await server.send(path, { method: "PATCH", as: "user", ...sent });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(server.lines.filter((line) => line.level === "error")).toEqual([]);
  });

  test.each([2 ** 53, 1e21, 0.5, -1, 0, "1", null])("the quantity %s", async (quantity) => {
    const answer = await server.send("/v1/probe/take", {
      as: meteringKey,
      body: { organization_id: "current", quantity },
    });
    expect([answer.status, answer.body.code]).toEqual([400, "validation_failed"]);
    expect(answer.body.details.issues).toMatchObject([{ path: "quantity" }]);
  });

  test("over tRPC: a body beyond 1 MiB, 51 calls in a batch, no JSON, another media type", async () => {
    const large = await server.send("/trpc/probe.refuse", { body: { code: mebibyte } });
    const batch = await server.get(`/trpc/${Array(51).fill("probe.open").join(",")}?batch=1&input={}`);
    const broken = await server.send("/trpc/probe.refuse", { body: "{" });
    const plain = await server.send("/trpc/probe.refuse", {
      body: "{}",
      headers: { "content-type": "text/plain" },
    });
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
    const { status, body } = await server.get(
      `/trpc/${Array(50).fill("probe.open").join(",")}?batch=1&input={}`,
    );
    expect([status, body.length]).toEqual([200, 50]);
  });

  test("the caller is judged before the input", async () => {
    const answer = await server.send(echo, { method: "PATCH", body: { nonsense: 1 } });
    expect([answer.status, answer.body.code]).toEqual([401, "unauthenticated"]);
  });
});
