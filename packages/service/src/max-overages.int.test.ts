import { afterAll, beforeAll, expect, test } from "vitest";
import { startCheckout } from "./checkout.ts";
import { syncCustomer } from "./customer-sync.ts";
import { setMaxOverages } from "./max-overages.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench();
});
afterAll(() => bench?.close());

async function subscribed() {
  const { id, access } = await bench.organization();
  const manage = await access("billing.manage");
  await bench.pay((await startCheckout(bench.api, manage, { planId: "pro" })).checkoutUrl);
  await sync(id);
  return { id, manage };
}

async function sync(id: string): Promise<void> {
  await bench.rows(
    `insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, payload, secret_index)
     select gen_random_uuid()::text, false, 'customer.updated', customer_id, now(), '{}', 0
     from headroom.stripe_customer where organization_id = $1`,
    id,
  );
  const [row] = await bench.rows(
    "select customer_id from headroom.stripe_customer where organization_id = $1",
    id,
  );
  await syncCustomer(bench.webhook, String(row?.customer_id));
}

const jobs = (view: Awaited<ReturnType<typeof setMaxOverages>>) =>
  view.meters.find((one) => one.meter === "jobs");

test("units, money, and back to the plan's default, each at once and without a reset", async () => {
  const { id, manage } = await subscribed();
  expect(await bench.consume(id, "jobs", 100)).toBe(100);
  expect(jobs(await setMaxOverages(bench.api, manage, { meter: "jobs", units: 10 }))).toMatchObject({
    maxOverage: 10,
    source: "organization",
    hardCap: 110,
  });
  expect(await bench.consume(id, "jobs", 10)).toBe(10);
  expect(jobs(await setMaxOverages(bench.api, manage, { cents: 124 }))).toMatchObject({
    maxOverage: 49,
    overage: 10,
  });
  expect(jobs(await setMaxOverages(bench.api, manage, { units: null }))).toMatchObject({
    maxOverage: 0,
    source: "plan",
    hardCap: 100,
    overage: 10,
  });
  expect(await bench.consume(id, "jobs", 1)).toBe(0);
  const audit = await bench.rows(
    "select count(*)::int as n from headroom.audit_entry where organization_id = $1 and action = 'max_overage.changed'",
    id,
  );
  expect(audit).toEqual([{ n: 3 }]);
});

test("a setting is kept while overage is not to be had, and holds again afterwards", async () => {
  const { id, manage } = await subscribed();
  await setMaxOverages(bench.api, manage, { units: 10 });
  expect(await bench.consume(id, "jobs", 110)).toBe(110);
  await bench.rows("update headroom.subscription set overage_allowed = false where organization_id = $1", id);
  expect(jobs(await setMaxOverages(bench.api, manage, { units: 20 }))).toMatchObject({
    maxOverage: 0,
    source: "none",
    hardCap: 100,
    overage: 10,
  });
  await sync(id);
  expect(await bench.consume(id, "jobs", 10)).toBe(10);
});
