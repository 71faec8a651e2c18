import { purgeOrganizations } from "@headroom/service/organization-deletion";
import { createPlatformKey } from "@headroom/service/platform-keys";
import { createWorld, invite, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRouteTable } from "./rest/table.ts";
import { appRouter } from "./router.ts";
import { serveWorld, type WorldServer } from "./testing/live-server.ts";

let world: World;
let api: WorldServer;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(10);
  api = await serveWorld(world.context);
});
afterAll(async () => {
  await api?.close();
  await world?.close();
});

const rows = async (sql: string, ...values: unknown[]) => (await world.scratch.admin.query(sql, values)).rows;

const purge = async () =>
  purgeOrganizations({ ...world.context, db: await world.scratch.connect("hr_worker") });

/** Tables whose rows belong to a tenant, and the column that says to which. */
const tenantTables = () =>
  rows(`select c.relname as name, case c.relname when 'organization' then 'id' else 'organization_id' end as key
    from pg_class c where c.relnamespace = 'headroom'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and (c.relname = 'organization' or exists (select from pg_attribute a
        where a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped)) order by 1`);

/** How many rows each tenant table has of an organization; tables without one are left out. */
async function countRows(id: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name, key } of await tenantTables()) {
    const [row] = await rows(`select count(*)::int as n from headroom.${name} where ${key} = $1`, id);
    if (row.n > 0) counts[name] = row.n;
  }
  return counts;
}

/** An organization with a member, a key that has consumed, an invite and its mail. */
async function busy(owner: string, slug: string) {
  const { body } = await api.call(owner, "POST", "/organizations", { name: slug, slug });
  const path = `/organizations/${body.id}`;
  const raw = String(body.id).slice("org_".length);
  const [account] = await rows("select id from headroom.account where subject = $1", owner);
  const inviter = { kind: "user", userId: account.id } as const;
  const invited = async (name: string) =>
    (await invite(world.context, raw, inviter, `${slug}-${name}@example.com`)).token;
  const joined = await invited("member");
  await api.call(`${slug}-member`, "POST", "/invites/accept", { token: joined });
  const open = await invited("guest");
  const keyInput = { name: "back end", scopes: ["usage:write", "organizations:read"] };
  const key = await createOrganizationKey(body.id, keyInput.scopes);
  const event = { organization_id: body.id, quantity: 5, idempotency_key: slug };
  expect(await api.call(key, "POST", "/usage/consume", event)).toMatchObject({ status: 200 });
  return { id: body.id as string, raw, path, key, joined, open };
}

// Only an operator puts usage:write on a key, so it is put there past the services.
async function createOrganizationKey(organization: string, scopes: string[]): Promise<string> {
  const key = await createPlatformKey(world.context, { name: "moved", scopes: ["usage:write"] });
  const id = key.id.slice("key_".length);
  await rows(
    `insert into headroom.api_key (organization_id, id, name, scopes, secret_prefix, created_at)
     values ($1, $2, 'back end', $3, 'hr', now())`,
    organization.slice("org_".length),
    id,
    scopes,
  );
  await rows(
    "update headroom.api_key_hash set organization_id = $1 where api_key_id = $2",
    organization.slice("org_".length),
    id,
  );
  return key.secret;
}

describe("deleting", () => {
  test("needs the owner, and the slug, in the query or the body", async () => {
    const { path } = await busy("dora", "melon");
    expect(await api.call("melon-member", "DELETE", `${path}?slug=melon`)).toMatchObject({ status: 403 });
    expect(await api.call("stranger", "DELETE", `${path}?slug=melon`)).toMatchObject({ status: 404 });
    for (const wrong of [`${path}`, `${path}?slug=lemon`, `${path}?slug=Melon`]) {
      expect(await api.call("dora", "DELETE", wrong)).toMatchObject({
        status: 400,
        body: { code: "validation_failed", details: { issues: [{ path: "slug" }] } },
      });
    }
    expect(await api.call("dora", "GET", path)).toMatchObject({ status: 200 });
    const deleted = await api.call("dora", "DELETE", path, { slug: "melon" });
    expect(deleted).toMatchObject({ status: 200, body: { organization_id: path.split("/").at(-1) } });
    const { deleted_at: from, purge_at: to } = deleted.body;
    expect(Date.parse(to) - Date.parse(from)).toBe(30 * 86_400_000);
    expect(await api.call("dora", "DELETE", path, { slug: "melon" })).toMatchObject({ status: 404 });
  });

  test("is at once for every procedure, key and link, and leaves the slug taken", async () => {
    const { id, raw, path, key, joined, open } = await busy("erin", "grape");
    const before = await busy("erin", "other");
    await api.call("erin", "POST", "/organizations/switch", { organization_id: id });
    expect(await api.call("erin", "DELETE", `${path}?slug=grape`)).toMatchObject({ status: 200 });

    const operations = createRouteTable(appRouter).operations.flatMap(({ paths, methods }) =>
      paths.flatMap((template) => methods.map((method) => ({ template, method }))),
    );
    const about = operations.filter(({ template }) => template.includes("{organization_id}"));
    expect(about.length).toBeGreaterThan(18);
    const nil = "01890000-0000-7000-8000-000000000000";
    for (const { template, method } of about) {
      const at = template
        .replace("{organization_id}", id)
        .replace("{user_id}", `usr_${nil}`)
        .replace("{invite_id}", `inv_${nil}`)
        .replace("{key_id}", `key_${nil}`)
        .replace(/\{\w+\}/, nil);
      for (const person of ["erin", "grape-member"]) {
        const answer = await api.call(person, method, at, method === "GET" ? undefined : {});
        const refusal = at.startsWith("/operator/") ? [403, "forbidden"] : [404, "organization_not_found"];
        expect([method, at, answer.status, answer.body.code]).toEqual([method, at, ...refusal]);
      }
    }
    const switched = await api.call("erin", "POST", "/organizations/switch", { organization_id: id });
    expect(switched).toMatchObject({ status: 404 });
    expect(await api.call(key, "GET", path)).toMatchObject({ status: 401 });
    const event = { organization_id: id, quantity: 1, idempotency_key: "after" };
    expect(await api.call(key, "POST", "/usage/consume", event)).toMatchObject({ status: 401 });
    for (const token of [joined, open]) {
      expect(await api.call(null, "GET", `/invites/preview?token=${token}`)).toMatchObject({
        status: 404,
        body: { code: "invite_not_found" },
      });
    }
    const late = await api.call("grape-guest", "POST", "/invites/accept", { token: open });
    expect(late).toMatchObject({ status: 404, body: { code: "invite_not_found" } });

    for (const person of ["erin", "grape-member"]) {
      const { body } = await api.call(person, "GET", "/organizations");
      expect(body.active_organization_id).toBeNull();
      const ids = body.organizations.map((one: { id: string }) => one.id);
      expect(ids).toEqual(person === "erin" ? [before.id] : []);
    }
    expect(await api.call("zoe", "POST", "/organizations", { name: "x", slug: "grape" })).toMatchObject({
      status: 409,
      body: { code: "slug_taken" },
    });
    expect(await api.call("erin", "GET", before.path)).toMatchObject({ status: 200 });
    const [entry] = await rows(
      "select action, data from headroom.audit_entry where organization_id = $1 order by seq desc limit 1",
      raw,
    );
    expect(entry).toMatchObject({
      action: "organization.deleted",
      data: { slug: "grape", keysRevoked: 1, invitesRevoked: 1 },
    });
    const events = await rows(
      "select name from headroom.event where organization_id = $1 order by seq desc limit 1",
      raw,
    );
    expect(events).toEqual([{ name: "organization.deleted" }]);
  });

  test("twice at once deletes once", async () => {
    const { path, raw } = await busy("finn", "peach");
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.call("finn", "DELETE", `${path}?slug=peach`)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(404)]);
    const entries = await rows(
      "select from headroom.audit_entry where organization_id = $1 and action = 'organization.deleted'",
      raw,
    );
    expect(entries).toHaveLength(1);
  });
});

describe("the purge", () => {
  test("deletes every row of the organization 30 days later, frees the slug, and touches no other", async () => {
    const { raw, path } = await busy("gina", "quince");
    const other = await busy("gina", "cherry");
    await rows("update headroom.usage_partition set sealed_at = null");
    await rows(
      `insert into headroom.http_idempotency (scope_id, actor, procedure, key, payload_hash, status)
       values ($1, 'user:x', 'invites.create', 'k', '\\x00', 200)`,
      raw,
    );
    const untouched = await countRows(other.raw);
    await api.call("gina", "DELETE", `${path}?slug=quince`);
    await rows("update headroom.usage_period set closed_at = now() where organization_id = $1", raw);
    const kept = await countRows(raw);
    expect(Object.keys(kept)).toEqual(
      expect.arrayContaining(["api_key_hash", "audit_entry", "event", "invite", "membership", "usage_event"]),
    );
    try {
      await rows("update headroom.dev_clock set clock_offset = '29 days 23 hours'");
      expect(await purge()).toEqual({ purged: 0 });
      expect(await countRows(raw)).toEqual(kept);
      await rows("update headroom.dev_clock set clock_offset = '30 days 1 second'");
      const runs = await Promise.all([purge(), purge(), purge()]);
      expect(Math.max(...runs.map(({ purged }) => purged))).toBeGreaterThan(0);
    } finally {
      await rows("update headroom.dev_clock set clock_offset = '0'");
    }
    expect(await countRows(raw)).toEqual({});
    expect(await rows("select from headroom.http_idempotency where scope_id = $1", raw)).toEqual([]);
    expect(await countRows(other.raw)).toEqual(untouched);
    const again = await api.call("hugo", "POST", "/organizations", { name: "New", slug: "quince" });
    expect(again).toMatchObject({ status: 201, body: { slug: "quince" } });
  });

  test("takes a large organization's events in lots", async () => {
    const { raw, path } = await busy("ivan", "papaya");
    await rows(
      `insert into headroom.usage_event select (jsonb_populate_record(u, jsonb_build_object('key', 'k' || n))).*
       from headroom.usage_event u, generate_series(1, 30) n where u.organization_id = $1`,
      raw,
    );
    await api.call("ivan", "DELETE", `${path}?slug=papaya`);
    await rows("update headroom.usage_period set closed_at = now() where organization_id = $1", raw);
    await rows("update headroom.organization set purge_at = now() where id = $1", raw);
    const call = () => rows("select headroom.purge_organization($1, 10) as done", raw);
    const left = () =>
      rows("select count(*)::int as n from headroom.usage_event where organization_id = $1", raw);
    expect([await call(), await left()]).toEqual([[{ done: false }], [{ n: 21 }]]);
    expect([await call(), await call()]).toEqual([[{ done: false }], [{ done: false }]]);
    expect(await rows("select from headroom.organization where id = $1", raw)).toHaveLength(1);
    expect([await call(), await countRows(raw)]).toEqual([[{ done: true }], {}]);
  });

  test.each([
    ["overage is still to be sent", "overage"],
    ["a period is not counted", "period"],
    ["a subscription would go on charging", "subscription"],
  ])("waits while %s", async (_, what) => {
    const { raw, path } = await busy(`jo-${what}`, `plum-${what}`);
    await api.call(`jo-${what}`, "DELETE", `${path}?slug=plum-${what}`);
    await rows("update headroom.usage_period set closed_at = now() where organization_id = $1", raw);
    await rows("update headroom.organization set purge_at = now() where id = $1", raw);
    const hinder: Record<string, string[]> = {
      overage: [
        `insert into headroom.overage (organization_id, id, meter, period_start, period_end, plan_id, plan_version,
           quantity, unit_price, currency, amount, created_at)
         values ($1, gen_random_uuid(), 'pages', now(), now(), 'free', 1, 1, 1, 'usd', 1, now())`,
        "update headroom.overage set status = 'sent' where organization_id = $1",
      ],
      period: [
        "update headroom.usage_period set closed_at = null where organization_id = $1",
        "update headroom.usage_period set closed_at = now() where organization_id = $1",
      ],
      subscription: [
        `update headroom.subscription set stripe_subscription_id = 'sub_1', stripe_status = 'active'
         where organization_id = $1`,
        "update headroom.subscription set cancel_at = now() where organization_id = $1",
      ],
    };
    const [begin = "", end = ""] = hinder[what] ?? [];
    await rows(begin, raw);
    await purge();
    await rows("select headroom.purge_organization($1, 10)", raw);
    expect(await rows("select from headroom.organization where id = $1", raw)).toHaveLength(1);
    await rows(end, raw);
    await purge();
    expect(await countRows(raw)).toEqual({});
  });

  test("never takes an organization that lives", async () => {
    const { raw } = await busy("kim", "fig-tree");
    await rows("update headroom.organization set purge_at = now() where id = $1", raw);
    await purge();
    await rows("select headroom.purge_organization($1, 10)", raw);
    expect(Object.keys(await countRows(raw))).toContain("organization");
  });
});
