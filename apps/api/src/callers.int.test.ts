import type { Scope } from "@headroom/domain/permissions";
import { permissions } from "@headroom/domain/permissions";
import { authorize } from "@headroom/service/access";
import { eraseUser } from "@headroom/service/erasure";
import { createApiKey } from "@headroom/service/organization-keys";
import { createPlatformKey } from "@headroom/service/platform-keys";
import { createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issuerDefaults } from "./auth/issuers.ts";
import { serveWorld, testIssuer, type WorldServer } from "./testing/live-server.ts";

let world: World;
let api: WorldServer;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(20);
  const issuers = [{ ...issuerDefaults, issuer: testIssuer, audience: "x" }];
  const configuration = { ...world.context.configuration, issuers };
  api = await serveWorld({ ...world.context, configuration }, { operators: ["op"] });
});
afterAll(async () => {
  await api?.close();
  await world?.close();
});

const rows = async (sql: string, ...values: unknown[]) => (await world.scratch.admin.query(sql, values)).rows;

const platformKey = async (...scopes: Scope[]) =>
  (await createPlatformKey(world.context, { name: scopes.join(" "), scopes })).secret;

describe("users.upsert", () => {
  const identity = { issuer: testIssuer, subject: "nina" };

  test("makes the account of an identity once, and the sign-in finds it", async () => {
    const key = await platformKey("users:write", "users:read");
    const input = { ...identity, email: "nina@example.com", email_verified: true, name: "Nina" };
    const first = await api.call(key, "POST", "/users", input);
    expect(first).toMatchObject({ status: 200, body: { ...input, id: expect.stringMatching(/^usr_/) } });
    const again = await Promise.all(Array.from({ length: 8 }, () => api.call(key, "POST", "/users", input)));
    for (const answer of again) {
      expect(answer).toEqual(first);
    }
    expect(await api.call(key, "GET", `/users/${first.body.id}`)).toEqual(first);
    expect(await api.call("nina", "GET", "/me")).toMatchObject({ body: { user: { id: first.body.id } } });
    const raced = await Promise.all(
      Array.from({ length: 8 }, () => api.call(key, "POST", "/users", { ...identity, subject: "raced" })),
    );
    expect(new Set(raced.map(({ body }) => body.id)).size).toBe(1);
  });

  test("keeps what it is not told; a new address brings its own verification", async () => {
    const key = await platformKey("users:write");
    const subject = "omar";
    const upsert = async (more: object) =>
      (await api.call(key, "POST", "/users", { ...identity, subject, ...more })).body;
    await upsert({ email: "omar@example.com", email_verified: true, name: "Omar" });
    expect(await upsert({})).toMatchObject({
      email: "omar@example.com",
      email_verified: true,
      name: "Omar",
    });
    expect(await upsert({ email: "omar@example.com" })).toMatchObject({ email_verified: true });
    expect(await upsert({ email: "Omar@Example.com" })).toMatchObject({
      email: "Omar@Example.com",
      email_verified: true,
    });
    expect(await upsert({ email: "new@example.com" })).toMatchObject({
      email: "new@example.com",
      email_verified: false,
      name: "Omar",
    });
  });

  test.each([
    ["an issuer that is not configured", { issuer: "https://elsewhere.example" }, "issuer"],
    ["an address that is none", { email: "nobody" }, "email"],
    ["a verification of nothing", { email_verified: true }, "email_verified"],
    ["an empty subject", { subject: "" }, "subject"],
    ["a subject that no token has", { subject: "nina " }, "subject"],
  ])("refuses %s", async (_, wrong, path) => {
    const key = await platformKey("users:write");
    expect(await api.call(key, "POST", "/users", { ...identity, subject: "x", ...wrong })).toMatchObject({
      status: 400,
      body: { code: "validation_failed", details: { issues: [{ path }] } },
    });
  });

  test("is for platform keys with the scope, as is users.get", async () => {
    const reader = await platformKey("users:read");
    const writer = await platformKey("users:write");
    const { body } = await api.call(writer, "POST", "/users", { ...identity, subject: "pia" });
    expect(await api.call(reader, "POST", "/users", { ...identity, subject: "pia" })).toMatchObject({
      status: 403,
    });
    expect(await api.call(writer, "GET", `/users/${body.id}`)).toMatchObject({ status: 403 });
    expect(await api.call(null, "GET", `/users/${body.id}`)).toMatchObject({ status: 401 });
    const both: Record<string, string>[] = [{}, { "headroom-operator": "true" }];
    for (const headers of both) {
      expect(await api.call("op", "GET", `/users/${body.id}`, undefined, headers)).toMatchObject({
        status: 403,
      });
    }
    const nobody = "usr_01890000-0000-7000-8000-000000000000";
    expect(await api.call(reader, "GET", `/users/${nobody}`)).toMatchObject({
      status: 404,
      body: { code: "user_not_found" },
    });
  });
});

describe("a user who was erased", () => {
  test("is nobody: neither found nor acted for", async () => {
    const writer = await platformKey("users:write", "users:read", "impersonate");
    const { body } = await api.call(writer, "POST", "/users", { issuer: testIssuer, subject: "gone" });
    const behalf = { "headroom-on-behalf-of": body.id };
    expect(await api.call(writer, "GET", "/me", undefined, behalf)).toMatchObject({ status: 200 });
    const worker = { ...world.context, db: await world.scratch.connect("hr_worker") };
    await eraseUser({ api: world.context, worker }, body.id, { operator: { kind: "operator", name: "kim" } });
    const refused = { status: 404, body: { code: "user_not_found" } };
    expect(await api.call(writer, "GET", `/users/${body.id}`)).toMatchObject(refused);
    expect(await api.call(writer, "GET", "/me", undefined, behalf)).toMatchObject(refused);
    expect(await api.call(writer, "POST", "/organizations", { name: "Ghost" }, behalf)).toMatchObject(
      refused,
    );
  });
});

describe("permissions.get", () => {
  test("tells members, keys and operators what they hold", async () => {
    const { body } = await api.call("quinn", "POST", "/organizations", { name: "Quinn" });
    const raw = String(body.id).slice("org_".length);
    const path = `/organizations/${body.id}/permissions`;
    const own = await api.call("quinn", "GET", path);
    expect(own).toMatchObject({ status: 200, body: { organization_id: body.id, role: "owner" } });
    const notOwners = ["usage.write", "overrides.manage"];
    expect(own.body.permissions).toEqual(permissions.filter((name) => !notOwners.includes(name)));
    expect(await api.call("quinn", "GET", "/organizations/current/permissions")).toEqual(own);

    const [account] = await rows("select id from headroom.account where subject = 'quinn'");
    const owner = { kind: "user", userId: account.id } as const;
    const access = await authorize(world.context, owner, raw, "keys.manage");
    const make = async (personal: boolean, ...scopes: Scope[]) =>
      (await createApiKey(world.context, access, { name: "k", scopes, personal })).secret ?? "";
    const shared = await make(false, "usage:write", "members:read");
    expect(await api.call(shared, "GET", path)).toMatchObject({
      status: 200,
      body: { role: null, permissions: ["members.view", "usage.write"] },
    });
    const personal = await make(true, "members:write");
    expect((await api.call(personal, "GET", path)).body).toMatchObject({
      role: "owner",
      permissions: ["members.change", "invites.manage"],
    });
    await rows("update headroom.membership set role = 'member' where organization_id = $1", raw);
    expect((await api.call(personal, "GET", path)).body).toMatchObject({ role: "member", permissions: [] });
    const platform = await platformKey("billing:read");
    expect((await api.call(platform, "GET", path)).body).toMatchObject({
      role: null,
      permissions: ["billing.view"],
    });
    const operator = await api.call("op", "GET", path, undefined, { "headroom-operator": "true" });
    expect(operator.body).toMatchObject({ role: null, permissions: [...permissions] });
    expect(await api.call("stranger", "GET", path)).toMatchObject({ status: 404 });
    expect(await api.call(null, "GET", path)).toMatchObject({ status: 401 });
  });
});

describe("an operator", () => {
  const asOperator = { "headroom-operator": "true" };

  test("acts in any organization, is audited by name, and is nobody's member", async () => {
    const { body } = await api.call("rosa", "POST", "/organizations", { name: "Rosa" });
    const path = `/organizations/${body.id}`;
    expect(await api.call("op", "GET", path)).toMatchObject({ status: 404 });
    expect(await api.call("op", "GET", path, undefined, asOperator)).toMatchObject({
      status: 200,
      body: { role: null },
    });
    expect(await api.call("op", "PATCH", path, { name: "Rosie" }, asOperator)).toMatchObject({
      status: 200,
      body: { name: "Rosie" },
    });
    const [entry] = await rows(
      "select actor_kind, actor_id from headroom.audit_entry where organization_id = $1 order by seq desc limit 1",
      String(body.id).slice("org_".length),
    );
    expect(entry).toEqual({ actor_kind: "operator", actor_id: `${testIssuer}|op` });
    const members = await api.call("op", "GET", `${path}/members`, undefined, asOperator);
    expect(members.body).toMatchObject({ current_user_id: null, current_user_role: null });
  });

  test.each([
    ["GET", "/organizations/current"],
    ["GET", "/organizations/current/members"],
    ["PATCH", "/organizations/current"],
    ["GET", "/organizations/current/permissions"],
  ])("must name the organization: %s %s", async (method, path) => {
    const input = method === "GET" ? undefined : {};
    expect(await api.call("op", method, path, input, asOperator)).toMatchObject({
      status: 400,
      body: { code: "no_active_organization" },
    });
  });

  test("is no person: creates, lists, switches, leaves, accepts nothing", async () => {
    const { body } = await api.call("sam", "POST", "/organizations", { name: "Sam" });
    const calls = [
      ["POST", "/organizations", { name: "Mine" }],
      ["GET", "/organizations", undefined],
      ["POST", "/organizations/switch", { organization_id: body.id }],
      ["POST", `/organizations/${body.id}/leave`, {}],
      ["POST", "/invites/accept", { token: "x".repeat(43) }],
    ] as const;
    for (const [method, path, input] of calls) {
      const answer = await api.call("op", method, path, input, asOperator);
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, "forbidden"]);
    }
  });

  test("is only who is listed, and only with the header", async () => {
    const { body } = await api.call("tess", "POST", "/organizations", { name: "Tess" });
    const path = `/organizations/${body.id}`;
    const platform = await platformKey("organizations:read", "impersonate");
    for (const who of ["tess", "OP", "op2", platform]) {
      expect(await api.call(who, "GET", path, undefined, asOperator)).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
    }
    expect(await api.call(null, "GET", path, undefined, asOperator)).toMatchObject({ status: 401 });
    expect(await api.call("op", "POST", "/organizations", { name: "Own" })).toMatchObject({ status: 201 });
    for (const odd of ["false", "1", "TRUE", ""]) {
      const answer = await api.call("tess", "GET", path, undefined, { "headroom-operator": odd });
      expect([odd, answer.status, answer.body.code]).toEqual([odd, 400, "validation_failed"]);
    }
    const behalf = { ...asOperator, "headroom-on-behalf-of": "usr_01890000-0000-7000-8000-000000000000" };
    expect(await api.call("op", "GET", path, undefined, behalf)).toMatchObject({ status: 403 });
  });

  test("may be allowed from a page of another origin", async () => {
    const response = await fetch(`${api.url}/v1/me`, { method: "OPTIONS" });
    expect(response.headers.get("access-control-allow-headers")?.split(", ")).toContain("headroom-operator");
  });
});
