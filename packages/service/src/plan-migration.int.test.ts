import type { Configuration } from "@headroom/domain/configuration";
import { encodeId } from "@headroom/domain/ids";
import { afterEach, beforeEach, expect, test } from "vitest";
import { authorize } from "./access.ts";
import { getBilling } from "./billing.ts";
import { startCheckout } from "./checkout.ts";
import { withCustomerLease } from "./customer-leases.ts";
import { refreshCustomer } from "./customer-sync.ts";
import { assignPlan } from "./plan-assignments.ts";
import { type MigrationInput, migratePlan } from "./plan-migration.ts";
import { pushPlans } from "./plans.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { requireStripe } from "./stripe/requirements.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeEach(async () => {
  bench = await createStripeBench();
});
afterEach(() => bench?.close());

const operator = { kind: "operator", name: "kim" } as const;

async function customerOf(id: string): Promise<string> {
  const [row] = await bench.rows(
    "select customer_id as id from headroom.stripe_customer where organization_id = $1",
    id,
  );
  return String(row?.id);
}

async function refresh(id: string): Promise<void> {
  const context = requireStripe(bench.worker);
  const customerId = await customerOf(id);
  await withCustomerLease(context, customerId, (lease) => refreshCustomer(context, lease, id));
}

async function subscriber(seats = 0): Promise<string> {
  const { id, access } = await bench.organization();
  const wish = { planId: "pro", ...(seats === 0 ? {} : { seats }) };
  await bench.pay((await startCheckout(bench.api, await access("billing.manage"), wish)).checkoutUrl);
  await refresh(id);
  return id;
}

async function push(changes: Partial<Configuration["plans"][string]>, plan = "pro"): Promise<void> {
  const { plans } = bench.configuration;
  const changed = { ...plans[plan], ...changes } as Configuration["plans"][string];
  const configuration = { ...bench.configuration, plans: { ...plans, [plan]: changed } };
  await pushPlans({ ...bench.worker, configuration }, { dryRun: false });
}

const dearer = { prices: [{ interval: "month", currency: "usd", unitAmount: "3900" }] } as const;

const migrate = (more: Partial<MigrationInput> = {}, stripe = bench.worker.stripe) =>
  migratePlan({ ...bench.worker, stripe }, { planId: "pro", at: "now", dryRun: false, operator, ...more });

const outcomes = ({ organizations }: Awaited<ReturnType<typeof migrate>>) =>
  organizations.map(({ kind, from, outcome, reason }) => [kind, from, outcome, reason]);

async function billing(id: string) {
  return getBilling(bench.api, await authorize(bench.api, operator, id, "billing.view"));
}

async function items(id: string) {
  const { data } = await bench.stripe.subscriptions.list({ customer: await customerOf(id) });
  return data[0]?.items.data
    .map((item) => [item.price.lookup_key, item.quantity])
    .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}

test("subscribers keep their version until they are moved, each item by its id with its quantity", async () => {
  const id = await subscriber(2);
  await push(dearer);
  expect((await billing(id)).plan).toMatchObject({ version: 1 });
  const old = ["headroom_pro_v1_plan_month_usd", "headroom_pro_v1_seat_month_usd"];
  const open = await bench.stripe.prices.list({ lookup_keys: old });
  expect(open.data.map(({ active }) => active)).toEqual([true, true]);

  const dry = await migrate({ dryRun: true });
  expect(dry).toMatchObject({ from: [1], to: 2 });
  expect(outcomes(dry)).toEqual([["subscription", 1, "moved", null]]);
  expect((await billing(id)).plan).toMatchObject({ version: 1 });

  expect(outcomes(await migrate())).toEqual([["subscription", 1, "moved", null]]);
  expect(await billing(id)).toMatchObject({ plan: { version: 2 }, seatsPurchased: 2 });
  expect(await items(id)).toEqual([
    ["headroom_pro_v2_plan_month_usd", 1],
    ["headroom_pro_v2_seat_month_usd", 2],
  ]);
  const audit = await bench.rows(
    "select actor_id, data from headroom.audit_entry where organization_id = $1 and action = 'plan.migrated'",
    id,
  );
  expect(audit).toEqual([
    { actor_id: "kim", data: { plan: "pro", kind: "subscription", from: 1, to: 2, at: "now" } },
  ]);
  expect(outcomes(await migrate())).toEqual([]);
  // Nobody is on the old version any more: the next push archives its prices.
  await bench.rows("update headroom.stripe_intent set status = 'completed'");
  await push(dearer);
  const closed = await bench.stripe.prices.list({ lookup_keys: old });
  expect(closed.data.map(({ active }) => active)).toEqual([false, false]);
}, 60_000);

test("at the period's end: Stripe has the new prices, and what is paid holds until then", async () => {
  const id = await subscriber();
  await push(dearer);
  expect(outcomes(await migrate({ at: "period_end" }))).toEqual([["subscription", 1, "scheduled", null]]);
  expect((await billing(id)).plan).toMatchObject({ version: 1 });
  expect(await items(id)).toEqual([["headroom_pro_v2_plan_month_usd", 1]]);
  const prorated = await bench.stripe.invoiceItems.list({ customer: await customerOf(id) });
  expect(prorated.data).toEqual([]);
  expect(outcomes(await migrate())).toEqual([["subscription", 1, "skipped", "plan_change_pending"]]);
  await bench.advance("32d");
  await refresh(id);
  expect((await billing(id)).plan).toMatchObject({ version: 2 });
}, 60_000);

test("base plans and assignments move in the database, one organization alone where it is named", async () => {
  const [first, second] = [await bench.organization(), await bench.organization()];
  const given = await bench.organization();
  const access = await authorize(bench.api, operator, given.id, "overrides.manage");
  await assignPlan(bench.api, access, { planId: "pro", reason: "contract" });
  await assignPlan(bench.api, access, { planId: "pro", start: "2999-01-01", reason: "renewal" });
  const more = { seats: { ...bench.configuration.plans.free?.seats, included: 3 } as never };
  await push(more, "free");
  const one = await migrate({ planId: "free", organizationId: first.id });
  expect(one.organizations).toEqual([
    { organizationId: encodeId("org", first.id), kind: "base", from: 1, outcome: "moved", reason: null },
  ]);
  expect((await billing(second.id)).plan).toMatchObject({ id: "free", version: 1 });
  const rest = await migrate({ planId: "free" });
  expect(rest.organizations).toHaveLength(2);
  expect((await billing(second.id)).plan).toMatchObject({ id: "free", version: 2 });

  await push(dearer);
  expect(outcomes(await migrate())).toEqual([
    ["assigned", 1, "moved", null],
    ["assigned", 1, "moved", null],
  ]);
  expect((await billing(given.id)).plan).toMatchObject({ id: "pro", version: 2 });
}, 60_000);

test("killed half way it goes on with those that are left; a refused card fails alone and can be tried again", async () => {
  const ids = [await subscriber(), await subscriber(), await subscriber()].sort();
  await push({ ...dearer, proration: "now" });
  const real = bench.worker.stripe as StripeGateway;
  let calls = 0;
  const dying: StripeGateway = {
    ...real,
    async updateSubscription(...parameters) {
      if (++calls === 2) {
        throw new Error("killed");
      }
      return real.updateSubscription(...parameters);
    },
  };
  await expect(migrate({}, dying)).rejects.toThrow("killed");
  const versions = async () => Promise.all(ids.map(async (id) => (await billing(id)).plan.version));
  expect(await versions()).toEqual([2, 1, 1]);

  const declining: StripeGateway = {
    ...real,
    async updateSubscription(...parameters) {
      if (++calls === 3) {
        throw new StripeFault("declined", "no");
      }
      return real.updateSubscription(...parameters);
    },
  };
  expect(outcomes(await migrate({}, declining))).toEqual([
    ["subscription", 1, "failed", "declined"],
    ["subscription", 1, "moved", null],
  ]);
  expect(await versions()).toEqual([2, 1, 2]);
  expect(outcomes(await migrate())).toEqual([["subscription", 1, "moved", null]]);
  expect(await versions()).toEqual([2, 2, 2]);
}, 60_000);

test("five requests a second at most", async () => {
  await subscriber();
  await push(dearer);
  const real = bench.worker.stripe as StripeGateway;
  const at: number[] = [];
  const noting: StripeGateway = {
    ...real,
    fetchCustomer: (id) => {
      at.push(performance.now());
      return real.fetchCustomer(id);
    },
    updateSubscription: (...parameters) => {
      at.push(performance.now());
      return real.updateSubscription(...parameters);
    },
  };
  await migrate({}, noting);
  const [fetched = 0, updated = 0, again = 0] = at;
  expect(updated - fetched).toBeGreaterThanOrEqual(390);
  expect(again - updated).toBeGreaterThanOrEqual(190);
}, 60_000);

test("what cannot be moved is left and named", async () => {
  const id = await subscriber(1);
  await push({ prices: [{ interval: "year", currency: "usd", unitAmount: "39000" }], seats: sold("year") });
  expect(outcomes(await migrate())).toEqual([["subscription", 1, "skipped", "not_sold_like_this"]]);
  await push({ ...dearer, seats: { ...sold("year"), prices: [] } });
  expect(outcomes(await migrate({ from: 1 }))).toEqual([["subscription", 1, "skipped", "seats_not_sold"]]);
  expect((await billing(id)).plan).toMatchObject({ version: 1 });
  await expect(migrate({ to: 9 })).rejects.toMatchObject({ code: "plan_not_found" });
  await expect(migrate({ planId: "none" })).rejects.toMatchObject({ code: "plan_not_found" });
}, 60_000);

function sold(interval: "year"): Configuration["plans"][string]["seats"] {
  const prices = [{ interval, currency: "usd", unitAmount: "9000" }];
  return { kind: "licensed", included: 5, prices, proration: "next_invoice" };
}
