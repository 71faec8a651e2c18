import type { Configuration } from "@headroom/domain/configuration";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Access, authorize } from "./access.ts";
import { getBilling } from "./billing.ts";
import { endCheckouts, startCheckout } from "./checkout.ts";
import { withCustomerLease } from "./customer-leases.ts";
import { refreshCustomer } from "./customer-sync.ts";
import { getEntitlements } from "./entitlements.ts";
import { setMaxOverages } from "./max-overages.ts";
import { turnPlanAssignments } from "./plan-assignment-turns.ts";
import { assignPlan, readPlanAssignments, removePlanAssignment } from "./plan-assignments.ts";
import { pushPlans } from "./plans.ts";
import { requireStripe } from "./stripe/requirements.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";
import { explainUsage } from "./usage-explanation.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench();
  const { pro } = bench.configuration.plans as { pro: Configuration["plans"][string] };
  const overage = { ...pro.meters.jobs?.overage, maxOverage: 50 };
  const enterprise = {
    ...pro,
    displayName: "Enterprise",
    public: false,
    prices: [],
    meters: { ...pro.meters, jobs: { dailyLimit: null, included: 1_000, overage } },
  };
  const plans = { ...bench.configuration.plans, enterprise: enterprise as never };
  await pushPlans({ ...bench.worker, configuration: { ...bench.configuration, plans } }, { dryRun: false });
});
afterAll(() => bench?.close());

async function subject() {
  const { id, access } = await bench.organization();
  const operator = { kind: "operator", name: "kim" } as const;
  return {
    id,
    access,
    operator: await authorize(bench.api, operator, id, "overrides.manage"),
    view: await authorize(bench.api, operator, id, "billing.view"),
  };
}
/** What a webhook of Stripe's leads to. */
async function refresh(id: string): Promise<void> {
  const [row] = await bench.rows(
    "select customer_id as customer from headroom.stripe_customer where organization_id = $1",
    id,
  );
  const context = requireStripe(bench.worker);
  await withCustomerLease(context, String(row?.customer), (lease) => refreshCustomer(context, lease, id));
}

async function subscribe({ id, access }: Awaited<ReturnType<typeof subject>>): Promise<void> {
  const manage = await access("billing.manage");
  await bench.pay((await startCheckout(bench.api, manage, { planId: "pro" })).checkoutUrl);
  await refresh(id);
}

const reason = "contract 2026-17";
const now = async () => {
  const [row] = await bench.rows("select headroom.clock_now() as now");
  return new Date(row?.now as Date).getTime();
};
const at = async (milliseconds: number) => new Date((await now()) + milliseconds).toISOString();
const hour = 3_600_000;
const jobsOf = async (view: Access) =>
  (await getEntitlements(bench.api, view)).meters.find(({ meter }) => meter === "jobs");
const trail = async (id: string) =>
  (
    await bench.rows(
      `select action, data ->> 'reason' as reason from headroom.audit_entry
       where organization_id = $1 and action like 'plan_assignment.%' order by seq`,
      id,
    )
  ).map((row) => [row.action, row.reason]);

test("a private plan holds at once with overage of its own, never billed through Stripe, and ends at once", async () => {
  const { id, operator, view, access } = await subject();
  expect(await bench.consume(id, "jobs", 10)).toBe(10);
  const tried = await assignPlan(bench.api, operator, { planId: "enterprise", reason, dryRun: true });
  expect(tried.assignments).toMatchObject([{ state: "running", planId: "enterprise", until: null }]);
  expect((await getBilling(bench.api, view)).plan.id).toBe("free");

  const done = await assignPlan(bench.api, operator, { planId: "enterprise", reason });
  expect(done).toMatchObject({ changed: true, previous: [], assignments: [{ setBy: "kim", reason }] });
  expect(await getBilling(bench.api, view)).toMatchObject({
    plan: { id: "enterprise", version: 1 },
    status: "active",
    source: "operator",
  });
  // The period begins anew; what the plan allows is there.
  expect(await jobsOf(view)).toMatchObject({ included: 1_000, maxOverage: 50, hardCap: 1_050 });
  expect(await bench.consume(id, "jobs", 1_050)).toBe(1_050);
  expect(await bench.consume(id, "jobs", 1)).toBe(0);
  await setMaxOverages(bench.api, await access("billing.manage"), { meter: "jobs", units: 60 });
  expect(await bench.consume(id, "jobs", 10)).toBe(10);
  const period = { window: "period", meter: "jobs", limit: 10 } as const;
  const explained = await explainUsage(bench.api, await access("usage.view"), period);
  expect(explained.plan).toMatchObject({ id: "enterprise", rule: { code: "assigned" }, until: null });
  expect(explained.line).toMatchObject({ total: 1_060, included: 1_000, quantity: 0 });

  const again = await assignPlan(bench.api, operator, { planId: "enterprise", reason });
  expect(again.changed).toBe(false);
  await removePlanAssignment(bench.api, operator, { reason: "left" });
  expect((await getBilling(bench.api, view)).plan.id).toBe("free");
  expect(await bench.consume(id, "jobs", 10)).toBe(10);
  const periods = await bench.rows(
    "select billable, plan_id from headroom.usage_period where organization_id = $1 and meter = 'jobs' order by period_start",
    id,
  );
  expect(periods).toEqual([
    { billable: false, plan_id: "free" },
    { billable: false, plan_id: "enterprise" },
  ]);
  expect(await trail(id)).toEqual([
    ["plan_assignment.assigned", reason],
    ["plan_assignment.removed", "left"],
  ]);
  await expect(removePlanAssignment(bench.api, operator, { reason })).rejects.toMatchObject({
    code: "resource_not_found",
  });
});

test("it ends at its instant without a job; the job then clears it away, once", async () => {
  const { id, operator, view } = await subject();
  await assignPlan(bench.api, operator, { planId: "enterprise", until: await at(hour), reason });
  expect((await getEntitlements(bench.api, view)).validUntil).not.toBeNull();
  await bench.make.setClock(await at(hour));
  expect(await getBilling(bench.api, view)).toMatchObject({ plan: { id: "free" }, status: "ended" });
  expect(await jobsOf(view)).toMatchObject({ included: 10, maxOverage: 0 });
  const turns = await Promise.all(Array.from({ length: 4 }, () => turnPlanAssignments(bench.worker)));
  expect(turns.reduce((sum, one) => sum + one, 0)).toBe(1);
  expect(await getBilling(bench.api, view)).toMatchObject({ plan: { id: "free" }, source: "none" });
  expect(await readPlanAssignments(bench.api, view)).toEqual({ assignments: [] });
  expect(await turnPlanAssignments(bench.worker)).toBe(0);
  expect(await trail(id)).toEqual([
    ["plan_assignment.assigned", reason],
    ["plan_assignment.ended", null],
  ]);
});

test("one that starts later waits, and is started by the worker from its own instant", async () => {
  const { operator, view, id } = await subject();
  const start = await at(hour);
  const wish = { planId: "enterprise", start, reason };
  expect((await assignPlan(bench.api, operator, wish)).assignments).toMatchObject([
    { state: "waiting", start },
  ]);
  expect((await assignPlan(bench.api, operator, wish)).changed).toBe(false);
  expect(await turnPlanAssignments(bench.worker)).toBe(0);
  expect((await getBilling(bench.api, view)).plan.id).toBe("free");
  await bench.make.setClock(await at(2 * hour));
  expect(await turnPlanAssignments(bench.worker)).toBe(1);
  expect((await getBilling(bench.api, view)).plan.id).toBe("enterprise");
  const [row] = await bench.rows("select anchor from headroom.subscription where organization_id = $1", id);
  expect(new Date(row?.anchor as Date).toISOString()).toBe(start);
  expect((await readPlanAssignments(bench.api, view)).assignments).toMatchObject([
    { state: "running", start },
  ]);
  expect(await turnPlanAssignments(bench.worker)).toBe(0);
});

test("another plan goes on counting the months that run, unless a start is given", async () => {
  const { id, operator, view } = await subject();
  await assignPlan(bench.api, operator, { planId: "enterprise", reason });
  expect(await bench.consume(id, "jobs", 400)).toBe(400);
  await assignPlan(bench.api, operator, { planId: "pro", version: 1, reason });
  expect(await getBilling(bench.api, view)).toMatchObject({ plan: { id: "pro", version: 1 } });
  expect(await bench.consume(id, "jobs", 1)).toBe(0);
  await assignPlan(bench.api, operator, { planId: "pro", start: await at(0), reason });
  expect(await bench.consume(id, "jobs", 100)).toBe(100);
});

test("Stripe and an assignment are one or the other", async () => {
  const paying = await subject();
  await subscribe(paying);
  const refused = { code: "active_subscription" };
  const wish = { planId: "enterprise", reason };
  await expect(assignPlan(bench.api, paying.operator, wish)).rejects.toMatchObject(refused);
  await expect(
    assignPlan(bench.api, paying.operator, { ...wish, start: await at(hour) }),
  ).rejects.toMatchObject(refused);

  const given = await subject();
  await assignPlan(bench.api, given.operator, wish);
  await expect(
    startCheckout(bench.api, await given.access("billing.manage"), { planId: "pro" }),
  ).rejects.toMatchObject(refused);
});

test("one that waits for a subscription's end follows it, and not before", async () => {
  const paying = await subject();
  const { id, operator, view } = paying;
  await subscribe(paying);
  const [row] = await bench.rows(
    "select stripe_subscription_id as id, current_period_end as over from headroom.subscription where organization_id = $1",
    id,
  );
  await bench.stripe.subscriptions.update(String(row?.id), { cancel_at_period_end: true });
  await refresh(id);
  const start = new Date(row?.over as Date).toISOString();
  await assignPlan(bench.api, operator, { planId: "enterprise", start, reason });
  // Its time has come, and Stripe has not said yet that the subscription is over.
  await bench.make.setClock(start);
  expect(await turnPlanAssignments(bench.worker)).toBe(0);
  await bench.advance("32d");
  await refresh(id);
  expect(await turnPlanAssignments(bench.worker)).toBe(1);
  expect(await getBilling(bench.api, view)).toMatchObject({ plan: { id: "enterprise" }, source: "operator" });
});

test.each([
  ["no such plan", { planId: "none" }, "plan_not_found"],
  ["no such version", { planId: "pro", version: 99 }, "plan_not_found"],
  ["no reason", { planId: "pro", reason: " " }, "validation_failed"],
  ["an end that is past", { planId: "pro", start: "2020-01-01", until: "2020-02-01" }, "validation_failed"],
  [
    "an end before its start",
    { planId: "pro", start: "2999-02-01", until: "2999-01-01" },
    "validation_failed",
  ],
])("%s is refused and leaves nothing", async (_, wish, code) => {
  const { id, operator, view } = await subject();
  await expect(assignPlan(bench.api, operator, { reason, ...wish })).rejects.toMatchObject({ code });
  expect(await readPlanAssignments(bench.api, view)).toEqual({ assignments: [] });
  expect(await trail(id)).toEqual([]);
});

test("nobody but an operator assigns", async () => {
  const { access } = await bench.organization();
  await expect(access("overrides.manage")).rejects.toMatchObject({ code: "forbidden" });
});

test("nobody pays for another plan through a checkout that was open: it is closed", async () => {
  const one = await subject();
  const manage = await one.access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, manage, { planId: "pro" });
  await assignPlan(bench.api, one.operator, { planId: "enterprise", reason });
  await endCheckouts(bench.worker, { organizationId: one.id });
  await expect(bench.pay(checkoutUrl)).rejects.toThrow();
  const intents = await bench.rows(
    "select status from headroom.stripe_intent where organization_id = $1 and kind = 'checkout'",
    one.id,
  );
  expect(intents).toEqual([{ status: "expired" }]);
  const jobs = await bench.rows(
    "select 1 from graphile_worker.jobs where task_identifier = 'end_checkouts' and key = $1",
    `end_checkouts:${one.id}`,
  );
  expect(jobs).toHaveLength(1);
});
