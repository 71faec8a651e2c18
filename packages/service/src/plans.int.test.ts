import type { Configuration } from "@headroom/domain/configuration";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listPlans, pushPlans } from "./plans.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench();
});
afterAll(() => bench?.close());

const catalogue = () =>
  bench.rows(
    `select id, version, active, is_current, is_default, stripe_price_id, lookup_key, unit_amount
     from headroom.plan left join headroom.plan_price on plan_id = id and plan_version = version
     order by id, version, lookup_key`,
  );
const changesOf = (push: Awaited<ReturnType<typeof pushPlans>>) =>
  [...push.meters, ...push.plans, ...(push.prices ?? [])].map((one) => one.change);

function changed(plan: Partial<Configuration["plans"][string]>): Configuration {
  const { pro } = bench.configuration.plans;
  return {
    ...bench.configuration,
    plans: { ...bench.configuration.plans, pro: { ...pro, ...plan } as never },
  };
}

test("a push writes plans, meters and Stripe's prices; a second one changes nothing", async () => {
  const before = await catalogue();
  expect(before.filter((row) => row.id === "pro").map((row) => row.lookup_key)).toEqual([
    "headroom_pro_v1_plan_month_usd",
    "headroom_pro_v1_seat_month_usd",
  ]);
  const again = await pushPlans(bench.worker, { dryRun: false });
  expect(new Set(changesOf(again))).toEqual(new Set(["unchanged"]));
  expect(await catalogue()).toEqual(before);

  const { data } = await bench.stripe.prices.list({ limit: 100 });
  expect(data.map((price) => [price.lookup_key, price.metadata, price.unit_amount]).sort()).toEqual([
    [
      "headroom_pro_v1_plan_month_usd",
      { headroom_plan: "pro", headroom_plan_version: "1", headroom_role: "plan" },
      2900,
    ],
    [
      "headroom_pro_v1_seat_month_usd",
      { headroom_plan: "pro", headroom_plan_version: "1", headroom_role: "seat" },
      900,
    ],
  ]);
  const { data: products } = await bench.stripe.products.list({ limit: 100 });
  expect(products.map((product) => [product.id, product.name]).sort()).toEqual([
    ["headroom_pro_plan", "Pro"],
    ["headroom_pro_seat", "Pro seat"],
  ]);
});

test("plans.list shows what anybody can buy", async () => {
  const { plans } = await listPlans(bench.api);
  expect(
    plans.map(({ id, monthlyPriceCents, dailyPageLimit }) => [id, monthlyPriceCents, dailyPageLimit]),
  ).toEqual([
    ["free", 0, 1_000],
    ["pro", 2_900, 10_000],
  ]);
  expect(plans[1]?.limits.find((limit) => limit.meter === "jobs")).toEqual({
    meter: "jobs",
    dailyLimit: null,
    included: 100,
    overage: { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage: 0, ceiling: null },
  });
});

test("a dry run tells what would change and changes nothing", async () => {
  const before = await catalogue();
  const dearer = changed({ prices: [{ interval: "month", currency: "usd", unitAmount: "3900" }] });
  const push = await pushPlans({ ...bench.worker, configuration: dearer }, { dryRun: true });
  expect(push.plans).toContainEqual({
    id: "pro",
    version: 2,
    change: "new_version",
    fields: [{ path: "prices[month usd]", from: "2900", to: "3900" }],
  });
  expect(push.prices).toContainEqual({
    lookupKey: "headroom_pro_v2_plan_month_usd",
    change: "created",
    fields: [],
  });
  expect(push.prices).toContainEqual({
    lookupKey: "headroom_pro_v1_plan_month_usd",
    change: "archived",
    fields: [{ path: "active", from: true, to: false }],
  });
  expect(await catalogue()).toEqual(before);
});

test("killed between Stripe's price and our row, the next push completes it without a second price", async () => {
  const dearer = changed({ prices: [{ interval: "month", currency: "usd", unitAmount: "4900" }] });
  const real = bench.worker.stripe as StripeGateway;
  const dying: StripeGateway = {
    ...real,
    // Under another key: Stripe forgets keys after a day, and the next push may come later.
    async createPrice(price) {
      await real.createPrice(price, "a forgotten key");
      throw new StripeFault("unavailable", "killed");
    },
  };
  const context = { ...bench.worker, configuration: dearer };
  await expect(pushPlans({ ...context, stripe: dying }, { dryRun: false })).rejects.toThrow("killed");
  const push = await pushPlans(context, { dryRun: false });
  expect(push.prices).toContainEqual({
    lookupKey: "headroom_pro_v2_plan_month_usd",
    change: "linked",
    fields: [],
  });
  const { data } = await bench.stripe.prices.list({ limit: 100 });
  expect(data.filter((price) => price.lookup_key === "headroom_pro_v2_plan_month_usd")).toHaveLength(1);
  const versions = (await catalogue()).filter((row) => row.id === "pro");
  expect(versions.map(({ version, is_current }) => [version, is_current])).toEqual([
    [1, false],
    [1, false],
    [2, true],
    [2, true],
  ]);
  expect(versions.every((row) => row.stripe_price_id !== null)).toBe(true);
});

test("another name is no new version; a plan that is gone is taken off sale", async () => {
  const renamed = {
    ...changed({}),
    plans: { free: { ...bench.configuration.plans.free, displayName: "Basic" } as never },
  };
  const push = await pushPlans({ ...bench.worker, configuration: renamed }, { dryRun: false });
  expect(push.plans).toEqual([
    {
      id: "free",
      version: 1,
      change: "updated",
      fields: [{ path: "displayName", from: "Free", to: "Basic" }],
    },
    {
      id: "pro",
      version: 2,
      change: "deactivated",
      fields: [{ path: "active", from: true, to: false }],
    },
  ]);
  const { plans } = await listPlans(bench.api);
  expect(plans.map((plan) => plan.displayName)).toEqual(["Basic"]);
  const again = await pushPlans({ ...bench.worker, configuration: renamed }, { dryRun: false });
  expect(new Set(changesOf(again))).toEqual(new Set(["unchanged"]));
});

test("many pushes at once make one version", async () => {
  const cheaper = changed({ prices: [{ interval: "month", currency: "usd", unitAmount: "1900" }] });
  const context = { ...bench.worker, configuration: cheaper };
  const pushes = await Promise.all(Array.from({ length: 6 }, () => pushPlans(context, { dryRun: false })));
  const pro = pushes.map((push) => push.plans.find((plan) => plan.id === "pro"));
  expect(pro.map((plan) => plan?.version)).toEqual([3, 3, 3, 3, 3, 3]);
  expect(pro.filter((plan) => plan?.change === "new_version")).toHaveLength(1);
});
