import { countStatements } from "@headroom/db/testing/statements";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type EntitlementsView, getEntitlements } from "./entitlements.ts";
import { handOn, withFeature } from "./testing/overrides.ts";
import { accessTo, createWorld, invite, type Person, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.make.plan(
    "pro",
    {
      pages: {
        dailyLimit: 1_000,
        included: 5_000,
        overage: { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage: 100, ceiling: null },
      },
    },
    { isDefault: false },
  );
  await world.scratch.admin.query(
    `update headroom.plan set definition = $1, display_name = 'Pro', seats_included = 9 where id = 'pro'`,
    [{ features: { support: "e-mail", exports: 3 } }],
  );
});
afterAll(() => world?.close());
beforeEach(() => world.make.setClock("2028-06-15T12:00:00Z"));

async function tenant() {
  const owner = await world.person();
  const id = await world.organization(owner);
  const access = await accessTo(world.context, owner, id, "billing.view");
  return { id, owner, get: () => getEntitlements(world.context, access) };
}

async function subscribe(id: string, more: Record<string, string | boolean | number> = {}) {
  const columns = {
    plan_id: "pro",
    plan_version: 1,
    source: "stripe",
    state: "active",
    overage_allowed: true,
  };
  const all = Object.entries({ ...columns, ...more });
  await world.scratch.admin.query(
    `update headroom.subscription set ${all.map(([name], index) => `${name} = $${index + 2}`).join(", ")}
     where organization_id = $1`,
    [id, ...all.map(([, value]) => value)],
  );
  await world.scratch.admin.query("select headroom.refresh_limits($1)", [id]);
}

test("tell plan, status, features, seats and limits in one statement", async () => {
  const { id, get } = await tenant();
  await subscribe(id);
  const { result, statements } = await countStatements(world.context.db, get);
  expect(statements).toHaveLength(1);
  expect(result).toEqual({
    planId: "pro",
    planVersion: 1,
    displayName: "Pro",
    status: "active",
    source: "stripe",
    features: { support: "e-mail", exports: 3 },
    seats: { limit: 9, members: 1, pending: 0, used: 1, available: 8, overLimit: false },
    meters: [{ meter: "pages", dailyLimit: 1_000, included: 5_000, maxOverage: 100, hardCap: 5_100 }],
    validUntil: null,
    etag: expect.stringMatching(/^[\w-]{43}$/),
  } satisfies EntitlementsView);
});

test("are the plan's under the overrides, of each kind", async () => {
  const { id, get } = await tenant();
  await subscribe(id);
  const hand = handOn(withFeature(withFeature(world.context, "exports"), "exports"), id);
  await hand.set("daily_limit", "pages", null);
  await hand.set("included", "pages", 20);
  await hand.set("seats", null, 0);
  await hand.set("feature", "exports", 30);
  expect(await get()).toMatchObject({
    features: { support: "e-mail", exports: 30 },
    seats: { limit: 0, available: 0, overLimit: true },
    meters: [{ dailyLimit: null, included: 20, maxOverage: 100, hardCap: 120 }],
  });
  await hand.set("included", "pages", null);
  expect((await get()).meters).toMatchObject([{ included: null, hardCap: null }]);
});

/** What changes an organization's entitlements, and by whom. */
const changes: [string, (given: { id: string; owner: Person }) => Promise<unknown>][] = [
  ["a plan", ({ id }) => subscribe(id)],
  ["an override of a limit", ({ id }) => handOn(world.context, id).set("daily_limit", "pages", 3)],
  ["seats bought", ({ id }) => subscribe(id, { seats_purchased: 2 })],
  [
    "a max overage",
    async ({ id }) => {
      await world.scratch.admin.query(
        "insert into headroom.max_overage values ($1, 'pages', 7, null, now())",
        [id],
      );
      await subscribe(id, { seats_purchased: 2 });
    },
  ],
  ["a member", ({ id, owner }) => world.join(id, owner)],
  ["an open invite", ({ id, owner }) => invite(world.context, id, owner, "eve@example.com")],
  [
    "an override's expiry",
    ({ id }) => handOn(world.context, id).set("seats", null, 40, { expiresAt: "2028-07-01T00:00:00Z" }),
  ],
  ["the end of that override", () => world.make.setClock("2028-07-01T00:00:00Z")],
  [
    "an override of a feature",
    ({ id }) => handOn(withFeature(world.context, "sso"), id).set("feature", "sso", true),
  ],
  ["its removal", ({ id }) => handOn(withFeature(world.context, "sso"), id).remove("feature", "sso")],
];

test("keep their tag while nothing changes, and have another after each change", async () => {
  const { id, owner, get } = await tenant();
  const seen: string[] = [(await get()).etag];
  for (const [what, change] of changes) {
    await change({ id, owner });
    const { etag } = await get();
    expect(seen[seen.length - 1], what).not.toBe(etag);
    expect((await get()).etag, what).toBe(etag);
    seen.push(etag);
  }
  // The last one took back what the one before it did.
  expect(seen.at(-1)).toBe(seen.at(-3));
});

test("say until when they hold: the first of what ends by itself", async () => {
  const { id, owner, get } = await tenant();
  const until = async () => (await get()).validUntil;
  expect(await until()).toBeNull();
  const hand = handOn(world.context, id);
  await hand.set("seats", null, 50);
  expect(await until()).toBeNull();
  await subscribe(id, { state: "trialing", trial_end: "2028-06-30T00:00:00Z" });
  expect(await until()).toBe("2028-06-30T00:00:00.000Z");
  await subscribe(id, { state: "past_due", limits_until: "2028-06-29T00:00:00Z" });
  expect(await until()).toBe("2028-06-29T00:00:00.000Z");
  await hand.set("daily_limit", "pages", 5, { expiresAt: "2028-06-25T00:00:00Z" });
  const sso = handOn(withFeature(world.context, "sso"), id);
  await sso.set("feature", "sso", true, { expiresAt: "2028-06-25T00:00:00Z" });
  expect((await get()).features).toMatchObject({ sso: true });
  expect(await until()).toBe("2028-06-25T00:00:00.000Z");
  await invite(world.context, id, owner, "eve@example.com");
  expect(await until()).toMatch(/^2028-06-22T12:00:/);
  await hand.set("seats", null, 40, { expiresAt: "2028-06-20T00:00:00Z" });
  expect(await until()).toBe("2028-06-20T00:00:00.000Z");

  // At each of these instants they are different, and told so without any job.
  const walk = [
    ["2028-06-20T00:00:00Z", { seats: { limit: 9 } }],
    ["2028-06-22T13:00:00Z", { seats: { pending: 0 } }],
    ["2028-06-25T00:00:00Z", { meters: [{ dailyLimit: 1_000 }] }],
    ["2028-06-29T00:00:00Z", { status: "restricted", planId: "free", seats: { limit: 5 } }],
  ] as const;
  for (const [at, expected] of walk) {
    const before = await get();
    await world.make.setClock(at);
    const after = await get();
    expect(after).toMatchObject(expected);
    expect(after.etag).not.toBe(before.etag);
  }
  expect(await get()).toMatchObject({ validUntil: null });
  expect((await get()).features).toEqual({});
});
