import type { PlanDefinition } from "@headroom/domain/configuration";
import { afterEach, expect, test } from "vitest";
import { authorize } from "./access.ts";
import { listInvoices } from "./invoices.ts";
import { reconcileOverage } from "./overage-reconciliation.ts";
import { createOverageBench, type OverageBench, type Subscriber, sumOf } from "./testing/overage-bench.ts";
import { explainUsage } from "./usage-explanation.ts";
import { getUsage } from "./usage-reading.ts";

let bench: OverageBench;
let acme: Subscriber;
afterEach(() => bench?.close());

/** pro: 100 included, 2.5 a unit. max: 150 included, 1.25 a unit. */
async function open(onPlanChange: "rerate" | "settle"): Promise<void> {
  bench = await createOverageBench({
    configure: (shipped) => {
      const pro = shipped.plans.pro as PlanDefinition;
      const overage = { ...pro.meters.jobs?.overage, unitPrice: "1.25" };
      const jobs = { ...pro.meters.jobs, included: 150, overage };
      const prices = [{ interval: "month" as const, currency: "usd", unitAmount: "4900" }];
      const max = { ...pro, displayName: "Max", prices, meters: { ...pro.meters, jobs } } as PlanDefinition;
      const policies = { ...shipped.policies, overage: { ...shipped.policies.overage, onPlanChange } };
      return { ...shipped, plans: { ...shipped.plans, max }, policies };
    },
  });
  acme = await bench.subscriber();
}

const owner = async () => {
  const [row] = await bench.rows(
    "select user_id as id from headroom.membership where organization_id = $1 and role = 'owner'",
    acme.id,
  );
  return { kind: "user", userId: String(row?.id) } as const;
};
const may = async (permission: "billing.manage" | "usage.view") =>
  authorize(bench.api, await owner(), acme.id, permission);

/** What Stripe has after a change of plan, and what its events bring about. */
async function changeTo(planId: "pro" | "max"): Promise<void> {
  const { items } = await bench.stripe.subscriptions.retrieve(acme.subscriptionId);
  const [price] = await bench.rows(
    "select stripe_price_id as id from headroom.plan_price where plan_id = $1 and role = 'plan'",
    planId,
  );
  await bench.stripe.subscriptions.update(acme.subscriptionId, {
    items: [{ id: String(items.data[0]?.id), price: String(price?.id), quantity: 1 }],
    proration_behavior: "none",
  });
  await bench.deliver();
}

const shown = async () => {
  const { meters } = await getUsage(bench.api, await may("usage.view"));
  return meters.find(({ meter }) => meter === "jobs")?.overage;
};
const upcoming = async () =>
  (await listInvoices(bench.api, await may("billing.manage"), { limit: 10 })).upcoming?.overage;

test("settle: what stood above the old plan is billed by it, and the rest by the new one", async () => {
  await open("settle");
  const events = [await acme.take(110), await acme.take(10)];
  await changeTo("max");
  events.push(await acme.take(45));
  expect(await shown()).toBe(20);
  expect(await upcoming()).toMatchObject([{ planId: "pro", quantity: 20, unitPrice: "2.5", amount: 50 }]);
  events.push(await acme.take(10));
  const lines = [
    { planId: "pro", quantity: 20, unitPrice: "2.5", amount: 50 },
    { planId: "max", quantity: 5, unitPrice: "1.25", amount: 6 },
  ];
  expect([await shown(), await upcoming()]).toMatchObject([25, lines]);
  await bench.advance("P1MT4H");
  await bench.work();
  expect(await acme.billed()).toMatchObject([
    { reason: "subscription_cycle", quantity: 5, amount: 6 },
    { reason: "subscription_cycle", quantity: 20, amount: 50 },
  ]);
  const { invoices } = await listInvoices(bench.api, await may("billing.manage"), { limit: 10 });
  const ours = invoices.flatMap((invoice) => invoice.lines).filter(({ overageId }) => overageId !== null);
  expect(ours.map(({ meter }) => meter)).toEqual(["jobs", "jobs"]);
  const told = await explainUsage(bench.api, await may("usage.view"), {
    overageId: ours[0]?.overageId ?? "",
    limit: 10,
  });
  expect(told.line).toMatchObject({ quantity: 25, amount: 56, rule: { code: "billed" } });
  expect(told.line?.rule.text).toContain("under pro v1: 20 units × 2.5 = 50");
  expect(told.line?.entries).toHaveLength(2);
  // A void takes from the latest first, then from what was settled.
  await acme.takeBack(events[2] ?? "");
  await acme.takeBack(events[1] ?? "");
  await bench.work();
  await bench.advance("P1M");
  await bench.work();
  expect(sumOf(await acme.billed())).toEqual({ quantity: 20, amount: 50 });
  expect((await reconcileOverage(bench.worker, { organizationId: acme.id })).differences).toEqual([]);
}, 120_000);

test("rerate: the plan at the end rates the whole total", async () => {
  await open("rerate");
  await acme.take(120);
  await changeTo("max");
  await acme.take(40);
  expect([await shown(), await upcoming()]).toMatchObject([
    10,
    [{ planId: "max", quantity: 10, amount: 13 }],
  ]);
  await bench.advance("P1MT4H");
  await bench.work();
  expect(await acme.billed()).toMatchObject([{ quantity: 10, amount: 13 }]);
  expect(await bench.rows("select * from headroom.usage_segment")).toEqual([]);
}, 120_000);

test("settle: there and back again settles each part once, and the next period begins without", async () => {
  await open("settle");
  await acme.take(120);
  await changeTo("max");
  await acme.take(25);
  await changeTo("pro");
  await acme.take(5);
  await bench.advance("P1MT4H");
  await bench.work();
  // 20 by pro until the first change; max includes all 145; of 150 pro then has 50 above its own, 20 of them settled.
  expect(await acme.ledger()).toMatchObject([
    { quantity: 30, amount: 75 },
    { quantity: 20, amount: 50 },
  ]);
  await acme.take(101);
  await bench.advance("P1M");
  await bench.work();
  expect(await acme.ledger()).toHaveLength(3);
}, 120_000);

test("settle: the same plan written again, or the end of the period, settles nothing", async () => {
  await open("settle");
  await acme.take(120);
  await bench.stripe.subscriptions.update(acme.subscriptionId, { metadata: { note: "again" } });
  await bench.deliver();
  await bench.advance("P1MT4H");
  await bench.work();
  expect(await bench.rows("select * from headroom.usage_segment")).toEqual([]);
}, 120_000);
