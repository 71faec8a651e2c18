import { encodeId } from "@headroom/domain/ids";
import type { Scope } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import { createApiKey } from "@headroom/service/organization-keys";
import { createPlatformKey } from "@headroom/service/platform-keys";
import { accessTo, createWorld, type Person, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveWorld, testIssuer, type WorldServer } from "./testing/live-server.ts";

let world: World;
let api: WorldServer;

beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
  await world.make.plan(
    "capped",
    { pages: { dailyLimit: null, included: 10, overage: null } },
    { isDefault: false },
  );
  api = await serveWorld(world.context);
});
afterAll(async () => {
  await api?.close();
  await world?.close();
});

interface Tenant {
  id: string;
  owner: Person;
  /** A key of the organization that may write and read usage. */
  key: string;
}

/** An organization with a daily limit of 100 pages; the clock stands at noon of 15 June 2028. */
async function tenant(): Promise<Tenant> {
  await world.make.setClock("2028-06-15T12:00:00Z");
  const owner = await world.person();
  const id = await world.organization(owner);
  return { id, owner, key: await keyOf(id, owner, ["usage:write", "usage:read"]) };
}

async function keyOf(id: string, owner: Person, scopes: Scope[], personal = false): Promise<string> {
  const access = await accessTo(world.context, owner, id, "keys.manage");
  return (await createApiKey(world.context, access, { name: "k", scopes, personal })).secret ?? "";
}

const send = (as: string | null, path: string, body: object, headers: Record<string, string> = {}) =>
  api.call(as, "POST", `/usage/${path}`, body, headers);

/** The same call over tRPC: the answer, or the refusal's status, code and details. */
async function trpc(as: string | null, path: string, input: object, method: "GET" | "POST" = "POST") {
  const query = method === "GET" ? `?input=${encodeURIComponent(JSON.stringify(input))}` : "";
  const response = await fetch(`${api.url}/trpc/usage.${path}${query}`, {
    method,
    headers: {
      ...(as === null ? {} : { authorization: `Bearer ${as}` }),
      "content-type": "application/json",
    },
    ...(method === "POST" ? { body: JSON.stringify(input) } : {}),
  });
  const { result, error } = JSON.parse(await response.text());
  return {
    status: response.status,
    headers: response.headers,
    answer: result?.data,
    code: error?.data.reason,
    details: error?.data.details,
  };
}

const raw = (as: string, path: string, body?: string) =>
  fetch(`${api.url}/v1/usage/${path}`, {
    headers: { authorization: `Bearer ${as}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { method: "POST", body }),
  });

const used = async ({ key }: Tenant) => (await api.call(key, "GET", "/usage")).body.usage.daily_used;
const events = async (id: string) =>
  (
    await world.scratch.admin.query(
      "select key, quantity, member_id, properties from headroom.usage_event where organization_id = $1",
      [id],
    )
  ).rows;

describe("a refusal", () => {
  test("is an answer for typed callers, and 429 with its headers over REST", async () => {
    const { key } = await tenant();
    await send(key, "consume", { quantity: 60 });
    const response = await raw(key, "consume", JSON.stringify({ quantity: 41 }));
    const problem = JSON.parse(await response.text());
    expect(response.status).toBe(429);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(problem).toMatchObject({
      type: "urn:headroom:error:daily_limit",
      status: 429,
      code: "daily_limit",
      details: {
        accepted_quantity: 0,
        event_id: null,
        windows: {
          day: { used: 60, limit: 100, resets_at: "2028-06-16T00:00:00.000Z" },
          period: { used: 60, limit: null },
        },
        included: null,
        overage: 0,
        max_overage: 0,
        hard_cap: null,
        remaining: 40,
        used: 60,
        limit: 100,
        resets_at: "2028-06-16T00:00:00.000Z",
      },
    });
    const wait = response.headers.get("retry-after");
    expect(Number(wait)).toBeGreaterThan(43_100);
    expect(Number(wait)).toBe(problem.details.retry_after_seconds);
    expect(response.headers.get("ratelimit-policy")).toBe('"daily_limit";q=100');
    expect(response.headers.get("ratelimit")).toBe(`"daily_limit";r=40;t=${wait}`);

    const typed = await trpc(key, "consume", { quantity: 41 });
    expect(typed).toMatchObject({
      status: 200,
      answer: { allowed: false, reason: "daily_limit", acceptedQuantity: 0, remaining: 40, duplicate: false },
    });
    expect(typed.headers.get("retry-after")).toBeNull();
  });

  test("of the period waits for the period's end, and is named where both refuse", async () => {
    const { id, key } = await tenant();
    await world.scratch.admin.query(
      "update headroom.subscription set base_plan_id = 'capped' where organization_id = $1",
      [id],
    );
    await send(key, "consume", { quantity: 10 });
    const refused = await raw(key, "consume", JSON.stringify({ quantity: 1 }));
    expect(await refused.json()).toMatchObject({
      code: "hard_cap",
      details: { limit: 10, used: 10, resets_at: "2028-07-01T00:00:00.000Z", remaining: 0 },
    });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(15 * 86_400);
    await world.scratch.admin.query(
      "update headroom.usage_gate set daily_limit = 10 where organization_id = $1",
      [id],
    );
    expect(await send(key, "consume", { quantity: 1 })).toMatchObject({ body: { code: "hard_cap" } });
    expect(await trpc(key, "consume", { quantity: 1, mode: "cap" })).toMatchObject({
      answer: { allowed: false, reason: "hard_cap", acceptedQuantity: 0 },
    });
    expect(await send(key, "check", { quantity: 1 })).toMatchObject({
      status: 200,
      body: { allowed: false, reason: "hard_cap" },
    });
  });

  test.each(["reject", "cap"])("in mode %s frees its key, for any other payload too", async (mode) => {
    const { key, ...mine } = await tenant();
    await send(key, "consume", { quantity: 100 });
    const again = { mode, quantity: 5, idempotency_key: "job-1" };
    expect(await send(key, "consume", again)).toMatchObject({ status: 429 });
    expect(await events(mine.id)).toHaveLength(1);
    await world.make.setClock("2028-06-16T00:00:00Z");
    expect(await send(key, "consume", { ...again, quantity: 6 })).toMatchObject({
      status: 200,
      body: { accepted_quantity: 6, duplicate: false, windows: { day: { used: 6 } } },
    });
    expect(await send(key, "consume", again)).toMatchObject({
      status: 409,
      body: { code: "idempotency_mismatch" },
    });
  });
});

describe("modes", () => {
  test("cap takes what fits, and a replay answers the same", async () => {
    const { key } = await tenant();
    await send(key, "consume", { quantity: 97 });
    const capped = { quantity: 10, mode: "cap", idempotency_key: uuidv7() };
    const first = await send(key, "consume", capped);
    expect(first).toMatchObject({ status: 200, body: { allowed: true, accepted_quantity: 3, remaining: 0 } });
    await world.make.setClock("2028-06-16T00:00:00Z");
    expect((await send(key, "consume", capped)).body).toEqual({ ...first.body, duplicate: true });
  });

  test("record always writes, and tells what is above the hard cap", async () => {
    const { id, key } = await tenant();
    await world.scratch.admin.query(
      "update headroom.subscription set base_plan_id = 'capped' where organization_id = $1",
      [id],
    );
    expect(await send(key, "consume", { quantity: 13, mode: "record" })).toMatchObject({
      status: 200,
      body: { allowed: true, accepted_quantity: 13, over_cap_quantity: 3, remaining: 0 },
    });
    expect(await send(key, "record", { quantity: 2 })).toMatchObject({
      body: { results: [{ status: "recorded", over_cap_quantity: 2 }] },
    });
  });
});

describe("an idempotency key", () => {
  const first = {
    quantity: 3,
    properties: { a: 1, b: "x" },
    occurredAt: "2028-06-15T10:00:00Z",
    idempotencyKey: "k",
  };

  test.each([
    ["quantity", { quantity: 4 }],
    ["event time", { occurredAt: "2028-06-15T10:00:01Z" }],
    ["no event time", { occurredAt: undefined }],
    ["properties", { properties: { a: 1, b: "y" } }],
    ["no properties", { properties: undefined }],
    ["more properties", { properties: { a: 1, b: "x", c: null } }],
    ["member", { memberId: "owner" }],
  ])("belongs to its payload: another %s is a mismatch", async (_, other) => {
    const { key, owner } = await tenant();
    const recorded = await trpc(key, "record", first);
    const eventId = recorded.answer.results[0].eventId;
    const changed = JSON.parse(
      JSON.stringify({ ...first, ...other }).replace("owner", encodeId("usr", owner.userId)),
    );
    expect(await trpc(key, "record", changed)).toMatchObject({
      status: 200,
      answer: { results: [{ status: "mismatch", eventId }] },
    });
    const same = { ...first, occurredAt: "2028-06-15T12:00:00+02:00", properties: { b: "x", a: 1 } };
    expect(await trpc(key, "record", same)).toMatchObject({
      answer: { results: [{ status: "duplicate", eventId, overCapQuantity: 0 }] },
    });
  });

  test("of consume belongs to its mode too, and a mismatch names the event", async () => {
    const { key } = await tenant();
    const event = { quantity: 2, idempotency_key: "k" };
    const { body } = await send(key, "consume", event);
    for (const mode of ["cap", "record"]) {
      expect(await send(key, "consume", { ...event, mode })).toMatchObject({
        status: 409,
        body: { code: "idempotency_mismatch", details: { event_id: body.event_id } },
      });
    }
    expect(await send(key, "record", event)).toMatchObject({ body: { results: [{ status: "mismatch" }] } });
    expect((await send(key, "consume", event)).body).toEqual({ ...body, duplicate: true });
  });

  test("may be the header; of several events each has its place in it", async () => {
    const mine = await tenant();
    const { key, id } = mine;
    const header = { "idempotency-key": "h" };
    expect(await send(key, "consume", { quantity: 1 }, header)).toMatchObject({ body: { duplicate: false } });
    expect(await send(key, "consume", { quantity: 1 }, header)).toMatchObject({ body: { duplicate: true } });
    const batch = { events: [{ quantity: 5 }, { quantity: 6, idempotency_key: "own" }] };
    await send(key, "record", batch, header);
    expect(await send(key, "record", batch, header)).toMatchObject({
      body: { results: [{ status: "duplicate" }, { status: "duplicate" }] },
    });
    expect((await events(id)).map((event) => event.key).sort()).toEqual(["h", "h:0", "own"]);
    expect(await used(mine)).toBe(12);
  });

  const v7 = (ahead: number) => {
    const ms = (Date.now() + ahead).toString(16).padStart(12, "0");
    return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-${uuidv7().slice(24)}`;
  };
  const minute = 60_000;
  const day = 24 * 60 * minute;

  test.each([
    ["a UUIDv7 from more than 5 minutes ahead", v7(6 * minute)],
    ["a UUIDv7 from beyond the horizon", v7(-40 * day - minute)],
    ["an upper-case one too", v7(6 * minute).toUpperCase()],
    ["reserved", "void:evt"],
  ])("that is %s is 400, and one in a batch keeps out all", async (_, bad) => {
    const mine = await tenant();
    const { key } = mine;
    expect(await send(key, "consume", { quantity: 1, idempotency_key: bad })).toMatchObject({
      status: 400,
      body: { code: "validation_failed", details: { issues: [{ path: "idempotency_key" }] } },
    });
    const batch = [{ quantity: 1 }, { quantity: 1, idempotency_key: bad }];
    expect(await send(key, "record", { events: batch })).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path: "events.1.idempotency_key" }] } },
    });
    expect(await used(mine)).toBe(0);
  });

  test("of up to 5 minutes ahead and 40 days ago is taken, and the clock's offset does not matter", async () => {
    const { key } = await tenant();
    for (const near of [v7(4 * minute), v7(-40 * day + minute)]) {
      expect(await send(key, "consume", { quantity: 1, idempotency_key: near })).toMatchObject({
        status: 200,
      });
      expect(await send(key, "consume", { quantity: 1, idempotency_key: near })).toMatchObject({
        body: { duplicate: true },
      });
    }
  });

  test("is the meter's own, and the organization's own", async () => {
    const [one, other] = [await tenant(), await tenant()];
    const event = { quantity: 1, idempotency_key: "same" };
    expect(await send(one.key, "consume", event)).toMatchObject({ body: { duplicate: false } });
    expect(await send(other.key, "consume", { ...event, quantity: 2 })).toMatchObject({
      status: 200,
      body: { duplicate: false },
    });
  });
});

describe("a batch", () => {
  const thousand = (change: object) => ({
    events: Array.from({ length: 1000 }, (_, index) => ({
      quantity: 1,
      idempotency_key: `bulk-${index}`,
      ...(index === 611 ? change : {}),
    })),
  });

  test.each([
    ["an unknown meter", { meter: "none" }, "unknown_meter", { meter: "none", index: 611 }],
    ["a member of nobody's", { member_id: encodeId("usr", uuidv7()) }, "not_a_member", { index: 611 }],
    ["no quantity", { quantity: 0 }, "validation_failed", { issues: [{ path: "events.611.quantity" }] }],
    ["a field of no event's", { mode: "cap" }, "validation_failed", { issues: [{ path: "events.611" }] }],
    [
      "a time too old",
      { occurred_at: "2028-05-11T11:59:59Z" },
      "validation_failed",
      { issues: [{ path: "events.611.occurred_at" }] },
    ],
    [
      "a time ahead",
      { occurred_at: "2028-06-15T12:06:00Z" },
      "validation_failed",
      { issues: [{ path: "events.611.occurred_at" }] },
    ],
  ])("with one event that has %s writes none of 1,000, and says which", async (_, change, code, details) => {
    const mine = await tenant();
    expect(await send(mine.key, "record", thousand(change))).toMatchObject({
      status: 400,
      body: { code, details },
    });
    expect(await events(mine.id)).toEqual([]);
  });

  test("that was refused may be sent again with the bad event mended: no key of it is taken", async () => {
    const mine = await tenant();
    expect(await send(mine.key, "record", thousand({ meter: "none" }))).toMatchObject({ status: 400 });
    expect(await send(mine.key, "record", thousand({}))).toMatchObject({ status: 200 });
    expect(await used(mine)).toBe(1000);
  });

  test("tells all times and keys that are out of bounds at once, also where it holds one event", async () => {
    const mine = await tenant();
    const late = { quantity: 1, occurred_at: "2028-05-01T00:00:00Z" };
    const untimely = { quantity: 1, idempotency_key: "01900000-0000-7000-8000-000000000000" };
    const batch = [{ quantity: 1 }, late, untimely, { ...late, ...untimely, quantity: 1 }];
    const pathsOf = async (body: object) =>
      (await send(mine.key, "record", body)).body.details.issues.map((one: { path: string }) => one.path);
    expect(await pathsOf({ events: batch })).toEqual([
      "events.1.occurred_at",
      "events.2.idempotency_key",
      "events.3.occurred_at",
      "events.3.idempotency_key",
    ]);
    expect(await pathsOf({ events: [late] })).toEqual(["events.0.occurred_at"]);
    expect(await pathsOf(late)).toEqual(["occurred_at"]);
    expect(await send(mine.key, "record", { events: [{ quantity: 1, meter: "none" }] })).toMatchObject({
      body: { code: "unknown_meter", details: { meter: "none", index: 0 } },
    });
    expect(await events(mine.id)).toEqual([]);
  });

  test("counts a key that it has twice once, and tells of another payload", async () => {
    const mine = await tenant();
    const event = { quantity: 2, idempotency_key: "a" };
    const batch = { events: [event, { ...event }, { ...event, quantity: 3 }, { quantity: 4 }] };
    const { body } = await send(mine.key, "record", batch);
    expect(body.results.map(({ status }: { status: string }) => status)).toEqual([
      "recorded",
      "duplicate",
      "mismatch",
      "recorded",
    ]);
    expect(new Set(body.results.slice(0, 3).map((one: { event_id: string }) => one.event_id)).size).toBe(1);
    expect(await used(mine)).toBe(6);
  });

  test("may hold meters, members and days together, each event in its own", async () => {
    const mine = await tenant();
    const member = encodeId("usr", mine.owner.userId);
    await send(mine.key, "record", {
      events: [
        { quantity: 1, member_id: member },
        { quantity: 2, occurred_at: "2028-06-14T23:59:59Z" },
        { quantity: 4, occurred_at: "2028-06-15T12:04:00Z" },
      ],
    });
    const { body } = await api.call(mine.key, "GET", "/usage/history?days=2");
    expect(body.days.map((day: { meters: { used: number }[] }) => day.meters[0]?.used)).toEqual([2, 5]);
  });

  test.each([
    ["of none", { events: [] }],
    ["of 1,001", { events: Array.from({ length: 1001 }, () => ({ quantity: 1 })) }],
    ["beside an event", { events: [{ quantity: 1 }], quantity: 1 }],
    ["that is none", []],
  ])("%s is 400", async (_, body) => {
    const { key } = await tenant();
    expect(await send(key, "record", body)).toMatchObject({
      status: 400,
      body: { code: "validation_failed" },
    });
  });
});

describe("an input that is not valid", () => {
  const properties = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, index]));

  test.each([
    ["quantity", '{"quantity":0}'],
    ["quantity", '{"quantity":-1}'],
    ["quantity", '{"quantity":1.5}'],
    ["quantity", '{"quantity":"1"}'],
    ["quantity", '{"quantity":9007199254740992}'],
    ["quantity", '{"quantity":1e400}'],
    ["quantity", "{}"],
    ["mode", '{"quantity":1,"mode":"take"}'],
    ["member_id", '{"quantity":1,"member_id":"usr_1"}'],
    ["meter", '{"quantity":1,"meter":""}'],
    ["idempotency_key", `{"quantity":1,"idempotency_key":"${"k".repeat(201)}"}`],
    ["properties", `{"quantity":1,"properties":${JSON.stringify(properties(21))}}`],
    ["properties.a", '{"quantity":1,"properties":{"a":{"deep":1}}}'],
    ["properties.a", `{"quantity":1,"properties":{"a":"${"x".repeat(501)}"}}`],
    ["properties.a", '{"quantity":1,"properties":{"a":"\\u0000"}}'],
    ["properties.a", '{"quantity":1,"properties":{"a":"\\ud800"}}'],
    ["", '{"quantity":1,"occurred_at":"2028-06-15T12:00:00Z"}'],
    ["", '{"quantity":1,"idempotencyKey":"k"}'],
    ["organization_id", '{"quantity":1,"organization_id":"acme"}'],
    ["", '{"quantity":'],
  ])("is 400 at %s: %s", async (path, body) => {
    const mine = await tenant();
    const response = await raw(mine.key, "consume", body);
    expect(response.status).toBe(400);
    const { code, details } = JSON.parse(await response.text());
    expect(code).toBe("validation_failed");
    if (path !== "") expect(details.issues[0].path).toBe(path);
    expect(await events(mine.id)).toEqual([]);
  });

  test("properties are the caller's own: kept as they are, never respelled", async () => {
    const { id, key } = await tenant();
    const own = { jobId: "a", job_id: 2, "with space": true, nothing: null, "": 0.1 };
    const { "": _, ...named } = own;
    expect(await send(key, "consume", { quantity: 1, properties: own })).toMatchObject({ status: 400 });
    await send(key, "consume", { quantity: 1, properties: { ...named, price: 0.1 } });
    expect(await events(id)).toMatchObject([{ properties: { ...named, price: 0.1 } }]);
    const { body } = await api.call(key, "GET", "/usage/explain");
    expect(body.events[0].properties).toEqual({ ...named, price: 0.1 });
  });
});

test("a window never counts beyond 2^53 − 1, and the refusal spoils nobody else's call", async () => {
  const [mine, other] = [await tenant(), await tenant()];
  const most = Number.MAX_SAFE_INTEGER;
  expect(await send(mine.key, "consume", { quantity: most, mode: "record" })).toMatchObject({
    status: 200,
    body: { accepted_quantity: most },
  });
  const [refused, taken] = await Promise.all([
    send(mine.key, "consume", { quantity: 1, mode: "record", idempotency_key: "more" }),
    send(other.key, "consume", { quantity: 1 }),
  ]);
  expect(refused).toMatchObject({ status: 400, body: { code: "validation_failed" } });
  expect(taken).toMatchObject({ status: 200 });
  for (const [body, path] of [
    [{ quantity: 1 }, "quantity"],
    [{ events: [{ quantity: 1 }] }, "events"],
  ] as const) {
    expect(await send(mine.key, "record", body)).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path }] } },
    });
  }
  expect(await used(mine)).toBe(most);
});

describe("members", () => {
  test("are active ones, of any role; others are 400 and nothing is stored", async () => {
    const mine = await tenant();
    const { id, key, owner } = mine;
    const colleague = await world.join(id, owner);
    const stranger = await world.person();
    const about = (person: Person) => ({ quantity: 1, member_id: encodeId("usr", person.userId) });
    for (const person of [owner, colleague])
      expect(await send(key, "consume", about(person))).toMatchObject({ status: 200 });
    for (const call of ["consume", "record"]) {
      expect(await send(key, call, about(stranger))).toMatchObject({
        status: 400,
        body: { code: "not_a_member" },
      });
    }
    await world.scratch.admin.query("delete from headroom.membership where user_id = $1", [colleague.userId]);
    expect(await send(key, "consume", about(colleague))).toMatchObject({
      status: 400,
      body: { code: "not_a_member" },
    });
    expect(await used(mine)).toBe(2);
    const left = encodeId("usr", colleague.userId);
    expect((await api.call(key, "GET", `/usage/history?days=1&member_id=${left}`)).body.days).toEqual([
      { date: "2028-06-15", meters: [{ meter: "pages", used: 1, members: [{ user_id: left, used: 1 }] }] },
    ]);
  });
});

describe("who calls, and `current`", () => {
  test("a key of the organization means its own", async () => {
    const { id, key } = await tenant();
    const foreign = await tenant();
    expect(await send(key, "consume", { quantity: 1 })).toMatchObject({ status: 200 });
    expect(await send(key, "consume", { quantity: 1, organization_id: "current" })).toMatchObject({
      status: 200,
    });
    expect(await send(key, "consume", { quantity: 1, organization_id: encodeId("org", id) })).toMatchObject({
      status: 200,
    });
    for (const other of [foreign.id, uuidv7()]) {
      const organization_id = encodeId("org", other);
      for (const call of ["consume", "record", "check"]) {
        expect(await send(key, call, { quantity: 1, organization_id })).toMatchObject({
          status: 404,
          body: { code: "organization_not_found" },
        });
      }
    }
    expect(await used(foreign)).toBe(0);
  });

  test("a platform key has to name one", async () => {
    const { id, ...mine } = await tenant();
    const scopes: Scope[] = ["usage:write", "usage:read", "impersonate"];
    const { secret } = await createPlatformKey(world.context, { name: "saas", scopes });
    for (const call of ["consume", "record", "check"]) {
      expect(await send(secret, call, { quantity: 1 })).toMatchObject({
        status: 400,
        body: { code: "no_active_organization" },
      });
      expect(await send(secret, call, { quantity: 1, organization_id: encodeId("org", id) })).toMatchObject({
        status: 200,
      });
    }
    expect(await used({ id, ...mine })).toBe(2);
  });

  test.each([
    ["on behalf of the owner", (owner: string) => ({ "headroom-on-behalf-of": owner }), 403, "forbidden"],
    ["on behalf of nobody", () => ({ "headroom-on-behalf-of": "garbage" }), 400, "validation_failed"],
    ["as an operator", () => ({ "headroom-operator": "true" }), 403, "forbidden"],
  ])("a key meters as itself, not %s", async (_, headersOf, status, code) => {
    const mine = await tenant();
    const scopes: Scope[] = ["usage:write", "usage:read", "impersonate"];
    const { secret } = await createPlatformKey(world.context, { name: "saas", scopes });
    const body = { quantity: 1, organization_id: encodeId("org", mine.id) };
    const headers = headersOf(encodeId("usr", mine.owner.userId));
    for (const call of ["consume", "record", "reservations", "void"]) {
      expect(await send(secret, call, body, headers)).toMatchObject({ status, body: { code } });
    }
    expect(await events(mine.id)).toEqual([]);
  });

  test("a personal key means its organization, and dies with the membership", async () => {
    const { id, owner, key } = await tenant();
    const colleague = await world.join(id, owner);
    const own = await keyOf(id, owner, ["usage:write"], true);
    const theirs = await keyOf(id, await promoted(id, colleague), ["usage:write"], true);
    expect(await send(own, "consume", { quantity: 1 })).toMatchObject({ status: 200 });
    expect(await send(theirs, "consume", { quantity: 1 })).toMatchObject({ status: 200 });
    await world.scratch.admin.query("delete from headroom.membership where user_id = $1", [colleague.userId]);
    expect(await send(theirs, "consume", { quantity: 1 })).toMatchObject({ status: 401 });
    expect(await send(key, "consume", { quantity: 1 })).toMatchObject({ status: 200 });
  });

  async function promoted(id: string, person: Person): Promise<Person> {
    await world.scratch.admin.query(
      "update headroom.membership set role = 'admin' where organization_id = $1 and user_id = $2",
      [id, person.userId],
    );
    return person;
  }

  test("people, keys without the scope and nobody are refused", async () => {
    const { id, owner } = await tenant();
    const reader = await keyOf(id, owner, ["usage:read"]);
    const writer = await keyOf(id, owner, ["usage:write"]);
    await world.scratch.admin.query(
      "update headroom.account set issuer = $2, subject = 'grace' where id = $1",
      [owner.userId, testIssuer],
    );
    for (const call of ["consume", "record"]) {
      expect(await send(null, call, { quantity: 1 })).toMatchObject({ status: 401 });
      expect(await send("grace", call, { quantity: 1 })).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
      expect(await send(reader, call, { quantity: 1 })).toMatchObject({ status: 403 });
      expect(await send(`hr_test_${"k".repeat(43)}`, call, { quantity: 1 })).toMatchObject({ status: 401 });
    }
    expect(await send(writer, "check", { quantity: 1 })).toMatchObject({ status: 403 });
    expect(await send(reader, "check", { quantity: 1 })).toMatchObject({ status: 200 });
    expect(await api.call("grace", "GET", `/organizations/${encodeId("org", id)}/usage`)).toMatchObject({
      status: 200,
    });
  });
});

test("check answers what a consume would, takes nothing, and asks for one unit when told none", async () => {
  const mine = await tenant();
  await send(mine.key, "consume", { quantity: 99 });
  const checked = await send(mine.key, "check", {});
  expect(checked).toMatchObject({ status: 200, body: { allowed: true, reason: null, remaining: 1 } });
  expect(await send(mine.key, "check", { quantity: 2 })).toMatchObject({
    status: 200,
    body: { allowed: false, reason: "daily_limit" },
  });
  expect(await trpc(mine.key, "check", { quantity: 2 }, "GET")).toMatchObject({
    answer: { allowed: false, reason: "daily_limit" },
  });
  expect(await send(mine.key, "check", { meter: "none" })).toMatchObject({
    status: 400,
    body: { code: "unknown_meter", details: { meter: "none" } },
  });
  expect(await used(mine)).toBe(99);
});

describe("history", () => {
  test.each(["0", "366", "abc", "1.5", "-1", "", "1e9"])("of %s days is 400", async (days) => {
    const { key } = await tenant();
    for (const place of ["/usage/history", "/usage/history/export"]) {
      expect(await api.call(key, "GET", `${place}?days=${days}`)).toMatchObject({
        status: 400,
        body: { code: "validation_failed", details: { issues: [{ path: "days" }] } },
      });
    }
  });

  test("has 30 days unless told, each once, also over a day of 23 and one of 25 hours", async () => {
    const { id, key } = await tenant();
    expect((await api.call(key, "GET", "/usage/history")).body.days).toHaveLength(30);
    await world.scratch.admin.query(
      "update headroom.organization set time_zone = 'Europe/Paris' where id = $1",
      [id],
    );
    await world.make.setClock("2028-11-15T12:00:00Z");
    const { body } = await api.call(key, "GET", "/usage/history?days=365&meter=pages");
    const dates: string[] = body.days.map(({ date }: { date: string }) => date);
    expect(new Set(dates).size).toBe(365);
    expect([dates[0], dates.at(-1)]).toEqual(["2027-11-17", "2028-11-15"]);
    expect(dates).toEqual(expect.arrayContaining(["2028-02-29", "2028-03-26", "2028-10-29"]));
    expect(body.days.every(({ meters }: { meters: { used: number }[] }) => meters[0]?.used === 0)).toBe(true);
  });

  test("as a file has a row for each member, and 0 where nothing was used", async () => {
    const { id, key, owner } = await tenant();
    const member = encodeId("usr", owner.userId);
    await send(key, "consume", { quantity: 4, member_id: member });
    await send(key, "consume", { quantity: 1 });
    const response = await raw(key, "history/export?days=2");
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="usage.csv"');
    const lines = [
      "date,meter,member,used",
      "2028-06-14,pages,,0",
      "2028-06-15,pages,,1",
      `2028-06-15,pages,${member},4`,
    ];
    expect(await response.text()).toBe(lines.map((line) => `${line}\r\n`).join(""));
    const named = await raw(key, `history/export?days=2&member_id=${member}`);
    expect(await named.text()).toBe(
      ["date,meter,member,used", `2028-06-14,pages,${member},0`, `2028-06-15,pages,${member},4`]
        .map((line) => `${line}\r\n`)
        .join(""),
    );
    const path = `/organizations/${encodeId("org", id)}/usage/history/export?days=1`;
    const byName = await fetch(`${api.url}/v1${path}`, { headers: { authorization: `Bearer ${key}` } });
    expect(await byName.text()).toContain(`2028-06-15,pages,${member},4`);
  });
});

describe("explain", () => {
  test("answers over REST and tRPC alike, at both of its places", async () => {
    const { id, key } = await tenant();
    await send(key, "consume", { quantity: 4, properties: { jobId: "a" } });
    const rest = await api.call(key, "GET", "/usage/explain?window=day");
    expect(rest).toMatchObject({
      status: 200,
      body: {
        meter: "pages",
        window: { kind: "day", date: "2028-06-15", previous_start: null, months_after_anchor: null },
        counter: { used: 4, over_cap: 0 },
        recount: { used: 4, agrees: true },
        limits: [{ limit: "daily_limit", value: 100, rule: { code: "plan" } }],
        events: [{ quantity: 4, local_date: "2028-06-15", properties: { jobId: "a" } }],
        next_cursor: null,
      },
    });
    const typed = await trpc(key, "explain", { window: "day" }, "GET");
    expect(typed.answer).toMatchObject({ events: [{ eventId: rest.body.events[0].event_id }] });
    const place = `/organizations/${encodeId("org", id)}/usage/explain?period_start=2028-06-01T00:00:00Z`;
    expect(await api.call(key, "GET", place)).toMatchObject({ body: { window: { state: "running" } } });
  });

  test.each([
    "window=week",
    "date=2028-02-30",
    "date=2028-06-16",
    "window=period&date=2028-06-15",
    "period_start=2028-06-02T00:00:00Z",
    "overage_id=1",
    "limit=201",
    "cursor=zzz",
    "unknown=1",
  ])("%s is 400", async (query) => {
    const { key } = await tenant();
    expect(await api.call(key, "GET", `/usage/explain?${query}`)).toMatchObject({
      status: 400,
      body: { code: "validation_failed" },
    });
  });

  test("of a bill that is not there, or another's, is 404", async () => {
    const { key } = await tenant();
    expect(await api.call(key, "GET", `/usage/explain?overage_id=${uuidv7()}`)).toMatchObject({
      status: 404,
      body: { code: "resource_not_found" },
    });
  });
});

test("a deleted organization's keys meter nothing", async () => {
  const { id, key } = await tenant();
  await world.scratch.admin.query("update headroom.organization set deleted_at = now() where id = $1", [id]);
  expect(await send(key, "consume", { quantity: 1 })).toMatchObject({
    status: 404,
    body: { code: "organization_not_found" },
  });
});
