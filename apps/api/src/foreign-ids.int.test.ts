import { randomBytes } from "node:crypto";
import { encodeId, type IdPrefix } from "@headroom/domain/ids";
import type { Permission } from "@headroom/domain/permissions";
import type { HttpServer } from "@headroom/platform/http";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "@headroom/service/context";
import { createConversation } from "@headroom/service/conversations";
import { createApiKey } from "@headroom/service/organization-keys";
import { createProfile } from "@headroom/service/profiles";
import {
  accessTo,
  createWorld,
  invite,
  type Person,
  rawId,
  type World,
} from "@headroom/service/testing/world";
import { ensureUser } from "@headroom/service/users";
import { testWebhook } from "@headroom/service/webhook-deliveries";
import { openWebhooks } from "@headroom/service/webhook-settings";
import { createWebhook } from "@headroom/service/webhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { appRouter } from "./router.ts";
import { ask } from "./testing/asking.ts";
import { startLiveServer, testIssuer } from "./testing/live-server.ts";
import { type Declared, proceduresOf } from "./testing/permission-table.ts";
import { tenantRows } from "./testing/traces.ts";
import { withoutTenantFilter } from "./testing/unfiltered.ts";

type Things = Partial<Record<IdPrefix, string>> & { org: string };

const asMine = { authorization: "Bearer mine" };

let world: World;
let context: ServiceContext;
let servers: Record<string, HttpServer>;
let mine: Things;
let theirs: Things;

beforeAll(async () => {
  world = await createWorld();
  context = {
    ...world.under({ ownership: { transfer: "owner" } }),
    webhooks: openWebhooks({
      SECRETS_KEY: [randomBytes(32)],
      WEBHOOKS_ALLOW_INTERNAL: false,
      HEADROOM_ENV: "test",
    }),
  };
  const { db } = context;
  const unfiltered = { ...db, kysely: withoutTenantFilter(db.kysely) };
  servers = {
    "as it is": await startLiveServer(context),
    "by row-level security alone": await startLiveServer({ ...context, db: unfiltered }),
  };
  mine = await furnish("mine");
  theirs = await furnish("theirs");
});
afterAll(async () => {
  for (const server of Object.values(servers ?? {})) await server.close();
  await world?.close();
});

/** An organization with one of everything that has an id. */
async function furnish(name: string): Promise<Things> {
  const person = await signIn(name);
  const organizationId = await world.organization(person);
  const colleague = await world.join(organizationId, person, "admin");
  const { invite: issued } = await invite(context, organizationId, person, `${name}-guest@example.com`);
  const access = (permission: Permission) => accessTo(context, person, organizationId, permission);
  const key = await createApiKey(context, await access("keys.manage"), { name: "k", scopes: ["usage:read"] });
  const profile = await createProfile(context, await access("profiles.own"), { name: "Profile" });
  const conversation = await createConversation(context, await access("conversations.write"), {
    subject: "Hello",
  });
  const endpoint = { url: "https://hooks.example.com/" };
  const webhook = await createWebhook(context, await access("webhooks.manage"), endpoint);
  await testWebhook(context, await access("webhooks.manage"), { webhookId: rawId(webhook) });
  const { rows } = await world.scratch.admin.query<{ id: string }>(
    "select id from headroom.event where organization_id = $1 and name = 'webhook.test'",
    [organizationId],
  );
  const [event] = rows;
  return {
    org: encodeId("org", organizationId),
    usr: encodeId("usr", colleague.userId),
    inv: issued.id,
    key: key.id,
    prf: profile.id,
    cnv: conversation.id,
    whk: webhook.id,
    evt: encodeId("evt", String(event?.id)),
  };
}

async function signIn(name: string): Promise<Person> {
  const email = `${name}@example.com`;
  const identity = { issuer: testIssuer, subject: name, email, emailVerified: true, name };
  return { kind: "user", userId: (await ensureUser(world.context, identity)).userId, email };
}

/** The other fields of the procedures that take an id besides the organization's: mine, so that only one is not. */
const samples: Readonly<Record<string, (mine: Things) => Record<string, unknown>>> = {
  "apiKeys.revoke": () => ({}),
  "apiKeys.rotate": () => ({}),
  "conversations.assign": ({ cnv, usr }) => ({ conversationId: cnv, userId: usr }),
  "conversations.close": () => ({}),
  "conversations.get": () => ({}),
  "conversations.list": () => ({}),
  "conversations.reopen": () => ({}),
  "invites.resend": () => ({}),
  "invites.revoke": () => ({}),
  "members.remove": () => ({}),
  "members.setRole": () => ({ role: "member" }),
  "organizations.transfer": () => ({}),
  "profiles.create": () => ({ name: "Profile" }),
  "profiles.delete": () => ({}),
  "profiles.get": () => ({}),
  "profiles.list": () => ({}),
  "profiles.update": ({ prf, usr }) => ({ profileId: prf, userId: usr }),
  "webhooks.delete": () => ({}),
  "webhooks.deliveries": () => ({}),
  "webhooks.get": () => ({}),
  "webhooks.redeliver": ({ whk, evt }) => ({ webhookId: whk, eventId: evt }),
  "webhooks.rotate": () => ({}),
  "webhooks.test": () => ({}),
  "webhooks.update": () => ({ description: "Mine" }),
};

/** Procedures whose ids are judged elsewhere, each with the reason. */
const exempt: Readonly<Record<string, string>> = {
  "usage.consume": "called with a key: usage.int.test.ts shows that any other memberId is not_a_member",
  "users.get": "accounts are no organization's: the SaaS's own back end reads any",
  "usage.reserve":
    "called with a key: reservations.int.test.ts shows that any other memberId is not_a_member",
  "usage.commit":
    "called with a key: reservations.int.test.ts shows that a foreign one is resource_not_found",
  "usage.release":
    "called with a key: reservations.int.test.ts shows that a foreign one is resource_not_found",
  "usage.void": "called with a key: reservations.int.test.ts shows that a foreign one is resource_not_found",
  "usage.record": "called with a key: usage.int.test.ts shows that any other memberId is not_a_member",
};

type Field = { procedure: Declared; field: string; prefix: IdPrefix };

/** Every field of every procedure's input that holds an id, at any depth, the organization's own excepted. */
function idFields(): Field[] {
  return proceduresOf(appRouter).flatMap((procedure) => {
    const schema = z.toJSONSchema(procedure.input, { io: "input", unrepresentable: "any" });
    return idsIn(schema, "").map((found) => ({ procedure, ...found }));
  });
}

function idsIn(schema: object, field: string): { field: string; prefix: IdPrefix }[] {
  const { pattern = "" } = schema as { pattern?: string };
  const prefix = /^\^([a-z]{3})_\[0-9a-f\]/.exec(pattern)?.[1];
  if (prefix !== undefined) return prefix === "org" ? [] : [{ field, prefix: prefix as IdPrefix }];
  return Object.entries(schema).flatMap(([key, inner]) => {
    if (typeof inner !== "object" || inner === null) return [];
    if (key !== "properties") return idsIn(inner, field);
    const named = Object.entries(inner as Record<string, object>);
    return named.flatMap(([name, one]) => idsIn(one, field === "" ? name : `${field}.${name}`));
  });
}

/** What was answered, whoever it was asked about. */
function blind(answer: { status: number; body: string }, id: string) {
  const body = answer.body.replaceAll(id, "<id>").replace(/"requestId":"[^"]*"/, '"requestId":"<request>"');
  return { status: answer.status, body };
}

const fields = idFields();
const aboutOrganizations = proceduresOf(appRouter).filter(({ meta }) => meta.permission?.includes("."));

test("every procedure with an id has a sample, or a reason", () => {
  const known = [...Object.keys(samples), ...Object.keys(exempt)].sort();
  expect([...new Set(fields.map(({ procedure }) => procedure.name))].sort()).toEqual(known);
});

describe.each(["as it is", "by row-level security alone"])("a foreign id, %s", (which) => {
  test.each(fields.filter(({ procedure }) => procedure.name in samples))(
    "$procedure.name: $field answers like one that does not exist, and leaves no trace",
    async ({ procedure, field, prefix }) => {
      const { url } = servers[which] as HttpServer;
      const [missing, foreign] = [encodeId(prefix, uuidv7()), theirs[prefix] ?? ""];
      expect(foreign).not.toBe("");
      const input = (id: string) => ({
        organizationId: mine.org,
        ...samples[procedure.name]?.(mine),
        [field]: id,
      });
      const before = await tenantRows(world.scratch.admin);
      const expected = blind(await ask(url, procedure, asMine, input(missing)), missing);
      if (procedure.type === "mutation") expect(expected.status).toBeGreaterThanOrEqual(400);
      expect(blind(await ask(url, procedure, asMine, input(foreign)), foreign)).toEqual(expected);
      expect(await tenantRows(world.scratch.admin)).toEqual(before);
    },
  );

  test.each(aboutOrganizations)(
    "$name: a foreign organization answers like one that does not exist",
    async (procedure) => {
      const { url } = servers[which] as HttpServer;
      const missing = encodeId("org", uuidv7());
      const at = async (id: string) =>
        blind(await ask(url, procedure, asMine, { organizationId: id, unknownField: 1 }), id);
      const expected = await at(missing);
      expect(expected.status).toBe(404);
      expect(await at(theirs.org)).toEqual(expected);
    },
  );
});

describe("the sweep is not blind", () => {
  test("the second server's statements have no filter of their own", () => {
    const { sql } = withoutTenantFilter(world.context.db.kysely)
      .selectFrom("invite")
      .select("id")
      .where("organization_id", "=", mine.org)
      .where("id", "=", mine.org)
      .compile();
    expect(sql).toBe('select "id" from "invite" where "id" = $1');
  });

  test.each([
    ["apiKeys.revoke", "keyId", "key"],
    ["invites.revoke", "inviteId", "inv"],
    ["members.remove", "userId", "usr"],
  ] as const)("one's own id is found: %s", async (name, field, prefix) => {
    const { url } = servers["as it is"] as HttpServer;
    const input = { organizationId: mine.org, [field]: mine[prefix] };
    expect((await ask(url, { name, type: "mutation" }, asMine, input)).status).toBe(200);
  });
});
