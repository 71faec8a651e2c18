import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { listAlerts } from "./alerts.ts";
import { type AlertBench, type AlertTenant, openAlertBench } from "./testing/alert-bench.ts";
import { consume } from "./usage.ts";
import { createUsageLane } from "./usage-lane.ts";

let bench: AlertBench;
beforeAll(async () => {
  bench = await openAlertBench();
});
beforeEach(() => bench.world.make.setClock("2028-06-15T12:00:00Z"));
afterAll(() => bench?.close());

const thresholds = async (tenant: AlertTenant) => (await tenant.fired()).map(({ threshold }) => threshold);

describe("an alert fires once in a window", () => {
  test("when 500 consumes over 20 connections cross it at once", async () => {
    const tenant = await bench.tenant();
    await tenant.limits({ daily_limit: null });
    const alerts = await Promise.all([
      tenant.alert({ window: "day", units: 250 }),
      tenant.alert({ window: "period", percent: 25 }),
      tenant.alert({ window: "day", units: 500 }),
      tenant.alert({ window: "day", units: 501 }),
    ]);
    const lanes = Array.from({ length: 20 }, () => createUsageLane(bench.world.context.db, { batch: 3 }));
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        consume(lanes[index % 20] as (typeof lanes)[0], tenant.caller, { quantity: 1, mode: "reject" }),
      ),
    );
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(500);
    const [day, period, whole, beyond] = await Promise.all(alerts.map((alert) => tenant.fired(alert)));
    expect(day).toMatchObject([{ threshold: 250 }]);
    expect(period).toMatchObject([{ threshold: 250 }]);
    expect(whole).toMatchObject([{ threshold: 500, used: 500 }]);
    expect(beyond).toEqual([]);
    expect(day?.[0]?.used).toBeLessThan(350);
  });

  test("and each of those that one jump passes", async () => {
    const tenant = await bench.tenant();
    for (const percent of [50, 80, 100, 101]) await tenant.alert({ window: "day", percent });
    await tenant.use(49);
    expect(await thresholds(tenant)).toEqual([]);
    await tenant.use(51);
    expect(await tenant.fired()).toMatchObject([
      { threshold: 50, used: 100 },
      { threshold: 80, used: 100 },
      { threshold: 100, used: 100 },
    ]);
  });

  test("and no more for what a key repeats", async () => {
    const tenant = await bench.tenant();
    const key = uuidv7();
    await tenant.use(60, { key });
    await tenant.alert({ window: "day", units: 90 });
    await Promise.all(Array.from({ length: 10 }, () => tenant.use(60, { key })));
    expect(await thresholds(tenant)).toEqual([]);
    await tenant.use(30);
    await Promise.all(Array.from({ length: 10 }, () => tenant.use(60, { key })));
    expect(await tenant.fired()).toMatchObject([{ threshold: 90, used: 90 }]);
  });

  test("and again in the next: of each day, and of each period", async () => {
    const tenant = await bench.tenant();
    const day = await tenant.alert({ window: "day", units: 80 });
    const period = await tenant.alert({ window: "period", units: 150 });
    await tenant.use(90);
    await bench.world.make.setClock("2028-06-15T23:59:59Z");
    await tenant.use(1);
    await bench.world.make.setClock("2028-06-16T00:00:00Z");
    await tenant.use(79);
    expect(await tenant.fired(day)).toHaveLength(1);
    await tenant.use(1);
    expect(await tenant.fired(day)).toMatchObject([
      { used: 90, start: "2028-06-15T00:00:00.000Z" },
      { used: 80, start: "2028-06-16T00:00:00.000Z" },
    ]);
    expect(await tenant.fired(period)).toMatchObject([{ used: 170, start: "2028-06-01T00:00:00.000Z" }]);
    await bench.world.make.setClock("2028-07-01T00:00:00Z");
    await tenant.use(149);
    expect(await tenant.fired(period)).toHaveLength(1);
    await tenant.use(1);
    expect(await tenant.fired(period)).toMatchObject([{}, { used: 150, start: "2028-07-01T00:00:00.000Z" }]);
  });

  test("a day being the organization's own, also where it has 25 hours", async () => {
    await bench.world.make.setClock("2028-10-28T22:30:00Z");
    const tenant = await bench.tenant({ timeZone: "Europe/Berlin" });
    await tenant.alert({ window: "day", units: 80 });
    await tenant.use(80);
    await bench.world.make.setClock("2028-10-29T22:59:59Z");
    await tenant.use(80);
    expect(await tenant.fired()).toMatchObject([{ start: "2028-10-28T22:00:00.000Z" }]);
    await bench.world.make.setClock("2028-10-29T23:00:00Z");
    await tenant.use(80);
    expect(await tenant.fired()).toMatchObject([{}, { start: "2028-10-29T23:00:00.000Z" }]);
  });

  test("also when a zone moves its end", async () => {
    const tenant = await bench.tenant();
    await tenant.alert({ window: "day", units: 80 });
    await tenant.use(80);
    await bench.admin("update headroom.organization set time_zone = 'Pacific/Honolulu' where id = $1", [
      tenant.id,
    ]);
    await bench.world.make.setClock("2028-06-16T09:59:59Z");
    await tenant.use(20);
    expect(await tenant.fired()).toHaveLength(1);
    await bench.world.make.setClock("2028-06-16T10:00:00Z");
    await tenant.use(80);
    expect(await tenant.fired()).toMatchObject([{}, { start: "2028-06-16T10:00:00.000Z" }]);
  });

  test("and not twice where the count falls below and comes back", async () => {
    const tenant = await bench.tenant();
    await tenant.alert({ window: "day", units: 80 });
    await tenant.alert({ window: "day", units: 95 });
    await tenant.use(85);
    await bench.admin(
      "update headroom.usage_gate set day_used = 10, period_used = 10 where organization_id = $1",
      [tenant.id],
    );
    await bench.admin("select headroom.refresh_limits($1)", [tenant.id]);
    await tenant.use(85);
    expect(await tenant.fired()).toMatchObject([
      { threshold: 80, used: 85 },
      { threshold: 95, used: 95 },
    ]);
  });
});

describe("a late event", () => {
  test("of yesterday reaches the period's alert, and none of today", async () => {
    const tenant = await bench.tenant();
    await tenant.use(30);
    const day = await tenant.alert({ window: "day", units: 60 });
    const period = await tenant.alert({ window: "period", units: 60 });
    await tenant.use(40, { occurredAt: "2028-06-14T12:00:00Z" });
    expect(await tenant.fired(day)).toEqual([]);
    expect(await tenant.fired(period)).toMatchObject([{ used: 70 }]);
  });

  test("of an open period before this one reaches none", async () => {
    const tenant = await bench.tenant();
    await tenant.use(30);
    await bench.world.make.setClock("2028-07-02T12:00:00Z");
    await tenant.use(30);
    await tenant.alert({ window: "period", units: 60 });
    await tenant.use(40, { occurredAt: "2028-06-20T12:00:00Z" });
    expect(await tenant.fired()).toEqual([]);
  });
});

describe("a percentage", () => {
  test("moves with its limit: a raised one puts it off, a lowered one fires it at once", async () => {
    const tenant = await bench.tenant();
    const day = await tenant.alert({ window: "day", percent: 80 });
    const period = await tenant.alert({ window: "period", percent: 10 });
    await tenant.use(70);
    await tenant.limits({ daily_limit: 200 });
    await tenant.use(29);
    expect(await tenant.fired()).toEqual([]);
    await tenant.limits({ daily_limit: 120 });
    expect(await tenant.fired(day)).toMatchObject([{ threshold: 96, used: 99 }]);
    await tenant.limits({ included: 500 });
    expect(await tenant.fired(period)).toMatchObject([{ threshold: 50, used: 99 }]);
    await tenant.limits({ daily_limit: 1_000, included: 5_000 });
    await tenant.use(901);
    expect(await tenant.fired()).toHaveLength(2);
  });

  test("of a limit of none never fires, and of zero with the first unit", async () => {
    const tenant = await bench.tenant();
    await tenant.limits({ daily_limit: null, included: 0 });
    const none = await tenant.alert({ window: "day", percent: 1 });
    const zero = await tenant.alert({ window: "period", percent: 50, of: "hard_cap" });
    expect([none.threshold, zero.threshold]).toEqual([null, 1]);
    expect(await tenant.fired()).toEqual([]);
    await tenant.use(1);
    await tenant.use(5_000);
    expect(await tenant.fired(none)).toEqual([]);
    expect(await tenant.fired(zero)).toMatchObject([{ threshold: 1, used: 1 }]);
  });

  test("is rounded up to whole units, as it is shown", async () => {
    const tenant = await bench.tenant();
    await tenant.limits({ daily_limit: 33 });
    const alert = await tenant.alert({ window: "day", percent: 50 });
    expect(alert.threshold).toBe(17);
    await tenant.use(16);
    expect(await tenant.fired()).toEqual([]);
    await tenant.use(1);
    expect(await tenant.fired()).toMatchObject([{ threshold: 17, used: 17 }]);
    const { alerts } = await listAlerts(bench.world.context, await tenant.access("usage.view"), {
      limit: 10,
    });
    expect(alerts).toEqual([
      {
        ...alert,
        lastFiring: {
          firedAt: expect.stringMatching(/^2028-06-15T12:00/),
          used: 17,
          threshold: 17,
          windowStart: "2028-06-15T00:00:00.000Z",
        },
      },
    ]);
  });

  test("of the largest limit can be shown", async () => {
    const tenant = await bench.tenant();
    await tenant.limits({ daily_limit: Number.MAX_SAFE_INTEGER });
    const alert = await tenant.alert({ window: "day", percent: 1_000 });
    expect(alert.threshold).toBe(Number.MAX_SAFE_INTEGER);
  });
});

test("one that is added below the count fires at once, while usage goes on", async () => {
  const tenant = await bench.tenant();
  await tenant.use(50);
  const [alert] = await Promise.all([
    tenant.alert({ window: "day", units: 50 }),
    ...Array.from({ length: 20 }, () => tenant.use(1)),
  ]);
  expect(await tenant.fired(alert)).toHaveLength(1);
});

test("every meter has its own", async () => {
  const tenant = await bench.tenant();
  const alert = await tenant.alert({ meter: "jobs", window: "period", percent: 50 });
  await tenant.use(90);
  expect(await tenant.fired()).toEqual([]);
  await tenant.use(5, { meter: "jobs" });
  expect(await tenant.fired(alert)).toMatchObject([{ threshold: 5, used: 5 }]);
});
