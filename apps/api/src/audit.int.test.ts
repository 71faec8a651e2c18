import { readFileSync } from "node:fs";
import { encodeId } from "@headroom/domain/ids";
import type { HttpServer } from "@headroom/platform/http";
import { createApiKey, revokeApiKey } from "@headroom/service/organization-keys";
import { createPlatformKey } from "@headroom/service/platform-keys";
import { accessTo, createWorld, invite, type Person, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authenticate } from "./auth/credentials.ts";
import { unauthenticated } from "./auth/tokens.ts";
import { createOpenApiDocument } from "./openapi/document.ts";
import { createRouteTable } from "./rest/table.ts";
import { appRouter } from "./router.ts";
import { startLiveServer } from "./testing/live-server.ts";

let world: World;
let server: HttpServer;
let owner: Person;
let organization: string;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(50);
  owner = await world.person();
  organization = await world.organization(owner);
  server = await startLiveServer(world.context, {
    // A token is the owner's; everything that looks like a key is one.
    authenticate: async (headers) =>
      headers.authorization === "Bearer owner"
        ? owner
        : authenticate(world.context, () => Promise.reject(unauthenticated()), headers),
    origins: ["https://app.example.com"],
  });
});
afterAll(async () => {
  await server?.close();
  await world?.close();
});

const here = () => `/organizations/${encodeId("org", organization)}`;

async function get(path: string, as = "owner", headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/v1${path}`, {
    headers: { authorization: `Bearer ${as}`, ...headers },
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe("the audit log over REST", () => {
  test("is listed and filtered", async () => {
    const { invite: made } = await invite(world.context, organization, owner, "bob@example.com");
    const { status, text } = await get(`${here()}/audit?action=invite.*&target=${made.id}&limit=1`);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      entries: [{ action: "invite.created", data: { email: "bob@example.com", role: "member" } }],
      next_cursor: null,
    });
    const mine = JSON.parse((await get(`${here()}/audit?actor_id=usr_${owner.userId}`)).text);
    expect(mine.entries).toHaveLength(2);
    const none = await get(`${here()}/audit?from=2999-01-01T00:00:00Z`);
    expect(JSON.parse(none.text).entries).toEqual([]);
    for (const bad of ["action=invite", "action=*", "from=yesterday", "actor=x"]) {
      expect((await get(`${here()}/audit?${bad}`)).status).toBe(400);
    }
  });

  test("is exported as CSV whose cells are no formulas, page by page", async () => {
    await world.scratch.admin.query(
      `select headroom.record_change($1, 'operator', '=HYPERLINK("http://x")', null, null, 'probe.made', '+1', '{}',
         '{"note": "a, \\"b\\""}', null, '[]')`,
      [organization],
    );
    const first = await get(`${here()}/audit/export?limit=1`, "owner", { origin: "https://app.example.com" });
    expect(first.status).toBe(200);
    expect(first.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(first.headers.get("content-disposition")).toBe('attachment; filename="audit.csv"');
    expect(first.headers.get("access-control-expose-headers")).toContain("headroom-next-cursor");
    const [heading, row, end] = first.text.split("\r\n");
    expect(heading).toBe("seq,at,actor_kind,actor_id,on_behalf_of,action,target,data,request_id");
    expect(row).toMatch(
      /^\d+,[^,]+Z,operator,"'=HYPERLINK\(""http:\/\/x""\)",,probe\.made,'\+1,"\{""note"":""a, \\""b\\""""\}",$/,
    );
    expect(end).toBe("");
    const cursor = first.headers.get("headroom-next-cursor");
    const rest = await get(`${here()}/audit/export?cursor=${cursor}`);
    expect(rest.headers.get("headroom-next-cursor")).toBeNull();
    expect(
      rest.text
        .trim()
        .split("\r\n")
        .slice(1)
        .map((line) => line.split(",")[0]),
    ).toEqual(["2", "1"]);
  });

  test("is exported as JSON lines, filtered as the list is", async () => {
    const { headers, text } = await get(`${here()}/audit/export?format=jsonl&action=organization.created`);
    expect(headers.get("content-type")).toBe("application/jsonl; charset=utf-8");
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([{ seq: 1, action: "organization.created", actor: { on_behalf_of: null } }]);
    expect((await get(`${here()}/audit/export?limit=10001`)).status).toBe(400);
    const refused = await get(`${here()}/audit/export?format=xml`);
    expect(refused).toMatchObject({ status: 400 });
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
  });

  test("is described as the text that it is", () => {
    const document = JSON.parse(JSON.stringify(createOpenApiDocument(createRouteTable(appRouter))));
    const operation = document.paths["/v1/organizations/{organization_id}/audit/export"].get;
    expect(operation.responses["200"]).toEqual({
      description: "A text to be saved",
      headers: {
        "X-Request-Id": expect.any(Object),
        "Content-Disposition": expect.any(Object),
        "Headroom-Next-Cursor": { $ref: "#/components/headers/Headroom-Next-Cursor" },
      },
      content: {
        "text/csv": { schema: { type: "string" }, example: expect.stringMatching(/^seq,at,.*\r\n7,2026/) },
        "application/jsonl": { schema: { type: "string" } },
      },
    });
  });
});

test("a key that is revoked, expired, unknown, mistyped, of a gone member or of another environment: one answer", async () => {
  const access = await accessTo(world.context, owner, organization, "keys.manage");
  const make = (more: object = {}) =>
    createApiKey(world.context, access, {
      name: "k",
      scopes: ["usage:write", "organizations:read"],
      ...more,
    });
  const revoked = await make();
  await revokeApiKey(world.context, access, { keyId: revoked.id.slice(4) });
  const expired = await make({ expiresAt: new Date(Date.now() + 60_000).toISOString() });
  await world.scratch.admin.query(
    "update headroom.api_key set expires_at = now() - interval '1 s' where id = $1",
    [expired.id.slice(4)],
  );
  const leaver = await world.join(organization, owner, "admin");
  const personal = await createApiKey(
    world.context,
    await accessTo(world.context, leaver, organization, "keys.manage"),
    {
      name: "k",
      scopes: ["usage:write", "organizations:read"],
      personal: true,
    },
  );
  await world.scratch.admin.query("delete from headroom.membership where user_id = $1", [leaver.userId]);
  const live = await createPlatformKey(
    { ...world.context, environment: "production" },
    { name: "live", scopes: ["usage:write", "organizations:read"] },
  );
  const good = (await make()).secret ?? "";
  const elsewhere = await createApiKey({ ...world.context, environment: "production" }, access, {
    name: "k",
    scopes: ["usage:write", "organizations:read"],
  });
  const mistyped = good.slice(0, 20) + (good[20] === "a" ? "b" : "a") + good.slice(21);
  const secrets = [revoked, expired, personal, live, elsewhere].map(({ secret }) => secret ?? "");
  const answers = [];
  for (const secret of [...secrets, mistyped, `hr_test_${"x".repeat(49)}`, "hr_test_short"]) {
    for (const [method, path] of [
      ["GET", here()],
      ["POST", "/usage/consume"],
    ] as const) {
      const response = await fetch(`${server.url}/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        ...(method === "GET"
          ? {}
          : { body: JSON.stringify({ organization_id: encodeId("org", organization), quantity: 1 }) }),
      });
      const { request_id: _, ...problem } = (await response.json()) as { request_id: string };
      answers.push({ problem, challenge: response.headers.get("www-authenticate") });
    }
  }
  expect([...new Set(answers.map((answer) => JSON.stringify(answer)))]).toHaveLength(1);
  expect(answers[0]?.problem).toMatchObject({ status: 401, code: "unauthenticated" });
  expect((await get(here(), good)).status).toBe(200);
});

/** The requests of a document: a line with method and path, and perhaps a JSON body on the next. */
function documented(file: string): { method: string; path: string; body: string | undefined }[] {
  const text = readFileSync(new URL(`../../../docs/${file}`, import.meta.url), "utf8");
  const requests = text.matchAll(/^(GET|POST|DELETE) (\/v1\S+)\n(?:(\{.*\})$)?/gm);
  return [...requests].map(([, method = "", path = "", body]) => ({ method, path, body }));
}

test("the requests in the documents work", async () => {
  const requests = ["audit.md", "api-keys.md"].flatMap(documented);
  expect(requests.map(({ method }) => method).join(" ")).toBe("GET GET GET GET POST GET GET POST DELETE");
  const access = await accessTo(world.context, owner, organization, "keys.manage");
  const { id } = await createApiKey(world.context, access, { name: "k", scopes: ["usage:write"] });
  for (const { method, path, body } of requests) {
    const url = `${server.url}${path.replace(/key_[0-9a-f-]+/, id)}`;
    const response = await fetch(url, {
      method,
      headers: {
        authorization: "Bearer owner",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body }),
    });
    expect([method, path, response.status]).toEqual([method, path, method === "POST" ? 201 : 200]);
    await response.text();
  }
});
