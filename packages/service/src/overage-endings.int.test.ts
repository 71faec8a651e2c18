import type { PlanDefinition } from "@headroom/domain/configuration";
import { afterEach, expect, test } from "vitest";
import { authorize } from "./access.ts";
import { startCheckout } from "./checkout.ts";
import { reconcileOverage } from "./overage-reconciliation.ts";
import { cancelSubscriptions } from "./subscription-cancellation.ts";
import { createOverageBench, type OverageBench, type Subscriber, sumOf } from "./testing/overage-bench.ts";

let bench: OverageBench;
afterEach(() => bench?.close());

// Stripe counts in whole seconds: an end must come in a later one than the usage.
const aSecond = () => bench.advance("PT2S");
const onRenewal = { reason: "subscription_cycle", quantity: 20, amount: 50 };
const onOurs = { reason: "manual", quantity: 20, amount: 50 };

/** What ends a period with 20 units of overage, and where they are billed. */
const endings: [string, (acme: Subscriber) => Promise<void>, object[]][] = [
  ["a renewal", () => bench.advance("P1MT4H"), [onRenewal]],
  [
    "a cancellation with the period",
    async ({ subscriptionId }) => {
      await bench.stripe.subscriptions.update(subscriptionId, { cancel_at_period_end: true });
      await bench.advance("P1MT4H");
    },
    [onOurs],
  ],
  [
    "a cancellation at once",
    async ({ subscriptionId }) => {
      await bench.stripe.subscriptions.cancel(subscriptionId);
    },
    [onOurs],
  ],
  [
    "a cancellation that was withdrawn",
    async ({ subscriptionId }) => {
      await bench.stripe.subscriptions.update(subscriptionId, { cancel_at_period_end: true });
      await bench.deliver();
      await bench.stripe.subscriptions.update(subscriptionId, { cancel_at_period_end: false });
      await bench.advance("P1MT4H");
    },
    [onRenewal],
  ],
  [
    "dunning, until Stripe gives up,",
    async ({ customerId, subscriptionId }) => {
      const card = await bench.stripe.paymentMethods.attach("pm_card_chargeCustomerFail", {
        customer: customerId,
      });
      await bench.stripe.subscriptions.update(subscriptionId, { default_payment_method: card.id });
      await bench.advance("P1MT4H");
      await bench.advance("P1M");
      await bench.advance("P1M");
    },
    [onRenewal],
  ],
  [
    "a cancellation by us",
    async ({ id }) => {
      await cancelSubscriptions(bench.worker, { organizationId: id });
    },
    [onOurs],
  ],
  [
    "the organization's deletion",
    async ({ id }) => {
      await bench.rows(
        "update headroom.organization set deleted_at = now(), purge_at = now() + interval '30 days' where id = $1",
        id,
      );
      await cancelSubscriptions(bench.worker, { organizationId: id });
    },
    [onOurs],
  ],
  [
    "a plan that an operator assigns afterwards",
    async ({ id, subscriptionId }) => {
      await bench.stripe.subscriptions.cancel(subscriptionId);
      await bench.deliver();
      await bench.rows(
        `update headroom.subscription set source = 'operator', state = 'active', plan_id = 'pro', plan_version = 1
         where organization_id = $1`,
        id,
      );
    },
    [onOurs],
  ],
];

test.each(endings)(
  "%s bills the overage exactly once",
  async (_name, end, expected) => {
    bench = await createOverageBench();
    const acme = await bench.subscriber();
    await acme.take(120);
    await aSecond();
    await end(acme);
    await bench.deliver();
    await bench.work();
    await bench.work();
    expect(await acme.billed()).toMatchObject(expected);
    expect((await reconcileOverage(bench.worker, { organizationId: acme.id })).differences).toEqual([]);
    // Nothing more comes later.
    await bench.advance("P1M");
    await bench.work();
    expect(sumOf(await acme.billed())).toEqual({ quantity: 20, amount: 50 });
  },
  120_000,
);

test("a customer who was deleted at Stripe cannot be billed: the overage is written off, and seen", async () => {
  bench = await createOverageBench();
  const acme = await bench.subscriber();
  await acme.take(120);
  await aSecond();
  await bench.stripe.customers.del(acme.customerId);
  await bench.deliver();
  await bench.work();
  expect(await acme.ledger()).toMatchObject([
    { quantity: 20, amount: 50, status: "written_off", fixed: true },
  ]);
  expect((await reconcileOverage(bench.worker, { organizationId: acme.id })).differences).toEqual([]);
}, 60_000);

test("a subscription that follows another is not billed for it", async () => {
  bench = await createOverageBench();
  const acme = await bench.subscriber();
  await acme.take(120);
  await aSecond();
  await bench.stripe.subscriptions.cancel(acme.subscriptionId);
  await bench.deliver();
  const [owner] = await bench.rows(
    "select user_id from headroom.membership where organization_id = $1 and role = 'owner'",
    acme.id,
  );
  const access = await authorize(
    bench.api,
    { kind: "user", userId: String(owner?.user_id) },
    acme.id,
    "billing.manage",
  );
  const { checkoutUrl } = await startCheckout(bench.api, access, { planId: "pro", interval: "month" });
  await bench.pay(checkoutUrl);
  await bench.deliver();
  await acme.take(105);
  await bench.work();
  await bench.advance("P1MT4H");
  await bench.work();
  expect(await acme.billed()).toMatchObject([
    { reason: "manual", quantity: 20, amount: 50 },
    { reason: "subscription_cycle", quantity: 5, amount: 13 },
  ]);
}, 60_000);

test("what is used in a trial is never billed", async () => {
  bench = await createOverageBench({ configure: (shipped) => withPlan(shipped, { trialDays: 14 }) });
  const acme = await bench.subscriber();
  await acme.take(120, "record");
  await bench.advance("P14DT4H");
  await bench.work();
  await acme.take(103);
  await bench.advance("P1MT4H");
  await bench.work();
  expect(await acme.billed()).toMatchObject([{ reason: "subscription_cycle", quantity: 3, amount: 8 }]);
}, 60_000);

test("nobody tells us for a month that the trial is over: the month is billed, the trial is not", async () => {
  bench = await createOverageBench({
    settling: false,
    configure: (shipped) => withPlan(shipped, { trialDays: 14 }),
  });
  const acme = await bench.subscriber();
  await acme.take(130, "record");
  await bench.advance("P15D");
  await acme.take(120);
  await bench.advance("P1M");
  await bench.work();
  await bench.deliver();
  await bench.work();
  expect(await acme.ledger()).toMatchObject([{ quantity: 20, amount: 50 }]);
  expect(sumOf(await acme.billed())).toEqual({ quantity: 20, amount: 50 });
}, 60_000);

test("a yearly plan is billed each month: eleven invoices of our own, and the last with the renewal", async () => {
  bench = await createOverageBench({ configure: yearly });
  const acme = await bench.subscriber({ interval: "year" });
  for (let month = 1; month <= 12; month += 1) {
    await acme.take(100 + month);
    await bench.advance("P1M");
    await bench.work();
  }
  await bench.advance("PT4H");
  const lines = await acme.billed();
  expect(lines.map(({ quantity }) => quantity)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(lines.map(({ reason }) => reason)).toEqual([
    ...Array.from({ length: 11 }, () => lines[0]?.reason),
    "subscription_cycle",
  ]);
  expect(lines[0]?.reason).not.toBe("subscription_cycle");
  expect(new Set(lines.map(({ invoice }) => invoice)).size).toBe(12);
  expect((await reconcileOverage(bench.worker, { organizationId: acme.id })).differences).toEqual([]);
}, 120_000);

test("invoices of our own are sent and taxed as the subscription's are, while it runs and after", async () => {
  bench = await createOverageBench({ configure: yearly });
  const acme = await bench.subscriber({ interval: "year" });
  const rate = await bench.stripe.taxRates.create({ display_name: "VAT", percentage: 20, inclusive: false });
  await bench.stripe.subscriptions.update(acme.subscriptionId, {
    ...{ collection_method: "send_invoice", days_until_due: 14, default_tax_rates: [rate.id] },
    proration_behavior: "none",
  });
  await acme.take(120);
  await bench.advance("P1M");
  await bench.work();
  await acme.take(140);
  await aSecond();
  await bench.stripe.subscriptions.cancel(acme.subscriptionId);
  await bench.deliver();
  await bench.work();
  const { data } = await bench.stripe.invoices.list({ customer: acme.customerId, limit: 2 });
  const terms = data.map(({ collection_method, subtotal, total, due_date, created }) => ({
    ...{ collection_method, subtotal, total, days: (Number(due_date) - created) / 86_400 },
  }));
  expect(terms).toEqual([
    { collection_method: "send_invoice", subtotal: 100, total: 120, days: 14 },
    { collection_method: "send_invoice", subtotal: 50, total: 60, days: 14 },
  ]);
}, 120_000);

test("those of automatic taxes are taxed after its end, too", async () => {
  bench = await createOverageBench();
  const acme = await bench.subscriber();
  await bench.stripe.customers.update(acme.customerId, { address: { country: "DE", postal_code: "10115" } });
  await bench.stripe.subscriptions.update(acme.subscriptionId, { automatic_tax: { enabled: true } });
  await acme.take(120);
  await aSecond();
  await bench.stripe.subscriptions.cancel(acme.subscriptionId);
  await bench.deliver();
  await bench.work();
  const { data } = await bench.stripe.invoices.list({ customer: acme.customerId, limit: 1 });
  expect(data).toMatchObject([{ subtotal: 50, automatic_tax: { enabled: true } }]);
}, 60_000);

test("a change of the interval ends the month there", async () => {
  bench = await createOverageBench({ configure: yearly });
  const acme = await bench.subscriber();
  await acme.take(120);
  await bench.advance("P10D");
  const { items } = await bench.stripe.subscriptions.retrieve(acme.subscriptionId);
  const [price] = await bench.rows(
    "select stripe_price_id as id from headroom.plan_price where plan_id = 'pro' and billing_interval = 'year' and role = 'plan'",
  );
  await bench.stripe.subscriptions.update(acme.subscriptionId, {
    items: [{ id: String(items.data[0]?.id), price: String(price?.id), quantity: 1 }],
  });
  await bench.deliver();
  await acme.take(104);
  await bench.work();
  await bench.advance("P1MT4H");
  await bench.work();
  expect((await acme.billed()).map(({ quantity }) => quantity)).toEqual([20, 4]);
}, 60_000);

test("the ledger is in the currency that the subscription is paid in", async () => {
  bench = await createOverageBench({ configure: inEuro });
  await bench.rows(
    `insert into headroom.plan_meter_price select plan_id, plan_version, meter, 'eur', 2 from headroom.plan_meter
     where plan_id = 'pro' and overage on conflict do nothing`,
  );
  const acme = await bench.subscriber({ currency: "eur" });
  await acme.take(120);
  await bench.advance("P1MT4H");
  await bench.work();
  expect(await acme.ledger()).toMatchObject([{ quantity: 20, amount: 40, currency: "eur" }]);
  expect(await acme.billed()).toMatchObject([{ quantity: 20, amount: 40, currency: "eur" }]);
}, 60_000);

test("units above the cap are on no invoice", async () => {
  bench = await createOverageBench();
  const acme = await bench.subscriber();
  await acme.take(160, "record");
  await bench.advance("P1MT4H");
  await bench.work();
  expect(await acme.billed()).toMatchObject([{ quantity: 50, amount: 125 }]);
}, 60_000);

type Shipped = OverageBench["configuration"];

function withPlan(shipped: Shipped, more: Partial<PlanDefinition>): Shipped {
  return {
    ...shipped,
    plans: { ...shipped.plans, pro: { ...(shipped.plans.pro as PlanDefinition), ...more } },
  };
}

function yearly(shipped: Shipped): Shipped {
  const pro = shipped.plans.pro as PlanDefinition;
  return withPlan(shipped, {
    prices: [...pro.prices, { interval: "year", currency: "usd", unitAmount: "29000" }],
    seats: { ...pro.seats, prices: [] } as PlanDefinition["seats"],
  });
}

function inEuro(shipped: Shipped): Shipped {
  const pro = shipped.plans.pro as PlanDefinition;
  const { jobs } = pro.meters;
  const overage = jobs?.overage && { ...jobs.overage, otherPrices: [{ currency: "eur", unitPrice: "2" }] };
  return withPlan(shipped, {
    prices: [...pro.prices, { interval: "month", currency: "eur", unitAmount: "2700" }],
    seats: { ...pro.seats, prices: [] } as PlanDefinition["seats"],
    meters: { ...pro.meters, jobs: { ...jobs, overage } } as PlanDefinition["meters"],
  });
}
