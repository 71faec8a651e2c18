import type { Database } from "@headroom/db/client";
import { moveEvents } from "@headroom/db/testing/usage-days";
import { decodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { rollUpDays, verifyUsage } from "./metering.ts";
import { accessTo, createWorld, type Person, type World } from "./testing/world.ts";
import { check, consume, record, type UsageCaller } from "./usage.ts";
import { createUsageLane, type UsageLane } from "./usage-lane.ts";
import { getUsage, getUsageHistory } from "./usage-reading.ts";

let world: World;
let worker: Database;
let lane: UsageLane;

beforeAll(async () => {
  world = await createWorld();
  worker = await world.scratch.connect("hr_worker");
  lane = createUsageLane(world.context.db);
});

afterAll(async () => {
  await worker.close();
  await world.close();
});

beforeEach(() => world.make.setClock("2028-06-15T12:00:00Z"));

async function tenant(): Promise<{ id: string; owner: Person; caller: UsageCaller }> {
  const owner = await world.person();
  const id = await world.organization(owner);
  return { id, owner, caller: { credential: await world.make.key(id), organizationId: null } };
}

const view = async ({ id, owner }: { id: string; owner: Person }) =>
  accessTo(world.context, owner, id, "usage.view");

describe("consume", () => {
  test("answers the windows, and a refusal with when to come back", async () => {
    const { caller } = await tenant();
    const taken = await consume(lane, caller, { quantity: 60, mode: "reject" });
    expect(taken).toMatchObject({
      allowed: true,
      reason: null,
      retryAfterSeconds: null,
      acceptedQuantity: 60,
      windows: { day: { used: 60, limit: 100, resetsAt: "2028-06-16T00:00:00.000Z" } },
      remaining: 40,
      duplicate: false,
    });
    expect(decodeId("evt", taken.eventId ?? "")).not.toBeNull();
    const refused = await consume(lane, caller, { quantity: 41, mode: "reject" });
    expect(refused).toMatchObject({
      allowed: false,
      reason: "daily_limit",
      acceptedQuantity: 0,
      eventId: null,
    });
    expect(refused.retryAfterSeconds).toBeGreaterThan(43_190);
    expect(refused.retryAfterSeconds).toBeLessThanOrEqual(43_200);
    expect(await consume(lane, caller, { quantity: 41, mode: "cap" })).toMatchObject({
      acceptedQuantity: 40,
    });
    expect(await consume(lane, caller, { quantity: 5, mode: "record" })).toMatchObject({
      allowed: true,
      remaining: 0,
    });
  });

  test("a key is one payload: quantity, mode, member, properties in any order", async () => {
    const { caller, owner } = await tenant();
    const input = { quantity: 3, mode: "reject" as const, idempotencyKey: uuidv7(), memberId: owner.userId };
    const first = await consume(lane, caller, { ...input, properties: { a: 1, b: "x" } });
    const again = await consume(lane, caller, { ...input, properties: { b: "x", a: 1 } });
    expect(again).toEqual({ ...first, duplicate: true });
    const others = [
      { quantity: 4 },
      { mode: "cap" as const },
      { memberId: undefined },
      { properties: { a: 2, b: "x" } },
    ];
    for (const other of others) {
      await expect(
        consume(lane, caller, { ...input, properties: { a: 1, b: "x" }, ...other }),
      ).rejects.toMatchObject({ code: "idempotency_mismatch", details: { eventId: first.eventId } });
    }
  });

  test("a key that does not belong is refused with its reason", async () => {
    const { caller } = await tenant();
    const foreign = { ...caller, organizationId: await world.organization(await world.person()) };
    const input = { quantity: 1, mode: "reject" as const };
    await expect(consume(lane, foreign, input)).rejects.toMatchObject({ code: "organization_not_found" });
    await expect(consume(lane, caller, { ...input, meter: "none" })).rejects.toMatchObject({
      code: "unknown_meter",
    });
    await expect(consume(lane, caller, { ...input, memberId: uuidv7() })).rejects.toMatchObject({
      code: "not_a_member",
    });
  });
});

describe("record", () => {
  test("tells for each event what became of it", async () => {
    const { caller } = await tenant();
    const event = { quantity: 2, idempotencyKey: "a", occurredAt: "2028-06-14T10:00:00Z" };
    const results = await record(world.context, caller, [event, event, { ...event, quantity: 3 }]);
    expect(results.map(({ status }) => status)).toEqual(["recorded", "duplicate", "mismatch"]);
    expect(new Set(results.map(({ eventId }) => eventId)).size).toBe(1);
  });

  test("takes a thousand at once", async () => {
    const { caller, ...mine } = await tenant();
    const events = Array.from({ length: 1000 }, (_, index) => ({
      quantity: 1,
      idempotencyKey: `bulk-${index}`,
    }));
    const results = await record(world.context, caller, events);
    expect(results.filter(({ status }) => status === "recorded")).toHaveLength(1000);
    expect((await getUsage(world.context, await view(mine))).usage.dailyUsed).toBe(1000);
  });

  test.each([
    ["too old", "2028-05-11T11:59:59Z"],
    ["too far ahead", "2028-06-15T12:05:10Z"],
  ])("one event that is %s and none is written", async (_, occurredAt) => {
    const { caller, ...mine } = await tenant();
    const events = [{ quantity: 1 }, { quantity: 1, occurredAt }];
    await expect(record(world.context, caller, events)).rejects.toMatchObject({ code: "validation_failed" });
    expect((await getUsage(world.context, await view(mine))).usage.dailyUsed).toBe(0);
  });
});

test("check answers what a consume would, and takes nothing", async () => {
  const { caller, ...mine } = await tenant();
  await consume(lane, caller, { quantity: 90, mode: "reject" });
  const access = await view(mine);
  expect(await check(world.context, access, { quantity: 10 })).toMatchObject({
    allowed: true,
    remaining: 10,
  });
  expect(await check(world.context, access, { quantity: 11 })).toMatchObject({
    allowed: false,
    reason: "daily_limit",
  });
  await expect(check(world.context, access, { meter: "none", quantity: 1 })).rejects.toMatchObject({
    code: "unknown_meter",
  });
  expect((await getUsage(world.context, access)).usage.dailyUsed).toBe(90);
});

describe("history", () => {
  test("has every day, oldest first, by meter and member, before and after the tally", async () => {
    const { caller, ...mine } = await tenant();
    await consume(lane, caller, { quantity: 4, mode: "reject", memberId: mine.owner.userId });
    await consume(lane, caller, { quantity: 1, mode: "reject" });
    await record(world.context, caller, [{ quantity: 7, occurredAt: "2028-06-13T23:59:59Z" }]);
    const read = async () => (await getUsageHistory(world.context, await view(mine), { days: 3 })).days;
    const expected = [
      { date: "2028-06-13", meters: [{ meter: "pages", used: 7, members: [{ userId: null, used: 7 }] }] },
      { date: "2028-06-14", meters: [{ meter: "pages", used: 0, members: [] }] },
      {
        date: "2028-06-15",
        meters: [
          {
            meter: "pages",
            used: 5,
            members: [
              { userId: null, used: 1 },
              { userId: `usr_${mine.owner.userId}`, used: 4 },
            ],
          },
        ],
      },
    ];
    expect(await read()).toEqual(expected);
    await moveEvents(world.scratch.admin, mine.id, 2);
    await rollUpDays({ db: worker });
    const { rows } = await world.scratch.admin.query(
      "select sum(quantity)::int as tallied from headroom.usage_tally where organization_id = $1",
      [mine.id],
    );
    expect(rows).toEqual([{ tallied: 12 }]);
    expect(await read()).toEqual(expected);
  });
});

describe("the month that usage reports", () => {
  test("is the period, or the calendar month where the policy says so", async () => {
    const { caller, ...mine } = await tenant();
    await record(world.context, caller, [{ quantity: 3, occurredAt: "2028-05-31T12:00:00Z" }]);
    await consume(lane, caller, { quantity: 2, mode: "reject" });
    const access = await view(mine);
    expect((await getUsage(world.context, access)).usage.monthlyUsed).toBe(5);
    const calendar = world.under({ usage: { window: "calendar_month" } });
    expect((await getUsage(calendar, access)).usage.monthlyUsed).toBe(2);
  });
});

test("verify names exactly the counter that was changed by hand", async () => {
  const { caller, id } = await tenant();
  await consume(lane, caller, { quantity: 9, mode: "reject" });
  expect(await verifyUsage({ db: worker }, { organizationId: id })).toEqual({
    checked: 1,
    days: 0,
    mismatches: [],
  });
  await world.scratch.admin.query("update headroom.usage_gate set day_used = 8 where organization_id = $1", [
    id,
  ]);
  expect(await verifyUsage({ db: worker }, { organizationId: id })).toEqual({
    checked: 1,
    days: 0,
    mismatches: [
      {
        organizationId: `org_${id}`,
        meter: "pages",
        kind: "day_used",
        windowStart: expect.stringMatching(/T00:00:00.000Z$/),
        counter: 8,
        recount: 9,
      },
    ],
  });
});
