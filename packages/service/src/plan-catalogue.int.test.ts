import { readPortalConfiguration } from "@headroom/db/configurations";
import { withSystem } from "@headroom/db/tenancy";
import type { Configuration } from "@headroom/domain/configuration";
import { afterEach, beforeEach, expect, test } from "vitest";
import { authorize } from "./access.ts";
import { syncCatalogueObject } from "./catalogue-sync.ts";
import { startCheckout } from "./checkout.ts";
import { parseConfiguration } from "./configuration.ts";
import { withCustomerLease } from "./customer-leases.ts";
import { refreshCustomer } from "./customer-sync.ts";
import { setMaxOverages } from "./max-overages.ts";
import { listCatalogue } from "./plan-catalogue.ts";
import { pullPlans } from "./plan-pull.ts";
import { listPlans, pushPlans } from "./plans.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { requireStripe } from "./stripe/requirements.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";
import { explainUsage } from "./usage-explanation.ts";

let bench: StripeBench;
beforeEach(async () => {
  bench = await createStripeBench();
});
afterEach(() => bench?.close());

const planKey = "headroom_pro_v1_plan_month_usd";
const push = (configuration: Configuration = bench.configuration, dryRun = false) =>
  pushPlans({ ...bench.worker, configuration }, { dryRun });

async function priceOf(lookupKey: string) {
  const { data } = await bench.stripe.prices.list({ lookup_keys: [lookupKey] });
  return data[0];
}

const stored = async (lookupKey: string) =>
  (
    await bench.rows(
      "select stripe_price_id as id, stripe_archived as archived from headroom.plan_price where lookup_key = $1",
      lookupKey,
    )
  )[0];

const change = (pushed: Awaited<ReturnType<typeof push>>, lookupKey: string) =>
  pushed.prices?.find((one) => one.lookupKey === lookupKey);

const selling = (plan: Partial<Configuration["plans"][string]>): Configuration => {
  const { pro } = bench.configuration.plans;
  return {
    ...bench.configuration,
    plans: { ...bench.configuration.plans, pro: { ...pro, ...plan } as never },
  };
};

test("what was edited or archived at Stripe by mistake is set right", async () => {
  const price = await priceOf(planKey);
  const id = String(price?.id);
  await bench.stripe.prices.update(id, {
    active: false,
    lookup_key: "mine",
    metadata: { headroom_role: "seat" },
  });
  await bench.stripe.products.update("headroom_pro_plan", { active: false, name: "Other" });
  const dry = await push(bench.configuration, true);
  expect(dry.products).toContainEqual({
    id: "headroom_pro_plan",
    change: "updated",
    fields: [
      { path: "name", from: "Other", to: "Pro" },
      { path: "active", from: false, to: true },
    ],
  });
  const done = await push();
  expect(change(done, planKey)).toEqual({
    lookupKey: planKey,
    change: "reactivated",
    fields: [
      { path: "lookupKey", from: "mine", to: planKey },
      { path: "metadata.headroom_role", from: "seat", to: "plan" },
      { path: "active", from: false, to: true },
    ],
  });
  expect(await priceOf(planKey)).toMatchObject({ id, active: true, metadata: { headroom_role: "plan" } });
  expect(await bench.stripe.products.retrieve("headroom_pro_plan")).toMatchObject({
    name: "Pro",
    active: true,
  });
  const again = await push();
  expect(
    [...(again.products ?? []), ...(again.prices ?? [])].every((one) => one.change === "unchanged"),
  ).toBe(true);
});

test("another price under our name is told of, and neither touched nor used", async () => {
  const foreign = await bench.stripe.prices.create({
    product: "headroom_pro_plan",
    currency: "usd",
    unit_amount: 100,
    recurring: { interval: "month" },
    lookup_key: "headroom_pro_v2_plan_month_usd",
  });
  const dearer = selling({ prices: [{ interval: "month", currency: "usd", unitAmount: "3900" }] });
  const pushed = await push(dearer);
  expect(change(pushed, "headroom_pro_v2_plan_month_usd")).toEqual({
    lookupKey: "headroom_pro_v2_plan_month_usd",
    change: "conflict",
    fields: [{ path: "unitAmount", from: "100", to: "3900" }],
  });
  expect(await stored("headroom_pro_v2_plan_month_usd")).toEqual({ id: null, archived: false });
  expect(await bench.stripe.prices.retrieve(foreign.id)).toMatchObject({ metadata: {}, active: true });
  const { access } = await bench.organization();
  await expect(
    startCheckout(bench.api, await access("billing.manage"), { planId: "pro" }),
  ).rejects.toMatchObject({ code: "billing_not_configured" });
  expect((await syncCatalogueObject(bench.webhook, { priceId: foreign.id })).changed).toBe(false);
});

test("a plan that is gone is archived with its product, not deleted, and opened again when it comes back", async () => {
  const { free } = bench.configuration.plans;
  const gone = { ...bench.configuration, plans: { free: free as never } };
  const pushed = await push(gone);
  expect(pushed.products?.map((one) => [one.id, one.change])).toEqual([
    ["headroom_pro_plan", "archived"],
    ["headroom_pro_seat", "archived"],
  ]);
  expect(change(pushed, planKey)?.change).toBe("archived");
  expect(await priceOf(planKey)).toMatchObject({ active: false });
  expect(await stored(planKey)).toMatchObject({ archived: true });
  expect((await push(gone)).prices).toEqual([]);
  expect(change(await push(), planKey)?.change).toBe("reactivated");
  expect(await priceOf(planKey)).toMatchObject({ active: true });
});

test("killed after any of its calls, a push is completed by the next, and nothing is there twice", async () => {
  const dearer = selling({ prices: [{ interval: "month", currency: "usd", unitAmount: "3900" }] });
  const real = bench.worker.stripe as StripeGateway;
  // Dies as soon as Stripe has carried out a change, before we know of it.
  const step =
    <Parameters extends unknown[], Result>(call: (...of: Parameters) => Promise<Result>) =>
    async (...of: Parameters): Promise<Result> => {
      await call(...of);
      throw new Error("killed");
    };
  const dying: StripeGateway = {
    ...real,
    createPrice: step(real.createPrice),
    updatePrice: step(real.updatePrice),
    createProduct: step(real.createProduct),
    updateProduct: step(real.updateProduct),
  };
  const context = { ...bench.worker, configuration: dearer, stripe: dying };
  for (let kills = 0; kills < 4; kills += 1) {
    await expect(pushPlans(context, { dryRun: false })).rejects.toThrow("killed");
  }
  await pushPlans(context, { dryRun: false });
  const { data } = await bench.stripe.prices.list({ limit: 100 });
  expect(data.map(({ lookup_key, active }) => [lookup_key, active]).sort()).toEqual([
    ["headroom_pro_v1_plan_month_usd", false],
    ["headroom_pro_v1_seat_month_usd", false],
    ["headroom_pro_v2_plan_month_usd", true],
    ["headroom_pro_v2_seat_month_usd", true],
  ]);
  const configurations = await bench.stripe.billingPortal.configurations.list();
  const known = await withSystem(bench.api.db, readPortalConfiguration);
  expect(configurations.data.map(({ id }) => id)).toEqual([known]);
});

test("the portal is for cards, invoices and cancelling at the period's end, and is set right", async () => {
  const [row] = await bench.rows("select portal_configuration_id as id from headroom.configuration");
  const id = String(row?.id);
  const read = () => bench.stripe.billingPortal.configurations.retrieve(id);
  const features = {
    customer_update: { enabled: true },
    invoice_history: { enabled: true },
    payment_method_update: { enabled: true },
    subscription_cancel: { enabled: true, mode: "at_period_end" },
    subscription_update: { enabled: false },
  };
  expect(await read()).toMatchObject({ features });
  await bench.stripe.billingPortal.configurations.update(id, {
    metadata: { headroom_portal: "older" },
    features: { subscription_cancel: { enabled: false } },
  });
  expect((await push()).portal).toBe("updated");
  expect(await read()).toMatchObject({ features });
  expect((await push()).portal).toBe("unchanged");
});

const twelve = "2900.123456789012";
const twoCurrencies = () => {
  const both = (usd: string, eur: string) => [
    { interval: "month" as const, currency: "usd", unitAmount: usd },
    { interval: "month" as const, currency: "eur", unitAmount: eur },
    { interval: "year" as const, currency: "usd", unitAmount: "29000" },
    { interval: "year" as const, currency: "eur", unitAmount: "27000" },
  ];
  const overage = { unitPrice: "2.5", currency: "usd", otherPrices: [{ currency: "eur", unitPrice: "0.4" }] };
  return parseConfiguration({
    meters: { pages: { displayName: "Pages" }, jobs: { displayName: "Jobs" } },
    defaultMeter: "pages",
    plans: {
      free: {
        displayName: "Free",
        default: true,
        seats: { kind: "licensed", included: 2 },
        meters: { pages: {}, jobs: { included: 10 } },
      },
      pro: {
        displayName: "Pro",
        prices: both(twelve, "2700"),
        seats: { kind: "licensed", included: 5, prices: both("900.000000000001", "850.5") },
        meters: { pages: {}, jobs: { included: 100, overage } },
      },
    },
  });
};

test("two currencies, two intervals and twelve places go through to Stripe, lists and limits", async () => {
  const configuration = twoCurrencies();
  await push(configuration);
  const amount = async (key: string) =>
    (await priceOf(`headroom_pro_v2_${key}`))?.unit_amount_decimal?.toString();
  expect(await amount("plan_month_usd")).toBe(twelve);
  expect(await amount("seat_month_usd")).toBe("900.000000000001");
  expect(await amount("seat_month_eur")).toBe("850.5");
  expect(await amount("plan_year_eur")).toBe("27000");
  expect((await push(configuration)).prices?.every((one) => one.change === "unchanged")).toBe(true);
  const { plans } = await listPlans({ ...bench.api, configuration });
  expect(plans[1]?.limits.find(({ meter }) => meter === "jobs")?.overage).toMatchObject({
    unitPrice: "2.5",
    currency: "usd",
    otherPrices: [{ currency: "eur", unitPrice: "0.4" }],
  });

  const { id, access } = await bench.organization();
  const manage = await access("billing.manage");
  const api = { ...bench.api, configuration };
  const wish = { planId: "pro", currency: "eur", interval: "month" } as const;
  await bench.pay((await startCheckout(api, manage, wish)).checkoutUrl);
  const [row] = await bench.rows(
    "select customer_id as id from headroom.stripe_customer where organization_id = $1",
    id,
  );
  const context = requireStripe(bench.worker);
  await withCustomerLease(context, String(row?.id), (lease) => refreshCustomer(context, lease, id));
  const { meters } = await setMaxOverages(api, manage, { meter: "jobs", cents: 10 });
  // 10 euro cents at 0.4 are 25 units; at 2.5 they would be 4.
  expect(meters.find(({ meter }) => meter === "jobs")).toMatchObject({ unitPrice: "0.4", maxOverage: 25 });
  expect(await bench.consume(id, "jobs", 125)).toBe(125);
  expect(await bench.consume(id, "jobs", 1)).toBe(0);
  const usage = await authorize(api, { kind: "operator", name: "kim" }, id, "usage.view");
  const told = await explainUsage(api, usage, { window: "period", meter: "jobs", limit: 1 });
  expect(told.line).toMatchObject({ quantity: 25, unitPrice: "0.4", currency: "eur", amount: 10 });
  expect(told.limits.find(({ limit }) => limit === "max_overage")?.setting?.unitPrice).toBe("0.4");
});

test("product and price events keep links and what is archived up to date", async () => {
  const price = await priceOf(planKey);
  const priceId = String(price?.id);
  const sync = async (object: Parameters<typeof syncCatalogueObject>[1]) =>
    (await syncCatalogueObject(bench.webhook, object)).changed;
  expect(await sync({ priceId })).toBe(false);
  await bench.stripe.prices.update(priceId, { active: false });
  expect(await sync({ priceId })).toBe(true);
  expect(await stored(planKey)).toEqual({ id: priceId, archived: true });
  expect(await sync({ priceId })).toBe(false);
  await bench.stripe.prices.update(priceId, { active: true });
  await bench.stripe.products.update("headroom_pro_plan", { active: false });
  expect(await sync({ productId: "headroom_pro_plan" })).toBe(false);
  expect(await stored(planKey)).toEqual({ id: priceId, archived: true });
  await bench.stripe.products.update("headroom_pro_plan", { active: true });
  expect(await sync({ productId: "headroom_pro_plan" })).toBe(true);
  expect(await stored(planKey)).toEqual({ id: priceId, archived: false });

  await bench.rows("update headroom.plan_price set stripe_price_id = null, stripe_product_id = null");
  expect(await sync({ priceId })).toBe(true);
  expect(await stored(planKey)).toEqual({ id: priceId, archived: false });
  expect(await sync({ priceId: "price_none" })).toBe(false);
  expect(await sync({ productId: "prod_none" })).toBe(false);

  const byHand = await bench.stripe.prices.create({
    product: "headroom_pro_plan",
    currency: "usd",
    unit_amount: 2500,
    recurring: { interval: "month" },
  });
  expect(await sync({ priceId: byHand.id })).toBe(false);
  const metadata = { headroom_plan: "pro", headroom_role: "plan", headroom_plan_version: "1" };
  await bench.stripe.prices.update(byHand.id, { metadata });
  // A subscription to it was unknown before: whoever waits for it must be woken.
  expect(await sync({ priceId: byHand.id })).toBe(true);
  expect(await stored(planKey)).toEqual({ id: priceId, archived: false });
});

test("a pull tells what is linked, differs, is missing or unknown, and writes links only when asked", async () => {
  const seatKey = "headroom_pro_v1_seat_month_usd";
  const states = async (writeLinks = false) => {
    const { prices, unknown } = await pullPlans(bench.worker, { writeLinks });
    return { unknown, states: Object.fromEntries(prices.map((one) => [one.lookupKey, one.state])) };
  };
  expect(await states()).toEqual({ unknown: [], states: { [planKey]: "linked", [seatKey]: "linked" } });
  await bench.rows(
    "update headroom.plan_price set stripe_price_id = null, stripe_product_id = null where lookup_key = $1",
    planKey,
  );
  const seat = await priceOf(seatKey);
  await bench.stripe.prices.update(String(seat?.id), { metadata: { headroom_plan: "other" } });
  const gold = await bench.stripe.products.create({ name: "Gold, 2026!" });
  const sold = await bench.stripe.prices.create({
    product: gold.id,
    currency: "eur",
    unit_amount_decimal: "99.5",
    recurring: { interval: "year" },
  } as never);
  const unknown = [
    {
      id: "gold_2026",
      displayName: "Gold, 2026!",
      stripeProductId: gold.id,
      prices: [{ interval: "year", currency: "eur", unitAmount: "99.5", stripePriceId: sold.id }],
    },
  ];
  const expected = { unknown, states: { [planKey]: "unlinked", [seatKey]: "differs" } };
  expect(await states()).toEqual(expected);
  expect(await stored(planKey)).toMatchObject({ id: null });
  expect(await states(true)).toEqual(expected);
  expect(await stored(planKey)).toMatchObject({ id: (await priceOf(planKey))?.id });
  expect((await states()).states[planKey]).toBe("linked");
  await expect(pullPlans({ ...bench.worker, stripe: null }, { writeLinks: false })).rejects.toMatchObject({
    code: "billing_not_configured",
  });
});

test("the list has every version, who is on it and what is archived", async () => {
  await bench.organization();
  await push(selling({ prices: [{ interval: "month", currency: "usd", unitAmount: "3900" }] }));
  const { plans } = await listCatalogue(bench.worker);
  expect(
    plans.map(({ id, version, current, subscribers }) => [id, version, current, subscribers.base]),
  ).toEqual([
    ["free", 1, true, 1],
    ["pro", 2, true, 0],
    ["pro", 1, false, 0],
  ]);
  expect(plans[2]?.prices.map(({ lookupKey, archived }) => [lookupKey, archived])).toEqual([
    [planKey, true],
    ["headroom_pro_v1_seat_month_usd", true],
  ]);
});
