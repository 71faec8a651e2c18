import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openUsageBench, pro, type UsageBench } from "./testing/usage-bench.ts";

let bench: UsageBench;
beforeAll(async () => {
  bench = await openUsageBench();
});
afterAll(() => bench.end());

describe("a subscription", () => {
  const paid = async (at: string, end: string) => {
    const one = await bench.metered();
    await bench.setClock(Date.parse(at) - 3_600_000);
    await one.take(10, "jobs");
    await one.take(40);
    await bench.setClock(at);
    const facts = pro(at, end);
    await one.subscribe(facts, at);
    return { one, facts };
  };

  test("that starts opens a period at 0, and the day goes on", async () => {
    const { one } = await paid("2028-04-10T14:37:00.000Z", "2028-05-10T14:37:00Z");
    expect(await one.status("jobs")).toMatchObject({
      periodUsed: 0,
      dayUsed: 10,
      hardCap: 150,
      periodStart: "2028-04-10T14:37:00.000Z",
      periodEnd: "2028-05-10T14:37:00.000Z",
    });
    expect(await one.status()).toMatchObject({ dayUsed: 40, dailyLimit: 1000 });
    expect(await one.take(150, "jobs")).toMatchObject({ allowed: true });
    expect(await one.periods()).toMatchObject([{ plan: "free", billable: false }]);
    await one.verify();
  });

  test("another plan within it zeroes nothing: raised opens at once, lowered blocks at once", async () => {
    const { one, facts } = await paid("2028-04-10T14:37:00.000Z", "2028-05-10T14:37:00Z");
    await one.take(60, "jobs");
    const lower = { ...facts, planId: "free", overageAllowed: false };
    await one.subscribe(lower, null);
    expect(await one.take(1, "jobs")).toMatchObject({
      allowed: false,
      hardCap: 10,
      windows: { period: { used: 60, resetsAt: "2028-05-10T14:37:00.000Z" } },
    });
    await one.subscribe(facts, null);
    expect(await one.take(90, "jobs")).toMatchObject({ allowed: true, windows: { period: { used: 150 } } });
    expect(await one.status("jobs")).toMatchObject({ dayUsed: 160 });
    expect(await one.periods()).toHaveLength(1);
    await one.verify();
  });

  test("that Stripe speaks of late owns what came since, tallied or not, and hearing it again changes nothing", async () => {
    const { one, facts } = await paid("2028-04-10T14:37:00.000Z", "2028-05-10T14:37:00Z");
    await bench.setClock("2028-04-20T08:59:00Z");
    await one.take(30, "jobs");
    await bench.setClock("2028-04-20T09:10:00Z");
    await one.take(7, "jobs");
    await bench.worker.pool.query("select roll_up((clock_timestamp() at time zone 'UTC')::date)");
    const moved = {
      ...facts,
      ...pro("2028-04-20T09:00:00.000Z", "2028-05-20T09:00:00Z"),
      subscriptionId: facts.subscriptionId,
    };
    for (const start of ["2028-04-20T09:00:00.000Z", "2028-04-20T09:00:00.000Z", null]) {
      await one.subscribe(moved, start);
      expect(await one.status("jobs")).toMatchObject({
        periodUsed: 7,
        dayUsed: 37,
        periodStart: "2028-04-20T09:00:00.000Z",
        periodEnd: "2028-05-20T09:00:00.000Z",
      });
    }
    await bench.close();
    expect((await one.periods()).map(({ total }) => total)).toEqual([10, 30]);
    await one.verify();
  });

  test("whose renewal comes from a clock some seconds ahead has one next period, not a sliver and another", async () => {
    const { one, facts } = await paid("2028-04-10T14:37:00.000Z", "2028-05-10T14:37:00Z");
    await one.take(50, "jobs");
    await bench.setClock("2028-05-10T14:36:30Z");
    const renewed = { ...facts, periodStart: "2028-05-10T14:37:00Z", periodEnd: "2028-06-10T14:37:00Z" };
    await one.subscribe(renewed, "2028-05-10T14:37:00Z");
    expect(await one.take(70, "jobs")).toMatchObject({
      windows: { period: { used: 70, resetsAt: "2028-06-10T14:37:00.000Z" } },
    });
    await bench.setClock("2028-05-10T14:37:30Z");
    await one.subscribe({ ...renewed, seatsPurchased: 3 }, null);
    expect((await one.take(60, "jobs")).windows.period.used).toBe(130);
    await bench.setClock("2028-06-10T14:37:01Z");
    expect((await one.take(1, "jobs")).windows.period.used).toBe(1);
    await bench.close();
    expect((await one.periods()).map(({ total }) => total)).toEqual([10, 50, 130]);
    await one.verify();
  });

  test("that begins by a clock some seconds ahead begins now, and once", async () => {
    const { one } = await paid("2028-04-10T14:37:00.000Z", "2028-05-10T14:37:00Z");
    const other = await bench.metered();
    await bench.setClock("2028-04-10T14:36:40Z");
    await other.take(9, "jobs");
    await other.subscribe(
      pro("2028-04-10T14:37:00.000Z", "2028-05-10T14:37:00Z"),
      "2028-04-10T14:37:00.000Z",
    );
    await other.take(100, "jobs");
    await bench.setClock("2028-04-10T14:37:10Z");
    expect((await other.take(50, "jobs")).windows.period).toMatchObject({
      used: 150,
      resetsAt: "2028-05-10T14:37:00.000Z",
    });
    expect(await other.periods()).toHaveLength(1);
    await other.verify();
    await one.verify();
  });

  test("whose trial ends has a period of its own, and the trial is never billed", async () => {
    const one = await bench.metered();
    await bench.setClock("2028-04-01T09:00:00Z");
    await one.take(1, "jobs");
    await bench.setClock("2028-04-01T10:00:00Z");
    const trial = {
      ...pro("2028-04-15T10:00:00.000Z", "2028-04-15T10:00:00Z", "2028-04-01T10:00:00Z"),
      state: "trialing" as const,
      overageAllowed: false,
      trialEnd: "2028-04-15T10:00:00Z",
    };
    await one.subscribe(trial, "2028-04-01T10:00:00Z");
    expect(await one.take(101, "jobs")).toMatchObject({ allowed: false, reason: "hard_cap" });
    await one.take(100, "jobs");
    await bench.setClock("2028-04-15T10:00:00Z");
    expect(await one.take(100, "jobs")).toMatchObject({
      windows: { period: { used: 100, resetsAt: "2028-05-15T10:00:00.000Z" } },
    });
    const begun = {
      ...pro("2028-04-15T10:00:00.000Z", "2028-05-15T10:00:00Z"),
      subscriptionId: trial.subscriptionId,
    };
    await one.subscribe(begun, "2028-04-15T10:00:00Z");
    expect(await one.take(20, "jobs")).toMatchObject({ windows: { period: { used: 120 } } });
    await bench.setClock("2028-05-15T10:00:01Z");
    await bench.close();
    const [, tried, running] = await one.periods();
    expect([tried?.billable, tried?.total]).toEqual([false, 100]);
    expect([running?.billable, running?.total]).toEqual([true, 120]);
    expect((await one.ledger()).map(([, quantity]) => quantity)).toEqual([20]);
    await one.verify();
  });

  test("whose end is told in a later month leaves a period to that month's end, and one since", async () => {
    const { one } = await paid("2028-04-10T14:37:00.000Z", "2028-05-10T14:37:00Z");
    for (const [at, quantity] of [
      ["2028-04-20T00:00:00Z", 5],
      ["2028-04-26T00:00:00Z", 3],
      ["2028-05-02T00:00:00Z", 4],
    ] as const) {
      await bench.setClock(at);
      await one.take(quantity, "jobs");
    }
    await one.subscribe({ state: "ended" }, "2028-04-25T00:00:00Z");
    expect(await one.status("jobs")).toMatchObject({
      periodUsed: 4,
      included: 10,
      periodStart: "2028-05-01T00:00:00.000Z",
      periodEnd: "2028-06-01T00:00:00.000Z",
    });
    await bench.close();
    expect(
      (await one.periods()).map(({ start, end, total, plan }) => [
        start.slice(5, 10),
        end.slice(5, 10),
        total,
        plan,
      ]),
    ).toEqual([
      ["04-01", "04-10", 10, "free"],
      ["04-10", "04-25", 5, "pro"],
      ["04-25", "05-01", 3, "free"],
    ]);
    await one.verify();
  });

  test.each([
    ["a scheduled cancellation", { cancelAt: "2028-04-25T12:00:00Z" }],
    ["the end of grace", { state: "past_due", overageAllowed: false }],
  ])("past %s its limits are gone at that instant, though nothing told the gate", async (_, more) => {
    const { one, facts } = await paid("2028-04-10T14:37:00.000Z", "2028-05-10T14:37:00Z");
    await one.subscribe({ ...facts, ...more, limitsUntil: "2028-04-25T12:00:00Z" }, null);
    await bench.setClock("2028-04-25T11:59:40Z");
    expect(await one.take(20, "jobs")).toMatchObject({ allowed: true, included: 100 });
    await bench.setClock("2028-04-25T12:00:00Z");
    expect(await one.status("jobs")).toMatchObject({ hardCap: 10, periodUsed: 20 });
    expect(await one.take(1, "jobs")).toMatchObject({ allowed: false, hardCap: 10 });
    expect((await one.take(100)).allowed).toBe(true);
    expect(await one.take(1)).toMatchObject({ allowed: false, reason: "daily_limit" });
    await one.verify();
  });
});
