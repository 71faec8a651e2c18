import { encodeId } from "@headroom/domain/ids";
import type { HttpServer } from "@headroom/platform/http";
import { uuidv7 } from "@headroom/platform/uuid";
import { setProfileLimit } from "@headroom/service/testing/modules";
import { createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createRouteTable } from "./rest/table.ts";
import { appRouter } from "./router.ts";
import { callRest, startLiveServer } from "./testing/live-server.ts";
import { createTeamOver } from "./testing/organizations.ts";

let world: World;
let server: HttpServer;
let organization: string;
/** A call below the team's organization. */
const call = (as: string | null, method: string, path: string, body?: object, headers = {}) =>
  callRest(server, as, method, `/organizations/${organization}${path}`, body, headers);
let member: string;

beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
  server = await startLiveServer(world.context);
  const team = await createTeamOver(server, world);
  organization = team.organization;
  member = team.users.member;
});
afterEach(() => setProfileLimit(world, "free", null));
afterAll(async () => {
  await server?.close();
  await world?.close();
});

test("a profile's life over REST", async () => {
  const created = await call("member", "POST", "/profiles", {
    name: "Grace",
    slug: "grace",
    settings: { tone_ofVoice: "warm", speed: 1 },
  });
  expect(created).toMatchObject({
    status: 201,
    body: { user_id: member, slug: "grace", settings: { tone_ofVoice: "warm", speed: 1 } },
  });
  const at = `/profiles/${created.body.id}`;
  expect(await call("owner", "GET", at)).toEqual({ status: 200, body: created.body });
  const patched = await call("member", "PATCH", at, { name: "Hopper" });
  expect(patched).toMatchObject({ status: 200, body: { name: "Hopper", slug: "grace" } });
  const put = await call("owner", "PUT", at, { slug: null });
  expect(put).toMatchObject({ status: 200, body: { name: "Hopper", slug: null, user_id: member } });
  expect(await call("owner", "GET", `/profiles?user_id=${member}`)).toEqual({
    status: 200,
    body: { profiles: [put.body], next_cursor: null },
  });
  expect(await call("owner", "GET", "/profiles?user_id=none")).toMatchObject({ body: { profiles: [] } });

  await setProfileLimit(world, "free", 1);
  expect(await call("owner", "POST", "/profiles", { name: "One more" })).toMatchObject({
    status: 402,
    body: {
      code: "profile_limit_reached",
      details: { limit: 1, used: 1, available: 0, upgrade_plans: [] },
    },
  });
  expect(await call("owner", "DELETE", at)).toEqual({ status: 200, body: put.body });
  expect(await call("owner", "GET", at)).toMatchObject({ status: 404, body: { code: "resource_not_found" } });
});

test("a conversation's life over REST", async () => {
  const created = await call("member", "POST", "/conversations", { subject: "Refund" });
  expect(created).toMatchObject({
    status: 201,
    body: { status: "open", created_by: member, assignee_id: null, closed_at: null },
  });
  const at = `/conversations/${created.body.id}`;
  const stranger = (await callRest(server, "eve", "GET", "/me")).body.user.id;
  for (const userId of [stranger, encodeId("usr", uuidv7())]) {
    expect(await call("owner", "POST", `${at}/assign`, { user_id: userId })).toMatchObject({
      status: 400,
      body: { code: "not_a_member", details: {} },
    });
  }
  const assigned = await call("owner", "POST", `${at}/assign`, { user_id: member });
  expect(assigned).toMatchObject({ status: 200, body: { assignee_id: member } });
  expect(await call("owner", "POST", `${at}/assign`, { user_id: member })).toEqual(assigned);
  const closed = await call("member", "POST", `${at}/close`);
  expect(closed).toMatchObject({ status: 200, body: { status: "closed", assignee_id: member } });
  expect(await call("member", "POST", `${at}/close`)).toEqual(closed);
  expect(await call("owner", "POST", `${at}/assign`, { user_id: member })).toMatchObject({
    status: 400,
    body: { code: "conversation_not_open", details: { status: "closed" } },
  });
  const list = async (query: string) =>
    (await call("member", "GET", `/conversations?${query}`)).body.conversations;
  expect(await list(`status=closed&assignee=${member}`)).toEqual([closed.body]);
  expect(await list("status=open")).toEqual([]);
  expect(await list("assignee=none")).toEqual([]);
  expect(await call("member", "POST", `${at}/reopen`)).toMatchObject({
    status: 200,
    body: { status: "open" },
  });
});

test.each(["/profiles", "/conversations"])("Idempotency-Key creates once: POST %s", async (path) => {
  const create = (name: string) =>
    call("owner", "POST", path, path === "/profiles" ? { name } : { subject: name }, {
      "idempotency-key": "once",
    });
  const first = await create("Once");
  expect(first.status).toBe(201);
  expect(await create("Once")).toEqual(first);
  expect(await create("Twice")).toMatchObject({ status: 409, body: { code: "idempotency_mismatch" } });
});

test.each([
  ["POST", "/profiles", {}],
  ["POST", "/profiles", { name: " " }],
  ["POST", "/profiles", { name: "x".repeat(101) }],
  ["POST", "/profiles", { name: "Grace\u0000" }],
  ["POST", "/profiles", { name: "Grace", organisation: "x" }],
  ["POST", "/profiles", { name: "Grace", slug: "Not A Slug" }],
  ["POST", "/profiles", { name: "Grace", slug: "admin" }],
  ["POST", "/profiles", { name: "Grace", settings: { nested: { more: 1 } } }],
  ["POST", "/profiles", { name: "Grace", settings: { "": 1 } }],
  ["POST", "/profiles", { name: "Grace", settings: { text: "x".repeat(501) } }],
  [
    "POST",
    "/profiles",
    { name: "Grace", settings: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, i])) },
  ],
  ["POST", "/profiles", { name: "Grace", user_id: "bob" }],
  ["POST", "/profiles", { name: "Grace", user_id: null }],
  ["POST", "/profiles", { name: "Grace", userId: "usr_0198c0de-0000-7000-8000-00000000000a" }],
  ["GET", "/profiles?user_id=nobody", undefined],
  ["GET", "/profiles?limit=201", undefined],
  ["GET", "/profiles?cursor=bm90LWFuLWlk", undefined],
  ["PATCH", "/profiles/prf_1", { name: "x" }],
  ["POST", "/conversations", {}],
  ["POST", "/conversations", { subject: "x".repeat(201) }],
  ["POST", "/conversations", { subject: "Refund", status: "closed" }],
  ["GET", "/conversations?status=pending", undefined],
  ["GET", "/conversations?assignee=me", undefined],
  ["POST", `/conversations/${encodeId("cnv", uuidv7())}/assign`, {}],
] as const)("%s %s %j is 400", async (method, path, body) => {
  expect(await call("owner", method, path, body)).toMatchObject({
    status: 400,
    body: { code: "validation_failed" },
  });
});

describe("while a module is off", () => {
  const operations = createRouteTable(appRouter).operations.filter(({ procedure }) =>
    /^(profiles|conversations)\./.test(procedure),
  );

  test("both modules are asked", () => {
    expect(operations).toHaveLength(11);
  });

  test.each(["profiles", "conversations"] as const)(
    "%s answer 404 route_not_found to everybody",
    async (off) => {
      const modules = { profiles: true, conversations: true, [off]: false };
      const without = await startLiveServer({
        ...world.context,
        configuration: { ...world.context.configuration, modules },
      });
      try {
        for (const { procedure, paths, methods } of operations) {
          const isOff = procedure.startsWith(`${off}.`);
          const path = (paths[0] ?? "")
            .replace("{organization_id}", organization)
            .replace("{profile_id}", encodeId("prf", uuidv7()))
            .replace("{conversation_id}", encodeId("cnv", uuidv7()));
          for (const method of methods) {
            for (const as of ["owner", "member", "eve"]) {
              const { status, body } = await callRest(
                without,
                as,
                method,
                path,
                method === "GET" ? undefined : {},
              );
              const answer = { procedure, as, status, isOff: body.code === "route_not_found" };
              expect(answer).toEqual({ procedure, as, status: isOff ? 404 : status, isOff });
            }
          }
        }
      } finally {
        await without.close();
      }
    },
  );
});
