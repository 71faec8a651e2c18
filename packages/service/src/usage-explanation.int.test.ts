import type { Database } from "@headroom/db/client";
import { listLimitOverrides } from "@headroom/db/explained-meters";
import { withSnapshot } from "@headroom/db/tenancy";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { closeDuePeriods } from "./overage-reporting.ts";
import { accessTo, createWorld, type Person, type World } from "./testing/world.ts";
import { consume, record, type UsageCaller } from "./usage.ts";
import { type ExplainInput, explainUsage } from "./usage-explanation.ts";
import { createUsageLane, type UsageLane } from "./usage-lane.ts";

let world: World;
let lane: UsageLane;
let worker: Database;
beforeAll(async () => {
  world = await createWorld();
  lane = createUsageLane(world.context.db);
  worker = await world.scratch.connect("hr_worker");
  const overage = { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage: 20, ceiling: 500 };
  await world.make.plan("pro", { pages: { dailyLimit: null, included: 100, overage } }, { isDefault: false });
});
afterAll(() => world?.close());

interface Tenant {
  id: string;
  owner: Person;
  caller: UsageCaller;
  explain(input?: Partial<ExplainInput>): ReturnType<typeof explainUsage>;
  take(quantity: number, more?: object): Promise<unknown>;
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

/** An organization, on the free plan unless it has a subscription; the clock stands at noon of 15 June 2028. */
async function tenant(subscription?: Record<string, unknown>, timeZone = "UTC"): Promise<Tenant> {
  await world.make.setClock("2028-06-15T12:00:00Z");
  const owner = await world.person();
  const id = await world.organization(owner);
  const sql = async (text: string, values: unknown[] = []) =>
    (await world.scratch.admin.query(text, [id, ...values])).rows;
  await sql("update headroom.organization set time_zone = $2 where id = $1", [timeZone]);
  if (subscription !== undefined) {
    const facts = {
      plan_id: "pro",
      plan_version: 1,
      source: "stripe",
      state: "active",
      overage_allowed: true,
      ...subscription,
    };
    const columns = Object.keys(facts);
    await sql(
      `update headroom.subscription set ${columns.map((name, index) => `${name} = $${index + 2}`).join(", ")} where organization_id = $1`,
      Object.values(facts),
    );
  }
  const caller = { credential: await world.make.key(id), organizationId: null };
  return {
    id,
    owner,
    caller,
    sql,
    explain: async (input = {}) =>
      explainUsage(world.context, await accessTo(world.context, owner, id, "usage.view"), {
        limit: 50,
        ...input,
      }),
    take: (quantity, more = {}) => consume(lane, caller, { quantity, mode: "reject", ...more }),
  };
}

const limitsOf = ({ limits }: Awaited<ReturnType<typeof explainUsage>>) =>
  Object.fromEntries(limits.map(({ limit, value, rule }) => [limit, [value, rule.code]]));

describe("a running window", () => {
  test("of a day: counter, recount, limit, and the events behind it, newest first", async () => {
    const { take, explain, owner } = await tenant();
    await take(5, { memberId: owner.userId, properties: { job: "a" }, idempotencyKey: "first" });
    await take(2);
    await take(98, { mode: "record" });
    const told = await explain({ window: "day" });
    expect(told).toMatchObject({
      meter: "pages",
      window: {
        kind: "day",
        state: "running",
        date: "2028-06-15",
        start: "2028-06-15T00:00:00.000Z",
        end: "2028-06-16T00:00:00.000Z",
        timeZone: "UTC",
        rule: { code: "local_day", text: "A day is from local midnight to local midnight in UTC." },
      },
      plan: { id: "free", version: 1, rule: { code: "base" }, until: null },
      counter: { used: 105, held: 0, overCap: 0, carried: 0, late: 0, voided: 0, events: 3 },
      recount: { used: 105, held: 0, agrees: true },
      line: null,
      complete: true,
      tallies: [],
      nextCursor: null,
    });
    expect(limitsOf(told)).toEqual({ daily_limit: [100, "plan"] });
    expect(told.events.map(({ quantity, mode }) => [quantity, mode])).toEqual([
      [98, "record"],
      [2, "reject"],
      [5, "reject"],
    ]);
    expect(told.events[2]).toMatchObject({
      eventId: expect.stringMatching(/^evt_/),
      memberId: `usr_${owner.userId}`,
      localDate: "2028-06-15",
      periodStart: "2028-06-01T00:00:00.000Z",
      idempotencyKey: "first",
      properties: { job: "a" },
      voids: null,
      carried: false,
    });
  });

  test("says so when the counter was changed by hand", async () => {
    const { take, explain, sql } = await tenant();
    await take(5);
    await sql("update headroom.usage_gate set day_used = 4, period_held = 3 where organization_id = $1");
    expect(await explain({ window: "day" })).toMatchObject({
      counter: { used: 4 },
      recount: { used: 5, agrees: false },
    });
    expect(await explain()).toMatchObject({
      counter: { used: 5, held: 3 },
      recount: { used: 5, held: 0, agrees: false },
    });
  });

  test("shows a count below zero as 0, and still compares what is really there", async () => {
    const { take, explain, sql } = await tenant();
    await take(5);
    await sql("update headroom.usage_event set quantity = -5 where organization_id = $1");
    await sql("update headroom.usage_gate set period_used = -5, day_used = -4 where organization_id = $1");
    expect(await explain()).toMatchObject({ counter: { used: 0 }, recount: { used: 0, agrees: true } });
    expect(await explain({ window: "day" })).toMatchObject({
      counter: { used: 0 },
      recount: { used: 0, agrees: false },
    });
  });

  test("counts holds of open reservations, each in the windows that it was made in", async () => {
    const { id, take, explain, sql } = await tenant();
    await take(5);
    const hold = `insert into headroom.usage_reservation (organization_id, id, meter, key, fingerprint, quantity,
        api_key_id, status, reserved_at, expires_at, day_start, period_start, day_used, day_held, day_end, period_used,
        period_held, period_end)
      values ($1, gen_random_uuid(), 'pages', gen_random_uuid()::text, '', $2, $1, $3, now(), $5,
        $4, '2028-06-01Z', 0, 0, now(), 0, 0, now())`;
    await sql(hold, [7, "held", "2028-06-15Z", "2028-06-15T12:10:00Z"]);
    await sql(hold, [2, "held", "2028-06-14Z", "2028-06-15T12:10:00Z"]);
    await sql(hold, [9, "released", "2028-06-15Z", "2028-06-15T12:10:00Z"]);
    await sql("update headroom.usage_gate set day_held = 7, period_held = 9 where organization_id = $1");
    expect(await explain({ window: "day" })).toMatchObject({
      counter: { used: 5, held: 7 },
      recount: { held: 7, agrees: true },
    });
    expect(await explain()).toMatchObject({ counter: { held: 9 }, recount: { held: 9, agrees: true } });
    expect(id).not.toBe("");
  });

  test("tells what was voided, and shows the row that did it", async () => {
    const { take, explain, sql } = await tenant();
    await take(5);
    await take(3);
    await sql(`insert into headroom.usage_event select organization_id, meter, 'void:' || id, received_on,
        '01983a67-6e0f-7c6d-8e7f-8a9b0c1d2e0f', -quantity, -over_cap, mode, member_id, occurred_at,
        received_at + interval '1 second', local_date, period_start, fingerprint, properties, api_key_id, id,
        day_used, daily_limit, day_end, period_used, period_end, included, max_overage, hard_cap
      from headroom.usage_event where organization_id = $1 and quantity = 5`);
    await sql("update headroom.usage_gate set day_used = 3, period_used = 3 where organization_id = $1");
    const told = await explain();
    expect(told).toMatchObject({
      counter: { used: 3, voided: 5, events: 3 },
      recount: { used: 3, agrees: true },
    });
    expect(told.events[0]).toMatchObject({ quantity: -5, voids: told.events[2]?.eventId });
  });
});

describe("pages", () => {
  test("go through every event once, while others come in", async () => {
    await record(world.context, (await tenant()).caller, [{ quantity: 50 }]);
    const { take, explain } = await tenant();
    for (let quantity = 1; quantity <= 7; quantity++) await take(quantity);
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const told = await explain({ limit: 3, cursor });
      seen.push(...told.events.map(({ quantity }) => quantity));
      cursor = told.nextCursor ?? undefined;
      await take(1);
    } while (cursor !== undefined);
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  test("of events of one instant follow their ids", async () => {
    const { caller, explain } = await tenant();
    await record(
      world.context,
      caller,
      Array.from({ length: 10 }, (_, index) => ({ quantity: index + 1 })),
    );
    const first = await explain({ limit: 4 });
    const second = await explain({ limit: 4, cursor: first.nextCursor ?? "" });
    const third = await explain({ limit: 4, cursor: second.nextCursor ?? "" });
    const all = [first, second, third].flatMap(({ events }) => events.map(({ eventId }) => eventId));
    expect(new Set(all).size).toBe(10);
    expect(all).toEqual(all.toSorted().reverse());
    expect(third.nextCursor).toBeNull();
  });

  test.each([
    "x",
    Buffer.from("1/2").toString("base64url"),
    Buffer.from("2026-02-30/01983a67-6e0f-7c6d-8e7f-8a9b0c1d2e0f").toString("base64url"),
  ])("%s is no cursor", async (cursor) => {
    const { explain } = await tenant();
    await expect(explain({ cursor })).rejects.toMatchObject({ code: "validation_failed" });
  });
});

describe("limits and the plan behind them", () => {
  const anchor = "2028-05-31T10:00:00Z";
  const running = {
    anchor,
    current_period_start: "2028-05-31T10:00:00Z",
    current_period_end: "2028-06-30T10:00:00Z",
  };

  test.each([
    [
      "the plan's default",
      {},
      null,
      { max_overage: [20, "plan_default"], hard_cap: [120, "included_and_max_overage"] },
    ],
    [
      "its own units",
      {},
      { units: 40 },
      { max_overage: [40, "organization_units"], hard_cap: [140, "included_and_max_overage"] },
    ],
    [
      "its own money",
      {},
      { cents: 101 },
      { max_overage: [40, "organization_cents"], hard_cap: [140, "included_and_max_overage"] },
    ],
    [
      "the ceiling",
      {},
      { units: 501 },
      { max_overage: [500, "ceiling"], hard_cap: [600, "included_and_max_overage"] },
    ],
    [
      "a trial",
      { state: "trialing", overage_allowed: false },
      { units: 40 },
      { max_overage: [0, "subscription_state"], hard_cap: [100, "included_and_max_overage"] },
    ],
    [
      "past due",
      { state: "past_due", overage_allowed: false, limits_until: "2028-06-20T00:00:00Z" },
      null,
      { max_overage: [0, "subscription_state"], hard_cap: [100, "included_and_max_overage"] },
    ],
    [
      "past due, allowed",
      { state: "past_due", limits_until: "2028-06-20T00:00:00Z" },
      null,
      { max_overage: [20, "plan_default"], hard_cap: [120, "included_and_max_overage"] },
    ],
  ] as const)("%s", async (_, subscription, setting, limits) => {
    const { explain, take, sql } = await tenant({ ...running, ...subscription });
    if (setting !== null) {
      const { units = null, cents = null } = setting as { units?: number; cents?: number };
      await sql("insert into headroom.max_overage values ($1, 'pages', $2, $3, now())", [units, cents]);
    }
    await take(1);
    expect(limitsOf(await explain())).toEqual({ included: [100, "plan"], ...limits });
  });

  test("grace and cancellation tell when they end, and after it the base plan holds", async () => {
    const grace = { state: "past_due", overage_allowed: false, limits_until: "2028-06-20T00:00:00Z" };
    const { explain } = await tenant({ ...running, ...grace });
    const told = await explain();
    expect(told.plan).toMatchObject({
      id: "pro",
      rule: { code: "grace" },
      until: "2028-06-20T00:00:00.000Z",
    });
    expect(told.limits.map(({ until }) => until)).toEqual(Array(3).fill("2028-06-20T00:00:00.000Z"));
    await world.make.setClock("2028-06-20T00:00:01Z");
    const after = await explain();
    expect(after.plan).toMatchObject({ id: "free", rule: { code: "subscription_state" }, until: null });
    expect(limitsOf(after)).toMatchObject({ included: [null, "plan"], max_overage: [0, "no_overage_terms"] });
    const ending = await tenant({ ...running, limits_until: "2028-06-30T10:00:00Z" });
    expect((await ending.explain()).plan).toMatchObject({ rule: { code: "cancellation" } });
  });

  test("an operator's overrides are those that hold", async () => {
    const { id } = await tenant({ ...running });
    await world.scratch.admin.query(`create table if not exists headroom.operator_override (organization_id uuid,
      kind text, name text, value jsonb, reason text, set_by text, set_at timestamptz, expires_at timestamptz,
      primary key (organization_id, kind, name))`);
    await world.scratch.admin.query("grant select on headroom.operator_override to hr_api");
    const set = (kind: string, value: string, expires: string | null) =>
      world.scratch.admin.query(
        "insert into headroom.operator_override (organization_id, kind, name, value, reason, set_by, set_at, expires_at) values ($1, $2, 'pages', $3, 'r', 'kim', now(), $4)",
        [id, kind, value, expires],
      );
    await set("included", "250", "2028-06-18T00:00:00Z");
    await set("daily_limit", "null", "2028-06-15T11:00:00Z");
    const at = new Date("2028-06-15T12:00:00Z");
    const held = await withSnapshot(world.context.db, id, (tx) => listLimitOverrides(tx, id, "pages", at));
    expect(held).toEqual([{ limit: "included", value: 250, expiresAt: Date.parse("2028-06-18T00:00:00Z") }]);
  });
});

describe("a period that has ended", () => {
  const anchor = "2028-05-31T10:00:00Z";
  const running = { anchor, current_period_start: anchor, current_period_end: "2028-06-30T10:00:00Z" };

  test("that runs has the line that it would be billed, without what is above the hard cap", async () => {
    const { take, explain } = await tenant(running);
    await take(115);
    await take(30, { mode: "record" });
    expect((await explain()).line).toEqual({
      total: 145,
      included: 100,
      overCap: 25,
      quantity: 20,
      unitPrice: "2.5",
      currency: "usd",
      amount: 50,
      overageId: null,
      status: null,
      stripeInvoiceId: null,
      entries: [],
      rule: {
        code: "billed",
        text: "145 − 100 included − 25 above the hard cap = 20 units × 2.5 = 50 minor units of usd, rounded once, half up.",
      },
    });
  });

  test("is told with its terms, and its line with the arithmetic of what was billed", async () => {
    const { id, take, explain, caller, sql } = await tenant(running);
    await take(105);
    await world.make.setClock("2028-07-01T00:00:00Z");
    const start = { periodStart: "2028-05-31T10:00:00.000Z" };
    await expect(explain(start)).rejects.toMatchObject({ code: "validation_failed" });
    await sql("update headroom.organization set name = 'Acme' where id = $1");
    await take(1);
    const open = await explain(start);
    expect(open).toMatchObject({
      window: { state: "ended" },
      counter: { used: 105 },
      recount: { agrees: true },
    });
    await record(world.context, caller, [{ quantity: 2, occurredAt: "2028-06-29T00:00:00Z" }]);
    await closeDuePeriods({ ...world.context, db: worker });
    await record(world.context, caller, [{ quantity: 3, occurredAt: "2028-06-29T00:00:00Z" }]);
    const closed = await explain(start);
    expect(closed).toMatchObject({
      window: {
        kind: "period",
        state: "closed",
        start: "2028-05-31T10:00:00.000Z",
        end: "2028-06-30T10:00:00.000Z",
        monthsAfterAnchor: 0,
        previousStart: null,
      },
      plan: { id: "pro", version: 1, rule: { code: "recorded" } },
      counter: { used: 107, overCap: 0, carried: 0, late: 2, voided: 0, events: 2 },
      recount: { used: 107, agrees: true },
      line: {
        quantity: 7,
        amount: 18,
        status: "pending",
        rule: {
          code: "billed",
          text: "107 − 100 included = 7 units × 2.5 = 18 minor units of usd, rounded once, half up.",
        },
      },
    });
    expect(limitsOf(closed)).toMatchObject({ included: [100, "recorded"] });
    const now = await explain();
    expect(now).toMatchObject({
      window: {
        state: "running",
        start: "2028-06-30T10:00:00.000Z",
        previousStart: start.periodStart,
        rule: { code: "subscription_month" },
        monthsAfterAnchor: 1,
      },
      counter: { used: 4, carried: 3 },
      recount: { agrees: true },
    });
    expect(now.events.map(({ quantity, carried }) => [quantity, carried])).toEqual([
      [3, true],
      [1, false],
    ]);
    expect(await explain({ date: "2028-06-29" })).toMatchObject({
      counter: { used: 5, late: 5, carried: 3 },
    });

    const overageId = closed.line?.overageId ?? "";
    const byLine = await explain({ overageId });
    expect({ ...byLine, at: closed.at }).toEqual(closed);
    await sql(
      "update headroom.overage set status = 'sent', stripe_invoice_id = 'in_1' where organization_id = $1",
    );
    expect((await explain({ overageId })).line).toMatchObject({ status: "sent", stripeInvoiceId: "in_1" });
    expect(await explain({ overageId, meter: "pages" })).toMatchObject({ line: { overageId } });
    const missing = { code: "resource_not_found" };
    await expect(explain({ overageId, meter: "jobs" })).rejects.toMatchObject(missing);
    await expect(explain({ overageId: uuidv7() })).rejects.toMatchObject(missing);
    const other = await tenant();
    await expect(other.explain({ overageId })).rejects.toMatchObject(missing);
    expect(id).not.toBe(other.id);
  });

  test("of a trial, of an assigned plan, and of none has no line to bill", async () => {
    const codeOf = async (subscription?: Record<string, unknown>) => {
      const one = await tenant(subscription);
      await one.take(100);
      await one.take(10, { mode: "record" });
      return (await one.explain()).line?.rule.code;
    };
    expect(await codeOf({ ...running, state: "trialing", overage_allowed: false })).toBe("trial");
    expect(await codeOf({ ...running, source: "operator" })).toBe("not_billed_by_stripe");
    expect(await codeOf()).toBe("no_overage_terms");
    expect(await codeOf({ ...running, state: "past_due", overage_allowed: false })).toBe("above_cap_only");
  });
});

describe("a day", () => {
  test("of 23 hours says so, and one that has not come is refused", async () => {
    await world.make.setClock("2028-03-26T12:00:00Z");
    const { explain } = await tenant(undefined, "Europe/Paris");
    const told = await explain({ date: "2028-03-26" });
    expect(told.window).toMatchObject({
      start: "2028-03-25T23:00:00.000Z",
      end: "2028-03-26T22:00:00.000Z",
      state: "closed",
      rule: { text: "A day is from local midnight to local midnight in Europe/Paris. It has 23 hours." },
    });
    expect(told).toMatchObject({ counter: { used: 0 }, limits: [], plan: null, events: [] });
    await expect(explain({ date: "2028-06-16" })).rejects.toMatchObject({ code: "validation_failed" });
    expect(await explain({ date: "2028-06-14" })).toMatchObject({ window: { state: "ended" } });
  });

  test("that is past has the daily limit that its last event found", async () => {
    const { take, explain, caller, sql } = await tenant();
    await take(10);
    await sql("update headroom.usage_event set daily_limit = 77 where organization_id = $1");
    await world.make.setClock("2028-06-16T12:00:00Z");
    await record(world.context, caller, [{ quantity: 4, occurredAt: "2028-06-15T23:00:00Z" }]);
    const told = await explain({ window: "day", date: "2028-06-15" });
    expect(told).toMatchObject({ counter: { used: 14, late: 4, carried: 0 }, recount: { agrees: true } });
    expect(limitsOf(told)).toEqual({ daily_limit: [77, "recorded"] });
  });
});

describe("events that are not kept any more", () => {
  test("leave their tallies by day and member, after the events that are kept", async () => {
    const { take, explain, owner, sql, id } = await tenant();
    await take(5, { memberId: owner.userId });
    await take(2);
    const old = "2020-01-05";
    await world.scratch.admin.query(
      "insert into headroom.usage_partition (received_on, rolled_at, sealed_at) values ($1, now(), now()) on conflict do nothing",
      [old],
    );
    const tally = `insert into headroom.usage_tally (organization_id, meter, member_id, received_on, local_date,
        period_start, quantity, over_cap, events)
      values ($1, 'pages', $2, $3, '2028-06-14', '2028-06-01Z', $4, 1, 1)`;
    await sql(tally, [owner.userId, old, 50]);
    await sql(tally, ["00000000-0000-0000-0000-000000000000", old, 20]);
    await sql("update headroom.usage_gate set period_used = 77 where organization_id = $1");
    const told = await explain();
    expect(told).toMatchObject({
      complete: false,
      counter: { used: 77, overCap: 2, carried: null, late: null, voided: null, events: null },
      recount: { used: 77, agrees: true },
      nextCursor: null,
    });
    expect(told.eventsKeptSince?.slice(0, 2)).toBe("20");
    expect(told.events.map(({ quantity }) => quantity)).toEqual([2, 5]);
    expect(told.tallies).toEqual([
      { date: "2028-06-14", memberId: null, used: 20, overCap: 1, events: 1 },
      { date: "2028-06-14", memberId: `usr_${owner.userId}`, used: 50, overCap: 1, events: 1 },
    ]);
    const pages = [await explain({ limit: 1 })];
    for (let cursor = pages[0]?.nextCursor; cursor; cursor = pages.at(-1)?.nextCursor)
      pages.push(await explain({ limit: 1, cursor }));
    expect(pages.flatMap(({ events }) => events.map(({ quantity }) => quantity))).toEqual([2, 5]);
    expect(pages.flatMap(({ tallies }) => tallies.map(({ used }) => used))).toEqual([20, 50]);
    const gone = await explain({ date: "2028-06-14" });
    expect(gone).toMatchObject({ counter: { used: 70, events: null }, recount: null, events: [] });
    await world.scratch.admin.query("delete from headroom.usage_partition where received_on = $1", [old]);
    expect(id).not.toBe("");
  });
});

test("a call sees one snapshot: no counter is ever apart from its events while others consume", async () => {
  const { take, explain } = await tenant({ anchor: "2028-05-31T10:00:00Z" });
  let done = false;
  const writers = Array.from({ length: 4 }, async () => {
    while (!done) await take(1, { mode: "record" });
  });
  const told = [];
  while (told.length < 30) told.push(await explain({ limit: 1 }));
  done = true;
  await Promise.all(writers);
  expect(told.every(({ recount }) => recount?.agrees)).toBe(true);
  expect(new Set(told.map(({ counter }) => counter.used)).size).toBeGreaterThan(5);
});

test.each([
  { window: "period", date: "2028-06-15" },
  { window: "day", periodStart: "2028-06-01T00:00:00.000Z" },
  { date: "2028-06-15", periodStart: "2028-06-01T00:00:00.000Z" },
  { overageId: "01983a67-6e0f-7c6d-8e7f-8a9b0c1d2e0f", window: "period" },
] as const)("%j contradicts itself", async (choice) => {
  const { explain } = await tenant();
  await expect(explain(choice)).rejects.toMatchObject({ code: "validation_failed" });
});

test("an unknown meter is told as such", async () => {
  const { explain } = await tenant();
  await expect(explain({ meter: "none" })).rejects.toMatchObject({ code: "unknown_meter" });
});
