import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAlert, deleteAlert, listAlerts, type NewAlert } from "./alerts.ts";
import { listAudit } from "./audit.ts";
import { type AlertBench, type AlertTenant, openAlertBench } from "./testing/alert-bench.ts";
import { accessTo, outcomeOf, rawId, tallyOf } from "./testing/world.ts";

let bench: AlertBench;
beforeAll(async () => {
  bench = await openAlertBench();
});
beforeEach(() => bench.world.make.setClock("2028-06-15T12:00:00Z"));
afterAll(() => bench?.close());

const list = async (tenant: AlertTenant, limit = 50, cursor?: string) =>
  listAlerts(bench.world.context, await tenant.access("usage.view"), { limit, cursor });

test("an alert is made, listed with what it is in units now, and deleted", async () => {
  const tenant = await bench.tenant();
  const made = [
    await tenant.alert({ window: "day", units: 70 }),
    await tenant.alert({ window: "day", percent: 80 }),
    await tenant.alert({ window: "period", percent: 200 }),
    await tenant.alert({ meter: "jobs", window: "period", percent: 50, of: "hard_cap" }),
  ];
  expect(made[0]).toEqual({
    id: expect.stringMatching(/^alr_/),
    organizationId: `org_${tenant.id}`,
    meter: "pages",
    window: "day",
    units: 70,
    percent: null,
    of: null,
    threshold: 70,
    lastFiring: null,
    createdAt: expect.stringMatching(/^2028-06-15T12:00/),
  });
  expect(made.slice(1)).toMatchObject([
    { meter: "pages", window: "day", units: null, percent: 80, of: "daily_limit", threshold: 80 },
    { meter: "pages", window: "period", percent: 200, of: "included", threshold: 2_000 },
    { meter: "jobs", percent: 50, of: "hard_cap", threshold: 5 },
  ]);
  const first = await list(tenant, 3);
  const second = await list(tenant, 3, first.nextCursor ?? "");
  expect([...first.alerts, ...second.alerts]).toEqual(made);
  expect(second.nextCursor).toBeNull();

  await tenant.limits({ daily_limit: 50 });
  expect((await list(tenant)).alerts.map(({ threshold }) => threshold)).toEqual([70, 40, 2_000, 5]);

  const access = await tenant.access("organization.update");
  const alertId = rawId(made[1] ?? { id: "" });
  expect(await deleteAlert(bench.world.context, access, { alertId })).toEqual({ ...made[1], threshold: 40 });
  expect((await list(tenant)).alerts).toHaveLength(3);
  expect(await outcomeOf(deleteAlert(bench.world.context, access, { alertId }))).toBe("resource_not_found");
});

test("both are audited as settings are, and say so to those who watch", async () => {
  const tenant = await bench.tenant();
  const alert = await tenant.alert({ window: "day", percent: 80 });
  await deleteAlert(bench.world.context, await tenant.access("organization.update"), {
    alertId: rawId(alert),
  });
  const { entries } = await listAudit(bench.world.context, await tenant.access("audit.view"), {
    action: "alert.*",
    limit: 10,
  });
  const data = { meter: "pages", window: "day", units: null, percent: 80, of: "daily_limit" };
  expect(entries).toMatchObject([
    { action: "alert.deleted", target: alert.id, data },
    { action: "alert.created", target: alert.id, data },
  ]);
  const events = await bench.admin(
    "select payload from headroom.event where organization_id = $1 and name = 'organization.updated'",
    [tenant.id],
  );
  expect(events).toEqual([{ payload: { fields: ["alerts"] } }, { payload: { fields: ["alerts"] } }]);
});

describe("one that stands already", () => {
  const same: NewAlert = { window: "period", percent: 80 };

  test("is answered again, also when many add it at once, and is audited once", async () => {
    const tenant = await bench.tenant();
    const alerts = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        tenant.alert(index % 2 ? same : { ...same, meter: "pages", of: "included" }),
      ),
    );
    expect(new Set(alerts.map(({ id }) => id)).size).toBe(1);
    const access = await tenant.access("audit.view");
    expect(
      (await listAudit(bench.world.context, access, { action: "alert.*", limit: 10 })).entries,
    ).toHaveLength(1);
    for (const other of [
      { ...same, percent: 81 },
      { ...same, of: "hard_cap" as const },
    ])
      await tenant.alert(other);
    expect((await list(tenant)).alerts).toHaveLength(3);
  });

  test("is what a repeated key answers, as it is now; other input under it is refused", async () => {
    const tenant = await bench.tenant();
    const standing = await tenant.alert(same);
    const access = await tenant.access("organization.update");
    const create = (input: NewAlert, idempotencyKey: string) =>
      createAlert(bench.world.context, access, input, { idempotencyKey });
    expect(await create(same, "a")).toEqual(standing);
    expect(await create(same, "a")).toEqual(standing);
    expect(await outcomeOf(create({ ...same, percent: 90 }, "a"))).toBe("idempotency_mismatch");
    const made = await create({ window: "day", units: 5 }, "b");
    await tenant.use(5);
    expect(await create({ window: "day", units: 5 }, "b")).toMatchObject({
      id: made.id,
      lastFiring: { used: 5, threshold: 5 },
    });
    await deleteAlert(bench.world.context, access, { alertId: rawId(made) });
    expect(await outcomeOf(create({ window: "day", units: 5 }, "b"))).toBe("resource_not_found");
  });
});

test("a meter has at most 20, however many are added at once", async () => {
  const tenant = await bench.tenant();
  for (let units = 1; units <= 10; units++) await tenant.alert({ window: "day", units });
  const more = Array.from({ length: 20 }, (_, index) => tenant.alert({ window: "day", units: 11 + index }));
  expect(await tallyOf(more)).toEqual({ ok: 10, validation_failed: 10 });
  expect(await outcomeOf(tenant.alert({ meter: "jobs", window: "day", units: 1 }))).toBe("ok");
  expect((await list(tenant)).alerts).toHaveLength(21);
});

test.each<[string, NewAlert]>([
  ["no threshold", { window: "day" }],
  ["two thresholds", { window: "day", units: 5, percent: 5 }],
  ["a limit for units", { window: "day", units: 5, of: "daily_limit" }],
  ["a period's limit for a day", { window: "day", percent: 5, of: "included" }],
  ["a day's limit for a period", { window: "period", percent: 5, of: "daily_limit" }],
])("refuses %s", async (_, input) => {
  const tenant = await bench.tenant();
  expect(await outcomeOf(tenant.alert(input))).toBe("validation_failed");
  expect((await list(tenant)).alerts).toEqual([]);
});

test("refuses a meter that is not there, or counts no more", async () => {
  const tenant = await bench.tenant();
  const alert = (meter: string) => outcomeOf(tenant.alert({ meter, window: "day", units: 5 }));
  expect(await alert("bytes")).toBe("unknown_meter");
  await bench.admin("insert into headroom.meter values ('fax', 'Faxes', false, 9, false)");
  expect(await alert("fax")).toBe("unknown_meter");
});

test("members see alerts, owner and admins change them, and nobody another organization's", async () => {
  const tenant = await bench.tenant();
  const other = await bench.tenant();
  await bench.world.seats(100);
  await bench.admin("update headroom.plan set seats_included = 100");
  const alert = await tenant.alert({ window: "day", units: 5 });
  const { context } = bench.world;
  const as = async (role: "admin" | "member") => bench.world.join(tenant.id, tenant.owner, role);
  const [admin, member] = [await as("admin"), await as("member")];
  const ask = (person: typeof admin, permission: "usage.view" | "organization.update") =>
    outcomeOf(accessTo(context, person, tenant.id, permission));
  expect(await ask(member, "usage.view")).toBe("ok");
  expect(await ask(member, "organization.update")).toBe("forbidden");
  expect(await ask(admin, "organization.update")).toBe("ok");
  const access = await other.access("organization.update");
  expect(await outcomeOf(deleteAlert(context, access, { alertId: rawId(alert) }))).toBe("resource_not_found");
  expect((await list(other)).alerts).toEqual([]);
  expect((await list(tenant)).alerts).toEqual([alert]);
});
