import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { tellAlerts } from "./alert-telling.ts";
import { deleteAlert } from "./alerts.ts";
import { changeOrganization } from "./organizations.ts";
import { type AlertBench, type AlertTenant, openAlertBench } from "./testing/alert-bench.ts";
import { rawId } from "./testing/world.ts";

let bench: AlertBench;
beforeAll(async () => {
  bench = await openAlertBench();
});
beforeEach(() => bench.world.make.setClock("2028-06-15T12:00:00Z"));
afterAll(() => bench?.close());

const eventsOf = ({ id }: AlertTenant) =>
  bench.admin(
    "select payload, recipient from headroom.event where organization_id = $1 and name = 'usage.alert_fired' order by seq",
    [id],
  );
const mailsOf = ({ id }: AlertTenant) =>
  bench.admin(
    `select payload ->> 'to' as to, payload -> 'facts' as facts from headroom.outbox
       where organization_id = $1 and payload ->> 'template' = 'alert' order by id`,
    [id],
  );
const recipientsOf = async (tenant: AlertTenant) => (await mailsOf(tenant)).map(({ to }) => to).sort();

/** One that has an alert which has fired and is not told of. */
async function fired(): Promise<AlertTenant> {
  const tenant = await bench.tenant();
  await tenant.alert({ window: "day", percent: 80 });
  await tenant.use(85);
  return tenant;
}

test("what fired is told of: an event, a mail and a delivery to each webhook", async () => {
  const tenant = await bench.tenant();
  const day = await tenant.alert({ window: "day", percent: 80 });
  const period = await tenant.alert({ window: "period", units: 50 });
  await bench.admin(
    `insert into headroom.webhook_endpoint (organization_id, id, url, events, secret, created_at, updated_at)
       values ($1, gen_random_uuid(), 'https://example.com', '{usage.alert_fired}', '', now(), now())`,
    [tenant.id],
  );
  await tenant.use(85);
  await tenant.limits({ daily_limit: 400 });
  expect(await bench.tell()).toBe(2);
  expect(await eventsOf(tenant)).toEqual([
    {
      payload: {
        alertId: period.id,
        meter: "pages",
        window: "period",
        threshold: 50,
        used: 85,
        limit: 1_000,
        windowStart: "2028-06-01T00:00:00.000Z",
        windowEnd: "2028-07-01T00:00:00.000Z",
      },
      recipient: null,
    },
    {
      payload: {
        alertId: day.id,
        meter: "pages",
        window: "day",
        threshold: 80,
        used: 85,
        limit: 100,
        windowStart: "2028-06-15T00:00:00.000Z",
        windowEnd: "2028-06-16T00:00:00.000Z",
      },
      recipient: null,
    },
  ]);
  expect(
    await bench.admin(
      "select count(*)::int as sent from headroom.webhook_delivery where organization_id = $1",
      [tenant.id],
    ),
  ).toEqual([{ sent: 2 }]);
  expect(await mailsOf(tenant)).toEqual([
    {
      to: tenant.owner.email,
      facts: {
        organizationName: "Acme",
        meter: "Pages",
        threshold: { kind: "units", value: 50 },
        used: 85,
        limit: 1_000,
        window: "period",
        resetsAt: "2028-07-01T00:00:00.000Z",
        over: false,
      },
    },
    {
      to: tenant.owner.email,
      facts: {
        organizationName: "Acme",
        meter: "Pages",
        threshold: { kind: "percent", value: 80, of: "daily_limit" },
        used: 85,
        limit: 100,
        window: "day",
        resetsAt: "2028-06-16T00:00:00.000Z",
        over: false,
      },
    },
  ]);
  expect(await bench.tell()).toBe(0);
  await bench.world.make.setClock("2028-06-16T00:00:00Z");
  await tenant.use(320);
  await bench.world.make.setClock("2028-06-17T01:00:00Z");
  expect(await bench.tell()).toBe(1);
  expect((await mailsOf(tenant)).at(-1)).toMatchObject({ facts: { over: true, used: 320, limit: 400 } });
});

test("mail goes to those who may change alerts and to the billing address, to each once", async () => {
  await bench.world.seats(100);
  await bench.admin("update headroom.plan set seats_included = 100");
  const tenant = await bench.tenant();
  const { id, owner } = tenant;
  const admin = await bench.world.join(id, owner, "admin");
  await bench.world.join(id, owner, "member");
  const unverified = await bench.world.join(id, owner, "admin");
  await bench.admin("update headroom.account set email_verified = false where id = $1", [unverified.userId]);
  await tenant.alert({ window: "day", units: 50 });
  const settle = async (billingEmail: string) =>
    changeOrganization(bench.world.context, await tenant.access("organization.update"), {
      settings: { billingEmail },
    });
  await settle("billing@acme.example.com");
  await tenant.use(50);
  await bench.tell();
  expect(await recipientsOf(tenant)).toEqual([admin.email, "billing@acme.example.com", owner.email].sort());

  await settle(owner.email.toUpperCase());
  await bench.world.make.setClock("2028-06-16T12:00:00Z");
  await tenant.use(50);
  await bench.tell();
  expect(await recipientsOf(tenant)).toHaveLength(5);
});

describe("each is told once", () => {
  test("by four workers at once, of many organizations and of more than one transaction takes", async () => {
    const tenants = await Promise.all(Array.from({ length: 6 }, fired));
    const [many] = tenants as [AlertTenant, ...AlertTenant[]];
    await bench.admin(
      `insert into headroom.usage_alert_firing
         select f.organization_id, f.alert_id, f.window_start - n * interval '1 day', f.window_end - n * interval '1 day',
           f.threshold, f.limit_units, f.used, f.fired_at, null
         from headroom.usage_alert_firing f, generate_series(1, 119) n where f.organization_id = $1`,
      [many.id],
    );
    const told = await Promise.all(Array.from({ length: 4 }, bench.tell));
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(125);
    for (const tenant of tenants) {
      const expected = tenant === many ? 120 : 1;
      expect(await eventsOf(tenant)).toHaveLength(expected);
      expect(await mailsOf(tenant)).toHaveLength(expected);
      expect((await tenant.fired()).every(({ told }) => told)).toBe(true);
    }
  });

  test("where the worker that tells loses its connection in the middle", async () => {
    const tenant = await fired();
    const lock = await bench.world.scratch.admin.connect();
    await lock.query("begin; lock table headroom.outbox in exclusive mode");
    const telling = bench.tell().then(
      () => "told",
      () => "lost",
    );
    const waiting = `select pid from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%outbox%'
      and datname = current_database()`;
    await expect.poll(() => bench.admin(waiting), { timeout: 10_000 }).toHaveLength(1);
    await bench.admin(`select pg_terminate_backend(pid) from (${waiting}) w`);
    expect(await telling).toBe("lost");
    await lock.query("rollback");
    lock.release();
    expect([await eventsOf(tenant), await mailsOf(tenant)]).toEqual([[], []]);
    expect(await bench.tell()).toBe(1);
    expect([await eventsOf(tenant), await mailsOf(tenant)]).toMatchObject([[{}], [{}]]);
  });

  test("where its window starts between two milliseconds", async () => {
    const tenant = await fired();
    await bench.admin(
      "update headroom.usage_alert_firing set window_start = window_start + interval '1 microsecond' where organization_id = $1",
      [tenant.id],
    );
    expect([await bench.tell(), await bench.tell()]).toEqual([1, 0]);
  });
});

test("an organization that cannot be told keeps no other waiting", async () => {
  const tenants = await Promise.all([fired(), fired(), fired()]);
  const [broken, ...others] = tenants.sort((one, other) => (one.id < other.id ? -1 : 1)) as [
    AlertTenant,
    ...AlertTenant[],
  ];
  await bench.admin(
    "update headroom.usage_alert_firing set used = 9007199254740993 where organization_id = $1",
    [broken.id],
  );
  await expect(tellAlerts(bench.worker)).rejects.toThrow("could not be told");
  for (const tenant of others) expect(await eventsOf(tenant)).toHaveLength(1);
  expect(await eventsOf(broken)).toEqual([]);
  await bench.admin("update headroom.usage_alert_firing set used = 85 where organization_id = $1", [
    broken.id,
  ]);
  expect(await bench.tell()).toBe(1);
});

test("nobody is told of a deleted organization's, nor of a deleted alert's", async () => {
  const gone = await fired();
  const tenant = await fired();
  await bench.admin("update headroom.organization set deleted_at = now() where id = $1", [gone.id]);
  const [alert] = await bench.admin("select id from headroom.usage_alert where organization_id = $1", [
    tenant.id,
  ]);
  await deleteAlert(bench.world.context, await tenant.access("organization.update"), {
    alertId: alert?.id as string,
  });
  expect(await bench.tell()).toBe(0);
  for (const { id } of [gone, tenant]) {
    expect(await bench.admin("select from headroom.outbox where organization_id = $1", [id])).toEqual([]);
  }
});

test("one that was added again is another, and fires in the same window", async () => {
  const tenant = await bench.tenant();
  const first = await tenant.alert({ window: "day", units: 50 });
  await tenant.use(60);
  expect(await bench.tell()).toBe(1);
  await deleteAlert(bench.world.context, await tenant.access("organization.update"), {
    alertId: rawId(first),
  });
  const second = await tenant.alert({ window: "day", units: 50 });
  expect(second.lastFiring).toMatchObject({ used: 60 });
  expect(await bench.tell()).toBe(1);
});
