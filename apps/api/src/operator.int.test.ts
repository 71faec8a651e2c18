import { countStatements } from "@headroom/db/testing/statements";
import { healthSignalNames } from "@headroom/domain/billing-health";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { authorize } from "@headroom/service/access";
import { withCustomerLease } from "@headroom/service/customer-leases";
import { listOperatorOrganizations } from "@headroom/service/operator-organizations";
import { resync } from "@headroom/service/resync";
import { subscribe, withLadder } from "@headroom/service/testing/plan-ladder";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { outcomeOf } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveWorld, testIssuer, type WorldServer } from "./testing/live-server.ts";

type Subscriber = Awaited<ReturnType<typeof subscribe>>;

let bench: StripeBench;
let api: WorldServer;
let without: WorldServer;
let monthly: Subscriber;
let yearly: Subscriber;
let free: string;

beforeAll(async () => {
  bench = await createStripeBench({ configure: withLadder });
  const operators = ["kim"];
  api = await serveWorld(bench.api, { operators });
  without = await serveWorld({ ...bench.api, stripe: null }, { operators });
  monthly = await subscribe(bench, { planId: "pro", seats: 2 });
  yearly = await subscribe(bench, { planId: "starter", interval: "year" });
  free = (await bench.organization()).id;
  await name(monthly.id, "Monthly Ltd", "monthly");
  await name(yearly.id, "Yearly 50%", "yearly");
  await name(free, "Free", "free-riders");
}, 60_000);
afterAll(async () => {
  await api?.close();
  await without?.close();
  await bench?.close();
});

async function name(id: string, text: string, slug: string): Promise<void> {
  await bench.rows("update headroom.organization set name = $2, slug = $3 where id = $1", id, text, slug);
  await bench.rows(
    `update headroom.account a set name = $2, email = $3 from headroom.membership m
     where m.user_id = a.id and m.organization_id = $1 and m.role = 'owner'`,
    id,
    `Owner of ${text}`,
    `boss@${slug}.test`,
  );
}

const asOperator = { "headroom-operator": "true" };
const operate = (method: string, at: string, body?: object, server = api) =>
  server.call("kim", method, `/operator/organizations${at}`, body, asOperator);
const at = (id: string, rest = "") => `/${encodeId("org", id)}${rest}`;
const listed = async (query = "") => (await operate("GET", query)).body.organizations;
const slugs = async (query: string) => (await listed(query)).map(({ slug }: { slug: string }) => slug);

const acts = (id: string) =>
  bench.rows(
    `select action, actor_kind, actor_id, data from headroom.audit_entry
     where organization_id = $1 and actor_kind = 'operator' order by seq`,
    id,
  );

test("billing's health is an operator's to see, in the order of its runbooks", async () => {
  const asked = "/operator/billing-health";
  const { status, body } = await api.call("kim", "GET", asked, undefined, asOperator);
  expect(status).toBe(200);
  expect(body.signals.map(({ name }: { name: string }) => name)).toEqual([...healthSignalNames]);
  expect(body.signals.find(({ name }: { name: string }) => name === "backfill")).toMatchObject({
    state: "warning",
    seconds: null,
  });
  expect((await without.call("kim", "GET", asked, undefined, asOperator)).body).toMatchObject({
    state: "ok",
  });
  expect((await api.call("kim", "GET", asked)).status).toBe(403);
});

describe("the list", () => {
  test("tells of each organization what an operator looks for, the newest first", async () => {
    await bench.consume(free, "pages", 7);
    const [last, middle, first] = await listed();
    expect(first).toEqual({
      id: encodeId("org", monthly.id),
      name: "Monthly Ltd",
      slug: "monthly",
      owner: { name: "Owner of Monthly Ltd", email: "boss@monthly.test" },
      created_at: expect.any(String),
      plan: { id: "pro", version: 1, display_name: "Pro" },
      status: "active",
      source: "stripe",
      seats: { limit: 7, members: 1, pending: 0, used: 1, available: 6, over_limit: false },
      monthly_revenue: { amount: 2900 + 2 * 900, currency: "usd" },
      usage: expect.objectContaining({ meter: "pages", used: 0 }),
      last_event: {
        type: "customer.updated",
        received_at: expect.any(String),
        applied_at: expect.any(String),
      },
      attention: null,
    });
    // A twelfth of 10000, rounded once.
    expect(middle).toMatchObject({ slug: "yearly", monthly_revenue: { amount: 833, currency: "usd" } });
    expect(last).toMatchObject({
      slug: "free-riders",
      plan: { id: "free" },
      status: "none",
      source: "none",
      monthly_revenue: null,
      last_event: null,
    });
    const { usage } = last;
    expect(usage.used).toBe(7);
    expect(usage.limit).toBeGreaterThan(0);
    expect(usage.share).toBe(Math.round((7 / usage.limit) * 10_000) / 10_000);
  });

  test("what bills nothing has no revenue: a trial, a cancellation that has come, unpaid for good", async () => {
    const columns = ["state", "limits_until"];
    const [row] = await bench.rows(
      `select ${columns} from headroom.subscription where organization_id = $1`,
      monthly.id,
    );
    const revenueIn = async (state: unknown, until: unknown) => {
      await bench.rows(
        "update headroom.subscription set state = $2, limits_until = $3 where organization_id = $1",
        monthly.id,
        state,
        until,
      );
      return (await listed("?search=monthly"))[0].monthly_revenue?.amount ?? null;
    };
    expect(await revenueIn("trialing", null)).toBeNull();
    expect(await revenueIn("restricted", null)).toBeNull();
    expect(await revenueIn("active", "2020-01-01")).toBeNull();
    expect(await revenueIn("past_due", "2999-01-01")).toBe(4_700);
    expect(await revenueIn(row?.state, row?.limits_until)).toBe(4_700);
  });

  test.each([
    ["monthly", ["monthly"]],
    ["MONTHLY LTD", ["monthly"]],
    ["boss@YEARLY", ["yearly"]],
    ["riders", ["free-riders"]],
    ["50%25", ["yearly"]],
    ["%25", ["yearly"]],
    ["_", []],
    ["nobody", []],
    ["%27%20or%20true", []],
  ])("finds %s by name, slug or owner's address", async (search, found) => {
    expect(await slugs(`?search=${search}`)).toEqual(found);
  });

  test("goes on where a page ended, whatever is founded meanwhile", async () => {
    const first = (await operate("GET", "?limit=2")).body;
    expect(first.organizations.map(({ slug }: { slug: string }) => slug)).toEqual(["free-riders", "yearly"]);
    const late = (await bench.organization()).id;
    const rest = (await operate("GET", `?limit=2&cursor=${first.next_cursor}`)).body;
    expect([rest.organizations.length, rest.organizations[0].slug, rest.next_cursor]).toEqual([
      1,
      "monthly",
      null,
    ]);
    await bench.rows("update headroom.organization set deleted_at = now() where id = $1", late);
    expect(await slugs("")).toEqual(["free-riders", "yearly", "monthly"]);
    expect((await operate("GET", "?cursor=bm8")).body.code).toBe("validation_failed");
    expect((await operate("GET", at(late))).body.code).toBe("organization_not_found");
  });

  test("is one statement, however many there are", async () => {
    const { statements, result } = await countStatements(bench.api.db, () =>
      listOperatorOrganizations(bench.api, { limit: 50 }),
    );
    expect([statements.length, result.organizations.length]).toEqual([1, 3]);
  });
});

describe("one organization", () => {
  test("has its assignments, its customer and the last events", async () => {
    const { body } = await operate("GET", at(monthly.id));
    expect(body).toMatchObject({
      organization: (await listed("?search=monthly"))[0],
      assignments: [],
      stripe: {
        customer_id: monthly.customerId,
        subscription_id: monthly.subscriptionId,
        status: "active",
        synced_at: expect.any(String),
        last_error: null,
        drift: null,
        last_events: [{ type: "customer.updated", status: "applied", error: null }],
      },
    });
    expect((await operate("GET", at(free))).body.stripe).toBeNull();
  });

  test("tells what a comparison found that no event had brought", async () => {
    await bench.rows(
      `update headroom.stripe_customer_sync set drift_count = 2, drifted_at = now(), drift = '["cancelAt"]'
       where customer_id = $1`,
      yearly.customerId,
    );
    const { drift } = (await operate("GET", at(yearly.id))).body.stripe;
    expect(drift).toEqual({ count: 2, at: expect.any(String), fields: ["cancelAt"] });
  });
});

describe("resync", () => {
  test("writes what Stripe has though no event came, says what was another, and is audited each time", async () => {
    await bench.stripe.subscriptions.update(yearly.subscriptionId, { cancel_at_period_end: true });
    const told = await operate("POST", at(yearly.id, "/resync"));
    expect(told).toMatchObject({
      status: 200,
      body: {
        changed: true,
        changes: expect.arrayContaining([
          { fact: "cancelAt", before: null, after: expect.stringMatching(/^20.*Z$/) },
        ]),
      },
    });
    const billing = await api.call(
      "kim",
      "GET",
      `/organizations${at(yearly.id)}/billing`,
      undefined,
      asOperator,
    );
    expect(billing.body.cancel_at).not.toBeNull();
    expect((await operate("POST", at(yearly.id, "/resync"))).body).toEqual({ changed: false, changes: [] });
    const actor = { action: "subscription.resynced", actor_kind: "operator", actor_id: `${testIssuer}|kim` };
    expect(await acts(yearly.id)).toMatchObject([
      { ...actor, data: { customer: yearly.customerId, changed: expect.arrayContaining(["cancelAt"]) } },
      { ...actor, data: { changed: [] } },
    ]);
  });

  test("is refused without a key, without a customer, and while somebody else is at it", async () => {
    expect(await operate("POST", at(monthly.id, "/resync"), undefined, without)).toMatchObject({
      status: 503,
      body: { code: "billing_not_configured" },
    });
    expect(await operate("POST", at(free, "/resync"))).toMatchObject({
      status: 409,
      body: { code: "no_subscription" },
    });
    const kim = { kind: "operator", name: "kim" } as const;
    const access = await authorize(bench.api, kim, monthly.id, "overrides.manage");
    const atOnce = () => outcomeOf(resync(bench.api, access, { waitMs: 0 }));
    expect(await withCustomerLease(bench.worker, monthly.customerId, atOnce)).toBe("unavailable");
    expect(await acts(monthly.id)).toEqual([]);
  });
});

describe("an assigned plan", () => {
  test("is tried, given, shown and taken back, as the command line does it", async () => {
    const wish = { plan_id: "private", reason: "Contract 4711", until: "2999-01-01T01:00:00+01:00" };
    const dry = await operate("PUT", at(free, "/plan"), { ...wish, dry_run: true });
    expect(dry.body).toMatchObject({ changed: true, previous: [], assignments: [{ plan_id: "private" }] });
    expect((await operate("GET", at(free))).body.assignments).toEqual([]);
    const { status, body } = await operate("PUT", at(free, "/plan"), wish);
    const standing = {
      state: "running",
      plan_id: "private",
      plan_version: 1,
      start: expect.any(String),
      until: "2999-01-01T00:00:00.000Z",
      reason: "Contract 4711",
      set_by: `${testIssuer}|kim`,
      set_at: expect.any(String),
    };
    expect([status, body]).toEqual([200, { changed: true, previous: [], assignments: [standing] }]);
    expect((await operate("GET", at(free))).body).toMatchObject({
      organization: { plan: { id: "private" }, source: "operator", monthly_revenue: null },
      assignments: [standing],
    });
    const taken = await operate("DELETE", at(free, "/plan"), { reason: "over" });
    expect(taken.body).toEqual({ changed: true, previous: [standing], assignments: [] });
    expect((await acts(free)).map(({ action, actor_id: who }) => [action, who])).toEqual([
      ["plan_assignment.assigned", `${testIssuer}|kim`],
      ["plan_assignment.removed", `${testIssuer}|kim`],
    ]);
  });

  test.each([
    ["PUT", { plan_id: "nothing", reason: "x" }, "plan_not_found"],
    ["PUT", { plan_id: "private", version: 99, reason: "x" }, "plan_not_found"],
    ["PUT", { plan_id: "private" }, "validation_failed"],
    ["PUT", { plan_id: "private", reason: " " }, "validation_failed"],
    ["PUT", { plan_id: "private", reason: "x", until: "2020-01-01T00:00:00Z" }, "validation_failed"],
    ["DELETE", { reason: "x" }, "resource_not_found"],
    ["DELETE", {}, "validation_failed"],
  ])("%s %j is refused: %s", async (method, body, code) => {
    const before = await acts(free);
    expect((await operate(method, at(free, "/plan"), body)).body.code).toBe(code);
    expect(await acts(free)).toEqual(before);
  });

  test("does not go beside one that is paid for", async () => {
    const { status, body } = await operate("PUT", at(monthly.id, "/plan"), {
      plan_id: "private",
      reason: "x",
    });
    expect([status, body.code]).toEqual([409, "active_subscription"]);
  });
});

test("nobody else may, and is told nothing of what there is", async () => {
  const nowhere = uuidv7();
  for (const [method, rest, body] of [
    ["GET", "", undefined],
    ["GET", at(free), undefined],
    ["GET", at(nowhere), undefined],
    ["PUT", at(free, "/plan"), { plan_id: "private", reason: "x" }],
    ["DELETE", at(free, "/plan"), { reason: "x" }],
    ["POST", at(free, "/resync"), undefined],
    ["POST", at(nowhere, "/resync"), undefined],
  ] as const) {
    const path = `/operator/organizations${rest}`;
    for (const [who, headers] of [
      ["ada", {}],
      ["ada", asOperator],
      ["kim", {}],
    ] as const) {
      const { status, body: told } = await api.call(who, method, path, body, headers);
      expect([who, status, told.code]).toEqual([who, 403, "forbidden"]);
    }
    expect((await api.call(null, method, path, body)).status).toBe(401);
  }
  expect((await operate("GET", at(nowhere))).body.code).toBe("organization_not_found");
  expect((await operate("GET", "/current")).body.code).toBe("no_active_organization");
});

test("a user is told whether they may act as an operator", async () => {
  const seen = async (who: string) => (await api.call(who, "GET", "/me")).body.user.operator;
  expect([await seen("kim"), await seen("ada")]).toEqual([true, false]);
});
