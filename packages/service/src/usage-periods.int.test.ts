import { addMonths } from "@headroom/db/testing/calendar";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openUsageBench, pro, type UsageBench } from "./testing/usage-bench.ts";

let bench: UsageBench;
beforeAll(async () => {
  bench = await openUsageBench();
});
afterAll(() => bench.end());

const iso = (at: number) => new Date(at).toISOString();
const spans = (periods: { start: string; end: string }[]) =>
  periods.map(({ start, end }) => `${start.slice(0, 16)} ${end.slice(0, 16)}`);
describe("months of a subscription", () => {
  test.each([
    ["the 29th", "2027-01-29T14:37:00.000Z"],
    ["the 30th", "2027-01-30T14:37:00.000Z"],
    ["the 31st", "2027-01-31T23:59:59.000Z"],
    ["29 February", "2028-02-29T14:37:00.000Z"],
  ])(
    "an anchor on %s, over two years: each month is anchor + n, full to its last second",
    async (_, text) => {
      const anchor = Date.parse(text);
      const one = await bench.metered({ timeZone: "Pacific/Kiritimati" });
      await bench.setClock(anchor);
      await one.subscribe({ ...pro(text, iso(addMonths(anchor, 1))), overageAllowed: false }, text);
      for (let n = 0; n < 25; n++) {
        const end = addMonths(anchor, n + 1);
        await bench.setClock(addMonths(anchor, n));
        expect(await one.take(100, "jobs")).toMatchObject({
          allowed: true,
          windows: { period: { used: 100, resetsAt: iso(end) } },
        });
        if (n % 6 === 1) {
          await bench.setClock(end - 20_000);
          expect(await one.take(1, "jobs")).toMatchObject({ allowed: false, reason: "hard_cap" });
          await one.verify();
        }
      }
      const left = await one.periods();
      expect(left).toHaveLength(24);
      expect(left.map(({ start, end }) => [start, end])).toEqual(
        left.map((_one, n) => [iso(addMonths(anchor, n)), iso(addMonths(anchor, n + 1))]),
      );
      expect(new Set((await one.events("jobs")).map(({ period }) => period)).size).toBe(25);
    },
  );

  test("a yearly one: included and overage are counted for each month", async () => {
    const anchor = "2027-12-31T14:37:00.000Z";
    const one = await bench.metered();
    await bench.setClock(anchor);
    await one.subscribe({ ...pro(anchor, "2028-12-31T14:37:00Z"), interval: "year" }, anchor);
    for (const [at, quantity] of [
      ["2028-01-15T00:00:00Z", 120],
      ["2028-01-31T14:36:30Z", 5],
      ["2028-01-31T14:37:00Z", 90],
      ["2028-02-29T14:36:00Z", 20],
      ["2028-02-29T14:37:00Z", 101],
    ] as const) {
      await bench.setClock(at);
      expect((await one.take(quantity, "jobs")).allowed).toBe(true);
    }
    await bench.setClock("2028-06-01T00:00:00Z");
    await bench.close();
    expect(spans(await one.periods())).toEqual([
      "2027-12-31T14:37 2028-01-31T14:37",
      "2028-01-31T14:37 2028-02-29T14:37",
      "2028-02-29T14:37 2028-03-31T14:37",
      "2028-03-31T14:37 2028-04-30T14:37",
      "2028-04-30T14:37 2028-05-31T14:37",
    ]);
    expect((await one.periods()).map(({ total, billable }) => [total, billable])).toEqual([
      [125, true],
      [110, true],
      [101, true],
      [0, true],
      [0, true],
    ]);
    expect((await one.ledger()).map(([, quantity]) => quantity)).toEqual([25, 10, 1]);
  });
});

describe("calendar months", () => {
  test("29 February belongs to a month of 29 days, in the organization's zone", async () => {
    const one = await bench.metered({ timeZone: "Asia/Tokyo" });
    await bench.setClock("2028-02-29T14:59:00Z");
    await one.take(10, "jobs");
    expect(await one.status("jobs")).toMatchObject({
      periodStart: "2028-01-31T15:00:00.000Z",
      periodEnd: "2028-02-29T15:00:00.000Z",
      date: "2028-02-29",
    });
    await bench.setClock("2028-02-29T15:00:00Z");
    expect((await one.take(10, "jobs")).windows.period).toMatchObject({
      resetsAt: "2028-03-31T15:00:00.000Z",
    });
    await one.verify();
  });

  test("one whose first midnight comes twice begins with the first", async () => {
    const one = await bench.metered({ timeZone: "America/Havana" });
    await bench.setClock("2020-10-31T12:00:00Z");
    await one.take(10, "jobs");
    await bench.setClock("2020-11-01T04:00:00Z");
    expect((await one.take(10, "jobs")).allowed).toBe(true);
    await bench.setClock("2020-11-01T05:30:00Z");
    expect((await one.take(1, "jobs")).allowed).toBe(false);
    expect(spans(await one.periods())).toEqual(["2020-10-01T04:00 2020-11-01T04:00"]);
    await one.verify();
  });

  test("limits asked again between two zones' midnights leave the running month its end", async () => {
    const one = await bench.metered();
    await bench.setClock("2028-11-20T12:00:00Z");
    await one.take(10, "jobs");
    await one.move("Asia/Tokyo");
    await bench.setClock("2028-11-30T20:00:00Z");
    await bench.world.context.db.pool.query("select refresh_limits($1)", [one.id]);
    expect((await one.take(1, "jobs")).windows.period).toEqual(
      expect.objectContaining({ used: 10, resetsAt: "2028-12-01T00:00:00.000Z" }),
    );
    await bench.setClock("2028-12-01T00:00:00Z");
    expect(await one.take(10, "jobs")).toMatchObject({
      allowed: true,
      windows: { period: { used: 10, resetsAt: "2028-12-31T15:00:00.000Z" } },
    });
    await one.verify();
  });

  test("after a change of zone an idle gate leaves whole months, with no sliver between them", async () => {
    const one = await bench.metered();
    await bench.setClock("2028-11-20T12:00:00Z");
    await one.take(10, "jobs");
    await one.move("America/Los_Angeles");
    await bench.setClock("2028-12-28T00:00:00Z");
    await one.take(1, "jobs");
    expect(spans(await one.periods())).toEqual(["2028-11-01T00:00 2028-12-01T08:00"]);
    await one.late(3, "2028-12-01T04:00:00Z", "jobs");
    await bench.close();
    expect(await one.periods()).toMatchObject([{ total: 13 }]);
    await one.verify();
  });
});

describe("without a worker", () => {
  test.each([
    ["ten days", "2028-05-28T12:00:00Z", "2028-06-07T12:00:00Z", ["2028-05-01T00:00 2028-06-01T00:00"]],
    [
      "45 days",
      "2028-05-28T12:00:00Z",
      "2028-07-12T12:00:00Z",
      ["2028-05-01T00:00 2028-06-01T00:00", "2028-06-01T00:00 2028-07-01T00:00"],
    ],
  ])(
    "%s: what ended is written down, and closed once by however many come back",
    async (_, from, to, expected) => {
      const [busy, idle] = [await bench.metered(), await bench.metered()];
      await bench.setClock(from);
      await Promise.all([busy.take(4, "jobs"), idle.take(3, "jobs")]);
      await bench.setClock(to);
      expect(await busy.take(10, "jobs")).toMatchObject({ allowed: true, windows: { period: { used: 10 } } });
      const closed = await Promise.all(Array.from({ length: 4 }, () => bench.close()));
      expect(closed.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(2 * expected.length);
      for (const [one, first] of [
        [busy, 4],
        [idle, 3],
      ] as const) {
        const periods = await one.periods();
        expect(spans(periods)).toEqual(expected);
        expect(periods.map(({ total, plan }) => [total, plan])).toEqual(
          expected.map((_one, n) => [n === 0 ? first : 0, "free"]),
        );
        await one.verify();
      }
      expect(await bench.close()).toBe(0);
    },
  );

  test("a period that ended unnoticed is billed by the terms it ended under, whatever was bought since", async () => {
    const one = await bench.metered();
    const anchor = "2028-03-10T00:00:00.000Z";
    await bench.setClock(anchor);
    const facts = pro(anchor, "2028-04-10T00:00:00Z");
    await one.subscribe(facts, anchor);
    await one.take(120, "jobs");
    await bench.setClock("2028-04-15T00:00:00Z");
    // The next period is known, under a plan without overage: the one that ended keeps its own.
    await one.subscribe({ ...facts, planId: "free", overageAllowed: false }, null);
    await bench.close();
    expect(await one.periods()).toMatchObject([{ plan: "pro", included: 100, billable: true, total: 120 }]);
    expect(await one.ledger()).toEqual([[anchor, 20]]);
  });
});

describe("late events at the edges of a period", () => {
  test("its first instant is in it, the one before is not; an ended one takes them until it is closed", async () => {
    const one = await bench.metered({ timeZone: "Asia/Tokyo" });
    await bench.setClock("2028-06-20T00:00:00Z");
    await one.take(4, "jobs");
    await bench.setClock("2028-07-02T00:00:00Z");
    await one.take(1, "jobs");
    await one.late(10, "2028-06-30T15:00:00.000Z", "jobs");
    await one.late(20, "2028-06-30T14:59:59.999Z", "jobs");
    await one.late(40, "2028-05-31T15:00:00.000Z", "jobs");
    expect((await one.status("jobs")).periodUsed).toBe(11);
    await bench.close();
    expect((await one.periods()).map(({ total }) => total)).toEqual([64]);
    await one.late(80, "2028-06-30T14:59:59.999Z", "jobs");
    await one.late(160, "2028-05-31T14:59:59.999Z", "jobs");
    expect((await one.status("jobs")).periodUsed).toBe(251);
    const carried = (await one.events("jobs")).slice(-2);
    expect(carried).toEqual([
      { date: "2028-06-30", period: "2028-06-30T15:00:00.000Z", quantity: 80 },
      { date: "2028-05-31", period: "2028-06-30T15:00:00.000Z", quantity: 160 },
    ]);
    expect((await one.periods()).map(({ total }) => total)).toEqual([64]);
    await one.verify();
  });
});
