import { readFileSync } from "node:fs";
import { type Scope, scopes } from "@headroom/domain/permissions";
import type { HttpServer } from "@headroom/platform/http";
import { createApiKey } from "@headroom/service/organization-keys";
import { eventsOf } from "@headroom/service/testing/modules";
import { accessTo, createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRouteTable } from "./rest/table.ts";
import { appRouter } from "./router.ts";
import { callRest, startLiveServer } from "./testing/live-server.ts";
import { createTeamOver } from "./testing/organizations.ts";

const text = readFileSync(new URL("../../../docs/modules.md", import.meta.url), "utf8");

let world: World;
let server: HttpServer;
let team: Awaited<ReturnType<typeof createTeamOver>>;

beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
  server = await startLiveServer(world.context);
  team = await createTeamOver(server, world);
});
afterAll(async () => {
  await server?.close();
  await world?.close();
});

type Name = keyof typeof team.users;

const callers = ["owner", "admin", "member"] as const;

/** The table of who may what, a row for each call. */
const rows = [
  ...text.matchAll(/^\| `([A-Z]+) (\S+)`(.*?) \| (\w+) \| (\w+) \| (\w+) \| (?:`(\S+)` )?\|$/gm),
].map(([, method = "", path = "", which = "", owner, admin, member, scope]) => ({
  method,
  path,
  which: which.trim(),
  allowed: { owner, admin, member },
  scope: scope as Scope | undefined,
}));

/** Makes what the call is about, calls, and answers the status. `as` is a person's name, or a key's secret. */
async function attempt({ method, path, which }: (typeof rows)[number], as: string): Promise<number> {
  const at = `/organizations/${team.organization}`;
  const make = (below: string, body: object) => callRest(server, "owner", "POST", `${at}${below}`, body);
  const own = which.startsWith("of one's own") ? team.users[as as Name] : undefined;
  const profile = path.includes("{profile_id}")
    ? (await make("/profiles", { name: "Grace", user_id: own ?? team.users.other })).body.id
    : "";
  const conversation = path.includes("{conversation_id}")
    ? (await make("/conversations", { subject: "Refund" })).body.id
    : "";
  const another = { user_id: team.users.other };
  const bodies: Record<string, object> = {
    "POST /profiles": { name: "Grace", ...(own === undefined ? another : {}) },
    "PATCH /profiles/{profile_id}": which.endsWith("to hand it on") ? another : { name: "Hopper" },
    "PUT /profiles/{profile_id}": { name: "Hopper" },
    "POST /conversations": { subject: "Refund" },
    "POST /conversations/{conversation_id}/assign": another,
  };
  const place = path.replace("{profile_id}", profile).replace("{conversation_id}", conversation);
  return (await callRest(server, as, method, `${at}${place}`, bodies[`${method} ${path}`])).status;
}

async function keyWith(held: readonly Scope[]): Promise<string> {
  const owner = { kind: "user", userId: team.users.owner.slice(4) } as const;
  const access = await accessTo(world.context, owner, team.organization.slice(4), "keys.manage");
  return (await createApiKey(world.context, access, { name: "k", scopes: held })).secret ?? "";
}

describe("the table of who may what", () => {
  test("has every call of both modules", () => {
    const calls = createRouteTable(appRouter).operations.flatMap(({ procedure, methods, paths }) =>
      /^(profiles|conversations)\./.test(procedure)
        ? methods.map((method) => `${method} ${paths[0]?.replace("/organizations/{organization_id}", "")}`)
        : [],
    );
    expect(calls).toHaveLength(12);
    expect(new Set(rows.map(({ method, path }) => `${method} ${path}`))).toEqual(new Set(calls));
  });

  test.each(rows.flatMap((row) => callers.map((caller) => ({ ...row, caller }))))(
    "$caller: $method $path $which",
    async ({ caller, ...row }) => {
      const status = await attempt(row, caller);
      expect(["yes", "no"]).toContain(row.allowed[caller]);
      expect(status === 403 ? "no" : "yes").toBe(row.allowed[caller]);
      expect([200, 201, 403]).toContain(status);
    },
  );

  test.each(rows.filter(({ scope }) => scope !== undefined))(
    "a key needs $scope: $method $path $which",
    async (row) => {
      const ofPlatform: readonly Scope[] = ["users:read", "users:write", "impersonate"];
      const others = scopes.filter((scope) => scope !== row.scope && !ofPlatform.includes(scope));
      expect(await attempt(row, await keyWith(row.scope === undefined ? [] : [row.scope]))).toBeLessThan(300);
      expect(await attempt(row, await keyWith(others))).toBe(403);
    },
  );
});

/** What the docs elide with an ellipsis is a text that begins as they say. */
function elided(value: unknown): unknown {
  if (typeof value === "string" && value.endsWith("…")) {
    return expect.stringMatching(new RegExp(`^${value.slice(0, -1)}`));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, elided(field)]));
}

test("the examples are what is sent and answered, and the event is the one that is kept", async () => {
  const blocks = [...text.matchAll(/^```(http|json)\n(.*?)^```$/gms)].map(([, kind, body = ""]) => ({
    kind,
    body,
  }));
  const known = new Map([["usr", team.users.admin]]);
  const filled = (example: string) => example.replace(/(\w+)_…/g, (_, prefix) => known.get(prefix) ?? "");
  let answer: Record<string, unknown> | null = null;
  let answered = 0;
  for (const { kind, body } of blocks) {
    if (kind === "http") {
      const [, method = "", path = "", sent = ""] = /^([A-Z]+) \/v1(\S+)\n\n(.*)$/s.exec(body) ?? [];
      answer = (await callRest(server, "admin", method, filled(path), JSON.parse(filled(sent)))).body;
      const id = String(answer?.id);
      known.set(id.slice(0, 3), id);
    } else if (answer !== null) {
      expect(answer).toEqual(elided(JSON.parse(body)));
      answer = null;
      answered++;
    } else {
      const event = (await eventsOf(world, team.organization.slice(4), /^conversation_assigned$/)).at(-1);
      expect(event?.payload).toEqual(elided(JSON.parse(body)));
      expect(event?.recipient).toBe(team.users.admin.slice(4));
      answered++;
    }
  }
  expect(answered).toBe(5);
});
