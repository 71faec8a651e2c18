import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { sendOutboxMail } from "@headroom/service/notifications";
import { createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRouteTable } from "./rest/table.ts";
import { appRouter } from "./router.ts";
import { serveWorld, type WorldServer } from "./testing/live-server.ts";

let world: World;
let api: WorldServer;
let stopPostman: () => Promise<void>;

beforeAll(async () => {
  world = await createWorld();
  await world.seats(3);
  stopPostman = await startPostman();
  api = await serveWorld(world.context);
});
afterAll(async () => {
  await api?.close();
  await stopPostman?.();
  await world?.close();
});

/** The worker's part: takes up each mail that is written down; there is no mailer, so it is skipped. */
async function startPostman() {
  const db = await world.scratch.connect("hr_worker");
  let stopped = false;
  const rounds = (async () => {
    while (!stopped) {
      const { rows } = await world.scratch.admin.query<{ organizationId: string; id: string }>(
        `select organization_id as "organizationId", id from headroom.outbox where status = 'pending'`,
      );
      for (const job of rows) {
        await sendOutboxMail({ ...world.context, db, mail: null }, job);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return () => {
    stopped = true;
    return rounds;
  };
}

const call: WorldServer["call"] = (...request) => api.call(...request);

test("a team's life over REST: every answer has its published shape", async () => {
  const created = await call("ada", "POST", "/organizations", {
    organization_name: "Acme",
    domain: "acme.com",
  });
  expect(created).toMatchObject({ status: 201, body: { name: "Acme", domain: "acme.com", role: "owner" } });
  const id = created.body.id;

  expect(await call("ada", "GET", "/organizations")).toMatchObject({
    status: 200,
    body: { organizations: [{ id }], active_organization_id: id, next_cursor: null },
  });
  expect(await call("ada", "GET", "/organizations/current")).toMatchObject({
    status: 200,
    body: {
      organization: { id },
      members: [{ role: "owner" }],
      usage: [{ meter: "pages", monthly_used: 0 }],
    },
  });
  const updated = await call("ada", "PUT", `/organizations/${id}`, {
    settings: { time_zone: "Europe/Paris" },
  });
  expect(updated).toMatchObject({
    status: 200,
    body: { name: "Acme", settings: { time_zone: "Europe/Paris" } },
  });
  expect(await call("ada", "GET", "/organizations/current")).toMatchObject({ status: 200 });

  const invited = await call("ada", "POST", `/organizations/${id}/invites`, { email: "bob@example.com" });
  expect(invited).toMatchObject({
    status: 201,
    body: { role: "member", email_delivery: "skipped", status: "pending" },
  });
  const token = new URL(invited.body.invite_url).searchParams.get("token");
  expect(await call(null, "GET", `/invites/preview?token=${token}`)).toMatchObject({
    status: 200,
    body: { organization: { name: "Acme" }, email: "b***@example.com", state: "pending" },
  });
  expect(await call("eve", "POST", "/invites/accept", { token })).toMatchObject({
    status: 403,
    body: { code: "invite_email_mismatch" },
  });
  expect(await call("bob", "POST", "/invites/accept", { token })).toMatchObject({
    status: 200,
    body: { active_organization_set: true, organization: { id, role: "member" } },
  });

  const second = await call("ada", "POST", "/organizations/current/invites", { email: "carol@example.com" });
  const members = await call("bob", "GET", "/organizations/current/members");
  expect(members).toMatchObject({
    status: 200,
    body: { members: [{ role: "owner" }, { role: "member" }], invites: [{ id: second.body.id }] },
  });
  const full = await call("ada", "POST", `/organizations/${id}/invites`, { email: "dan@example.com" });
  expect(full).toMatchObject({
    status: 402,
    body: { code: "seat_limit_reached", details: { limit: 3, members: 2, pending: 1, upgrade_plans: [] } },
  });
  expect(await call("ada", "GET", `/organizations/${id}/invites`)).toMatchObject({
    body: { invites: [{ email: "carol@example.com" }] },
  });
  const revoked = await call("ada", "DELETE", `/organizations/${id}/invites/${second.body.id}`);
  expect(revoked).toMatchObject({ status: 200, body: { status: "revoked" } });

  const bob = members.body.current_user_id;
  const promoted = await call("ada", "PATCH", `/organizations/${id}/members/${bob}`, { role: "admin" });
  expect(promoted).toMatchObject({ status: 200, body: { id: bob, role: "admin" } });
  const key = await call("bob", "POST", `/organizations/${id}/api-keys`, {
    name: "CI",
    scopes: ["members:read"],
    personal: true,
  });
  expect(key).toMatchObject({
    status: 201,
    body: { member_id: bob, secret: expect.stringMatching(/^hr_test_/) },
  });
  expect(await call(key.body.secret, "GET", "/organizations/current/members")).toMatchObject({ status: 200 });
  const keys = await call("ada", "GET", `/organizations/${id}/api-keys`);
  expect(keys).toMatchObject({ status: 200, body: { api_keys: [{ id: key.body.id }] } });

  const removed = await call("ada", "DELETE", `/organizations/${id}/members/${bob}`);
  expect(removed).toMatchObject({
    status: 200,
    body: { organization: { id }, members: [{ role: "owner" }] },
  });
  expect(await call(key.body.secret, "GET", "/organizations/current/members")).toMatchObject({ status: 401 });
  expect(await call("bob", "GET", "/me")).toMatchObject({ body: { user: { active_organization_id: null } } });
  expect(await call("bob", "GET", `/organizations/${id}`)).toMatchObject({ status: 404 });
  expect(await call("ada", "DELETE", `/organizations/${id}/api-keys/${key.body.id}`)).toMatchObject({
    status: 200,
  });
  expect(await call("ada", "POST", `/organizations/${id}/leave`)).toMatchObject({
    status: 409,
    body: { code: "last_owner" },
  });
  const audit = await call("ada", "GET", `/organizations/${id}/audit?limit=3`);
  expect(audit.body.entries.map(({ action }: { action: string }) => action)).toEqual([
    "member.removed",
    "api_key.created",
    "member.role_changed",
  ]);
  const older = await call("ada", "GET", `/organizations/${id}/audit?cursor=${audit.body.next_cursor}`);
  expect(older.body.entries.at(-1)).toMatchObject({ seq: 1, action: "organization.created" });

  const other = await call("ada", "POST", "/organizations", { name: "Second" });
  expect(other.status).toBe(201);
  expect(await call("ada", "POST", "/organizations/switch", { organization_id: id })).toMatchObject({
    status: 200,
    body: { active_organization_id: id },
  });
});

test("Idempotency-Key creates once", async () => {
  const create = (name: string, key: string) =>
    call("ida", "POST", "/organizations", { name }, { "idempotency-key": key });
  const first = await create("Once", "first");
  expect(await create("Once", "first")).toEqual(first);
  expect(await create("Twice", "first")).toMatchObject({
    status: 409,
    body: { code: "idempotency_mismatch" },
  });
  expect(await create("Once", "a b")).toMatchObject({ status: 400 });
});

test.each([
  ["no name", {}],
  ["both names", { name: "A", organization_name: "A" }],
  ["an unknown field", { name: "A", plan: "pro" }],
  ["a control character", { name: "A\u0000" }],
  ["a long name", { name: "x".repeat(101) }],
])("creating with %s is 400", async (_, body) => {
  expect(await call("ada", "POST", "/organizations", body)).toMatchObject({
    status: 400,
    body: { code: "validation_failed" },
  });
});

describe("every procedure about an organization", () => {
  const operations = createRouteTable(appRouter).operations.flatMap(({ paths, methods, procedure, meta }) =>
    paths
      .filter((path) => path.includes("{organization_id}"))
      .flatMap((path) => methods.map((method) => ({ path, method, procedure, meta }))),
  );

  test("is among those asked", () => {
    expect(operations.length).toBeGreaterThan(14);
  });

  test.each(operations)(
    "$method $path is closed to strangers, and to the unknown",
    async ({ path, method }) => {
      const { body } = await call("owner", "POST", "/organizations", { name: "Closed" });
      const at = (organization: string) =>
        path
          .replace("{organization_id}", organization)
          .replace("{user_id}", encodeId("usr", uuidv7()))
          .replace("{invite_id}", encodeId("inv", uuidv7()))
          .replace("{key_id}", encodeId("key", uuidv7()))
          .replace("{profile_id}", encodeId("prf", uuidv7()))
          .replace("{conversation_id}", encodeId("cnv", uuidv7()));
      const withBody = method === "GET" ? undefined : {};
      expect(await call(null, method, at(body.id), withBody)).toMatchObject({ status: 401 });
      const foreign = await call("stranger", method, at(body.id), withBody);
      const unknown = await call("stranger", method, at(encodeId("org", uuidv7())), withBody);
      // An operator's procedures are closed before it is asked which organization they are about.
      const refusal = path.startsWith("/operator/")
        ? { status: 403, body: { code: "forbidden" } }
        : { status: 404, body: { code: "organization_not_found" } };
      expect(foreign).toMatchObject(refusal);
      expect({ ...foreign.body, request_id: "" }).toEqual({ ...unknown.body, request_id: "" });
    },
  );
});
