import { grantFeature, revokeFeature } from "@headroom/service/features";
import { createPlatformKey } from "@headroom/service/platform-keys";
import { createWorld, type PolicyChanges, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveWorld, testIssuer, type WorldServer } from "./testing/live-server.ts";

let world: World;
let api: WorldServer;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(20);
  api = await serveWorld(world.context);
});
afterAll(async () => {
  await api?.close();
  await world?.close();
});

const rows = async (sql: string, ...values: unknown[]) => (await world.scratch.admin.query(sql, values)).rows;

const rawOf = (view: { id: string }) => view.id.slice("org_".length);

describe.each(["PATCH", "PUT"])("%s", (method) => {
  test("changes the given fields and settings only; a billing e-mail of null clears it", async () => {
    const created = await api.call("ada", "POST", "/organizations", {
      name: "Kiwi",
      domain: "kiwi.example",
      settings: { time_zone: "Europe/Rome", billing_email: " Pay@kiwi.example " },
    });
    const settings = { time_zone: "Europe/Rome", billing_email: "Pay@kiwi.example" };
    expect(created).toMatchObject({ status: 201, body: { settings } });
    const path = `/organizations/${created.body.id}`;
    const change = async (input: object) => (await api.call("ada", method, path, input)).body;
    expect(await change({ name: "Lime" })).toMatchObject({ name: "Lime", domain: "kiwi.example", settings });
    expect(await change({ settings: { time_zone: "Asia/Tokyo" } })).toMatchObject({
      name: "Lime",
      settings: { time_zone: "Asia/Tokyo", billing_email: "Pay@kiwi.example" },
    });
    expect(await change({ settings: {} })).toMatchObject({ settings: { billing_email: "Pay@kiwi.example" } });
    expect(await change({ settings: { billing_email: null } })).toMatchObject({
      settings: { time_zone: "Asia/Tokyo", billing_email: null },
    });
    const [event] = await rows(
      "select payload from headroom.event where organization_id = $1 order by seq desc limit 1",
      rawOf(created.body),
    );
    expect(event).toEqual({ payload: { fields: ["billingEmail"] } });
  });

  test.each([
    ["an address that is none", { settings: { billing_email: "nobody" } }, "settings.billing_email"],
    ["an unknown setting", { settings: { currency: "usd" } }, "settings"],
    ["a reserved slug", { slug: "admin" }, "slug"],
    ["a null name", { name: null }, "name"],
  ])("refuses %s", async (_, input, path) => {
    const { body } = await api.call("ada", "POST", "/organizations", { name: "Plum" });
    expect(await api.call("ada", method, `/organizations/${body.id}`, input)).toMatchObject({
      status: 400,
      body: { code: "validation_failed", details: { issues: [{ path }] } },
    });
  });
});

test("the billing e-mail stands in the audit trail as a digest, beside its erasable text", async () => {
  const { body } = await api.call("ada", "POST", "/organizations", { name: "Pear" });
  const path = `/organizations/${body.id}`;
  await api.call("ada", "PATCH", path, { settings: { billing_email: "one@pear.example" } });
  await api.call("ada", "PATCH", path, { settings: { billing_email: "two@pear.example" } });
  const entries = await rows(
    "select data from headroom.audit_entry where organization_id = $1 order by seq desc limit 2",
    rawOf(body),
  );
  expect(JSON.stringify(entries)).not.toContain("pear.example");
  expect(entries[0].data).toEqual({
    billingEmailFrom: { digest: expect.any(String) },
    billingEmailTo: { digest: expect.any(String) },
  });
  const texts = await rows(
    "select field, value from headroom.audit_personal where organization_id = $1 order by seq, field",
    rawOf(body),
  );
  expect(texts).toEqual([
    { field: "billingEmailTo", value: "one@pear.example" },
    { field: "billingEmailFrom", value: "one@pear.example" },
    { field: "billingEmailTo", value: "two@pear.example" },
  ]);
});

async function under(changes: PolicyChanges, work: (served: WorldServer) => Promise<void>): Promise<void> {
  const served = await serveWorld(world.under(changes));
  try {
    await work(served);
  } finally {
    await served.close();
  }
}

test.each(["admins", "owner"] as const)("organizations.identityBy: %s", async (identityBy) => {
  await under({ organizations: { identityBy } }, async (served) => {
    const { body } = await served.call("ivy", "POST", "/organizations", { name: "Ivy" });
    const id = rawOf(body);
    const admin = `ivy-${identityBy}`;
    await served.call(admin, "GET", "/me");
    await rows(
      `insert into headroom.membership (organization_id, id, user_id, role, created_at, updated_at)
       select $1, gen_random_uuid(), id, 'admin', now(), now() from headroom.account where subject = $2`,
      id,
      admin,
    );
    const path = `/organizations/${body.id}`;
    const status = identityBy === "admins" ? 200 : 403;
    for (const input of [{ name: "New" }, { slug: `new-${identityBy}` }, { domain: "new.example" }]) {
      expect([input, (await served.call(admin, "PATCH", path, input)).status]).toEqual([input, status]);
      expect((await served.call("ivy", "PATCH", path, input)).status).toBe(200);
    }
    const settings = { time_zone: "Asia/Tokyo", billing_email: "a@b.example" };
    expect((await served.call(admin, "PATCH", path, { settings })).status).toBe(200);
    // One field that is not theirs refuses the whole, and leaves no trace.
    const both = { name: "Half", settings: { time_zone: "UTC" } };
    expect((await served.call(admin, "PATCH", path, both)).status).toBe(status);
    const after = await served.call("ivy", "GET", path);
    expect(after.body.settings.time_zone).toBe(identityBy === "admins" ? "UTC" : "Asia/Tokyo");
  });
});

describe("organizations.createRequires", () => {
  const policy: PolicyChanges = { organizations: { createRequires: "organizations" } };
  const asWorker = async () => ({
    ...world.context,
    db: await world.scratch.connect("hr_worker"),
    configuration: { ...world.context.configuration, plans: { max: featured as never } },
  });
  const featured = { displayName: "Max", features: { organizations: true } };

  beforeAll(async () => {
    await world.make.plan("max", {}, { isDefault: false });
    const plain = { displayName: "Free", features: {} };
    await rows(
      "update headroom.plan set definition = definition || $1 where id = 'free'",
      JSON.stringify(plain),
    );
    await rows(
      "update headroom.plan set definition = definition || $1 where id = 'max'",
      JSON.stringify(featured),
    );
  });

  const create = (served: WorldServer, who: string) =>
    served.call(who, "POST", "/organizations", { name: who });
  const userOf = async (subject: string): Promise<string> =>
    (await rows("select id from headroom.account where subject = $1", subject))[0].id;

  test("402 with the feature and the plans that have it, and nothing is made", async () => {
    await under(policy, async (served) => {
      expect(await create(served, "lea")).toMatchObject({
        status: 402,
        body: {
          code: "plan_required",
          details: {
            feature: "organizations",
            upgrade_plans: [{ plan_id: "max", display_name: "Max" }],
          },
        },
      });
      expect((await served.call("lea", "GET", "/organizations")).body.organizations).toEqual([]);
    });
  });

  test("an organization that one owns, with the feature in the plan in force now, is enough", async () => {
    const { body } = await create(api, "max");
    const id = rawOf(body);
    await api.call("guest", "GET", "/me");
    await rows(
      `insert into headroom.membership (organization_id, id, user_id, role, created_at, updated_at)
       select $1, gen_random_uuid(), id, 'admin', now(), now() from headroom.account where subject = 'guest'`,
      id,
    );
    await under(policy, async (served) => {
      const subscribe = (until: string | null) =>
        rows(
          "update headroom.subscription set plan_id = 'max', plan_version = 1, limits_until = $2 where organization_id = $1",
          id,
          until,
        );
      expect((await create(served, "max")).status).toBe(402);
      await subscribe(null);
      expect((await create(served, "max")).status).toBe(201);
      expect((await create(served, "guest")).status).toBe(402);
      await subscribe("2020-01-01");
      expect((await create(served, "max")).status).toBe(402);
      await subscribe("2099-01-01");
      expect((await create(served, "max")).status).toBe(201);
      await served.call("max", "DELETE", `/organizations/${body.id}`, { slug: body.slug });
      expect((await create(served, "max")).status).toBe(402);
    });
    await under({ ...policy, roles: { creator: "admin" } }, async (served) => {
      const { body: shared } = await create(api, "max");
      await rows(
        "update headroom.subscription set plan_id = 'max', plan_version = 1 where organization_id = $1",
        rawOf(shared),
      );
      await rows(
        `insert into headroom.membership (organization_id, id, user_id, role, created_at, updated_at)
         select $1, gen_random_uuid(), id, 'admin', now(), now() from headroom.account where subject = 'guest'`,
        rawOf(shared),
      );
      expect((await create(served, "guest")).status).toBe(201);
    });
  });

  test("a feature that is false, 0 or empty in the plan is not held", async () => {
    const { body } = await create(api, "falsy");
    await rows(
      "update headroom.subscription set plan_id = 'max', plan_version = 1 where organization_id = $1",
      rawOf(body),
    );
    await under(policy, async (served) => {
      for (const value of [false, 0, ""]) {
        const definition = { displayName: "Max", features: { organizations: value } };
        await rows(
          "update headroom.plan set definition = definition || $1 where id = 'max'",
          JSON.stringify(definition),
        );
        expect((await create(served, "falsy")).status).toBe(402);
      }
      await rows(
        "update headroom.plan set definition = definition || $1 where id = 'max'",
        JSON.stringify(featured),
      );
      expect((await create(served, "falsy")).status).toBe(201);
    });
  });

  test("a grant is enough while it stands", async () => {
    const worker = await asWorker();
    await api.call("mia", "GET", "/me");
    const grant = { userId: await userOf("mia"), feature: "organizations", operator: "kim" };
    await under(policy, async (served) => {
      await grantFeature(worker, grant);
      expect((await create(served, "mia")).status).toBe(201);
      await revokeFeature(worker, grant);
      expect((await create(served, "mia")).status).toBe(402);
      await grantFeature(worker, { ...grant, until: new Date(Date.now() + 60_000).toISOString() });
      expect((await create(served, "mia")).status).toBe(201);
      await rows("update headroom.dev_clock set clock_offset = '2 minutes'");
      expect((await create(served, "mia")).status).toBe(402);
      await rows("update headroom.dev_clock set clock_offset = '0'");
      expect((await create(served, "noa")).status).toBe(402);
    });
  });
});

test("a name that turns or hides text is refused wherever one is written; one that stands is read and left", async () => {
  const turned = "Acme\u202Egnp.exe";
  const { body: plain } = await api.call("ada", "POST", "/organizations", { name: "Plain" });
  const { secret } = await createPlatformKey(world.context, { name: "names", scopes: ["users:write"] });
  const writes: [string | null, string, string, object][] = [
    ["ada", "POST", "/organizations", { name: turned }],
    ["ada", "PATCH", `/organizations/${plain.id}`, { name: turned }],
    ["ada", "PUT", `/organizations/${plain.id}`, { name: turned }],
    ["ada", "POST", `/organizations/${plain.id}/api-keys`, { name: turned, scopes: ["usage:read"] }],
    [secret, "POST", "/users", { issuer: testIssuer, subject: "turned", name: turned }],
  ];
  for (const [caller, method, path, input] of writes) {
    expect(await api.call(caller, method, path, input)).toMatchObject({
      status: 400,
      body: {
        code: "validation_failed",
        details: { issues: [{ path: "name", message: expect.stringContaining("cannot be seen") }] },
      },
    });
  }
  expect(await rows("select 1 from headroom.account where subject = 'turned'")).toEqual([]);
  await rows("update headroom.organization set name = $1 where id = $2", turned, rawOf(plain));
  const change = { domain: "plain.example" };
  expect(await api.call("ada", "PATCH", `/organizations/${plain.id}`, change)).toMatchObject({
    status: 200,
    body: { name: turned, ...change },
  });
  const legitimate = "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645";
  const { body } = await api.call("ada", "PATCH", `/organizations/${plain.id}`, { name: legitimate });
  expect(body.name).toBe(legitimate);
});
