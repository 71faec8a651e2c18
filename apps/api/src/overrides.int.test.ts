import { readFileSync } from "node:fs";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { withFeature } from "@headroom/service/testing/overrides";
import { createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveWorld, testIssuer, type WorldServer } from "./testing/live-server.ts";

let world: World;
let api: WorldServer;
let path: string;

beforeAll(async () => {
  world = await createWorld();
  api = await serveWorld(withFeature(world.context, "sso"), { operators: ["kim"] });
  const { body } = await api.call("ada", "POST", "/organizations", { name: "Acme" });
  path = `/organizations/${body.id}`;
});
afterAll(async () => {
  await api?.close();
  await world?.close();
});

/** As a listed operator who says so. */
const operate = (method: string, at: string, body?: object) =>
  api.call("kim", method, at, body, { "headroom-operator": "true" });

const entitlements = async () => (await api.call("ada", "GET", `${path}/entitlements`)).body;

test("an operator sets, lists and removes; members see what holds, and no reason", async () => {
  const input = { value: 5_000, reason: " launch  ", expires_at: "2999-01-01T01:00:00+01:00" };
  const put = await operate("PUT", `${path}/overrides/daily_limit/pages`, input);
  const standing = {
    kind: "daily_limit",
    name: "pages",
    value: 5_000,
    reason: "launch",
    set_by: `${testIssuer}|kim`,
    set_at: expect.any(String),
    expires_at: "2999-01-01T00:00:00.000Z",
    in_force: true,
  };
  expect(put).toEqual({ status: 200, body: standing });
  expect(await operate("PUT", `${path}/overrides/seats`, { value: null, reason: "x" })).toMatchObject({
    status: 200,
    body: { kind: "seats", name: null, value: null, expires_at: null },
  });
  const feature = await operate("PUT", `${path}/overrides/feature/sso`, { value: "saml", reason: "x" });
  expect(feature.status).toBe(200);
  expect(await operate("GET", `${path}/overrides`)).toMatchObject({
    status: 200,
    body: { overrides: [standing, { kind: "feature", name: "sso" }, { kind: "seats" }] },
  });
  const seen = await entitlements();
  expect(seen).toMatchObject({
    features: { sso: "saml" },
    seats: { limit: null, available: null },
    meters: [{ meter: "pages", daily_limit: 5_000 }],
    valid_until: "2999-01-01T00:00:00.000Z",
  });
  expect(JSON.stringify(seen)).not.toContain("launch");
  expect(await operate("DELETE", `${path}/overrides/daily_limit/pages`)).toEqual({
    status: 200,
    body: standing,
  });
  for (const at of ["seats", "feature/sso"]) {
    expect((await operate("DELETE", `${path}/overrides/${at}`)).status).toBe(200);
    expect(await operate("DELETE", `${path}/overrides/${at}`)).toMatchObject({
      status: 404,
      body: { code: "resource_not_found" },
    });
  }
  expect(await entitlements()).toMatchObject({
    features: {},
    meters: [{ daily_limit: 100 }],
    valid_until: null,
  });
});

test("nobody else may, whatever they are here; a listed operator without the header neither", async () => {
  const value = { value: 1, reason: "x" };
  for (const [method, at, body] of [
    ["GET", `${path}/overrides`, undefined],
    ["PUT", `${path}/overrides/seats`, value],
    ["DELETE", `${path}/overrides/seats`, undefined],
  ] as const) {
    expect((await api.call("ada", method, at, body)).body).toMatchObject({ code: "forbidden" });
    expect((await api.call("kim", method, at, body)).body).toMatchObject({ code: "organization_not_found" });
    const claimed = await api.call("ada", method, at, body, { "headroom-operator": "true" });
    expect(claimed.status).toBe(403);
    const nowhere = at.replace(/org_[0-9a-f-]+/, encodeId("org", uuidv7()));
    expect((await operate(method, nowhere, body)).body).toMatchObject({ code: "organization_not_found" });
  }
  expect((await operate("GET", `${path}/overrides`)).body).toEqual({ overrides: [] });
});

describe("hostile values", () => {
  const reason = "x";
  test.each([
    ["a negative limit", "daily_limit/pages", { value: -1, reason }],
    ["half a unit", "daily_limit/pages", { value: 0.5, reason }],
    ["2^53", "included/pages", { value: 2 ** 53, reason }],
    ["1e400", "included/pages", `{"value": 1e400, "reason": "x"}`],
    ["a text for a limit", "daily_limit/pages", { value: "5", reason }],
    ["a boolean for seats", "seats", { value: true, reason }],
    ["no value", "seats", { reason }],
    ["an object", "feature/sso", { value: { a: 1 }, reason }],
    ["a list", "feature/sso", { value: [1], reason }],
    ["null for a feature", "feature/sso", { value: null, reason }],
    ["NUL in a feature", "feature/sso", { value: "a\u0000", reason }],
    ["a lone surrogate", "feature/sso", `{"value": "\\ud800", "reason": "x"}`],
    ["a long text", "feature/sso", { value: "a".repeat(501), reason }],
    ["a feature that no plan has", "feature/__proto__", { value: true, reason }],
    ["another one", "feature/toString", { value: true, reason }],
    ["no reason", "seats", { value: 1 }],
    ["a blank reason", "seats", { value: 1, reason: "  " }],
    ["a long reason", "seats", { value: 1, reason: "a".repeat(501) }],
    ["a line break in the reason", "seats", { value: 1, reason: "a\nb" }],
    ["a time that is past", "seats", { value: 1, reason, expires_at: "2020-01-01T00:00:00Z" }],
    ["a date", "seats", { value: 1, reason, expires_at: "2999-01-01" }],
    ["a name for seats", "seats/pages", { value: 1, reason }],
    ["no meter", "daily_limit", { value: 1, reason }],
    ["a kind that there is not", "max_overage/pages", { value: 1, reason }],
    ["an unknown field", "seats", { value: 1, reason, set_by: "root" }],
  ])("%s is refused and leaves nothing", async (_what, at, body) => {
    const response = await fetch(`${api.url}/v1${path}/overrides/${at}`, {
      method: "PUT",
      headers: {
        authorization: "Bearer kim",
        "headroom-operator": "true",
        "content-type": "application/json",
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      400,
      "validation_failed",
    ]);
    expect((await operate("GET", `${path}/overrides`)).body).toEqual({ overrides: [] });
  });

  test("a meter that there is not has a code of its own", async () => {
    const answer = await operate("PUT", `${path}/overrides/daily_limit/words`, { value: 1, reason });
    expect([answer.status, answer.body.code]).toEqual([400, "unknown_meter"]);
  });
});

interface Told {
  etag: string;
  seats: { limit: number };
}

const pageOf = (name: string) => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), "utf8");

test("the calls on the page of overrides work as they stand there", async () => {
  const calls = [...pageOf("overrides").matchAll(/^(GET|PUT|DELETE) +\/v1(\S+?)(?: +(\{.*\}))?$/gm)];
  const statuses: number[] = [];
  for (const [, method = "", at = "", body] of calls) {
    const there = at.replace("/organizations/{organization_id}", path);
    statuses.push((await operate(method, there, body === undefined ? body : JSON.parse(body))).status);
  }
  expect(statuses).toEqual([200, 200, 200, 200]);
  expect((await operate("DELETE", `${path}/overrides/daily_limit/pages`)).status).toBe(200);
});

test("the page of entitlements shows the fields that are answered", async () => {
  const [, example = ""] = /```json\n(.*?)```/s.exec(pageOf("entitlements")) ?? [];
  const fieldsOf = ({ seats, meters, ...more }: Answer) =>
    [more, seats, ...meters.slice(0, 1)].map((one) => Object.keys(one));
  interface Answer {
    seats: object;
    meters: object[];
  }
  expect(fieldsOf(JSON.parse(example))).toEqual(fieldsOf(await entitlements()));
});

describe("the entitlements' tag", () => {
  const told = async (response: Response) => (await response.json()) as Told;
  const get = (headers: Record<string, string> = {}) =>
    fetch(`${api.url}/v1${path}/entitlements`, { headers: { authorization: "Bearer ada", ...headers } });

  test("is a header, and sent back it is 304 without a body until something changes", async () => {
    const first = await get();
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toBe(`"${(await told(first)).etag}"`);
    expect(first.headers.get("cache-control")).toBe("private, no-cache");
    const same = await get({ "if-none-match": `"other", W/${etag}` });
    expect([same.status, await same.text(), same.headers.get("etag")]).toEqual([304, "", etag]);
    expect(same.headers.get("x-request-id")).not.toBeNull();
    expect((await get({ "if-none-match": '"other"' })).status).toBe(200);
    await operate("PUT", `${path}/overrides/seats`, { value: 77, reason: "x" });
    const after = await get({ "if-none-match": etag });
    expect([after.status, (await told(after)).seats.limit]).toEqual([200, 77]);
    expect(after.headers.get("etag")).not.toBe(etag);
    await operate("DELETE", `${path}/overrides/seats`);
    expect((await get({ "if-none-match": etag })).status).toBe(304);
  });

  test("tells nothing to whoever may not see what it is of", async () => {
    const etag = (await get()).headers.get("etag") ?? "";
    const stranger = await get({ "if-none-match": etag, authorization: "Bearer eve" });
    expect([stranger.status, stranger.headers.get("etag")]).toEqual([404, null]);
  });
});
