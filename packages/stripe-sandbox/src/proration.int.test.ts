import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { monthly, openWorkbench, payingCustomer, type Workbench } from "./testing/workbench.ts";

/*
 * Golden figures, each worked out by hand in its test from Stripe's rule: a change credits the unused share of what
 * was paid and charges the same share of the new state, by the second, each line rounded once.
 * All subscriptions start in April 2031 (30 days = 2,592,000 s), so ten days are exactly a third.
 */
const day = 86_400;

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
  await bench.advance({ to: "2031-04-01T00:00:00Z" });
});
afterEach(() => bench.close());

interface Started {
  subscription: Stripe.Subscription;
  item: string;
  start: number;
}

async function seats(quantity: number, amount = 1000): Promise<Started> {
  const customer = await payingCustomer(bench.stripe);
  const price = await monthly(bench.stripe, amount, "Seat");
  const subscription = await bench.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id, quantity }],
  });
  const [item] = subscription.items.data;
  const start = item?.current_period_start ?? 0;
  expect((item?.current_period_end ?? 0) - start).toBe(30 * day);
  await bench.advance({ to: new Date((start + 10 * day) * 1000).toISOString() });
  return { subscription, item: String(item?.id), start };
}

async function pending(customer: Stripe.Subscription["customer"]) {
  const items = await bench.stripe.invoiceItems.list({ customer: String(customer), pending: true });
  return items.data.reverse().map(({ amount, proration, period }) => ({ amount, proration, period }));
}

test("5 → 8 seats after a third of the month: −33.33, +53.33, on the next invoice", async () => {
  const { subscription, item, start } = await seats(5);
  const at = start + 10 * day;
  await bench.stripe.subscriptions.update(subscription.id, {
    items: [{ id: item, quantity: 8 }],
    proration_date: at,
  });
  const period = { start: at, end: start + 30 * day };
  // unused: 5 × 1000 × 20/30 = 3333.33… → 3333; new: 8 × 1000 × 20/30 = 5333.33… → 5333.
  expect(await pending(subscription.customer)).toEqual([
    { amount: -3333, proration: true, period },
    { amount: 5333, proration: true, period },
  ]);
  await bench.advance({ to: new Date((start + 30 * day) * 1000).toISOString() });
  const { latest_invoice } = await bench.stripe.subscriptions.retrieve(subscription.id, {
    expand: ["latest_invoice"],
  });
  const invoice = latest_invoice as Stripe.Invoice;
  // −3333 + 5333 + 8 × 1000 = 10000
  expect(invoice.total).toBe(10_000);
  expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([-3333, 5333, 8000]);
  expect(await pending(subscription.customer)).toEqual([]);
});

test("8 → 5 seats credits 20.00 net", async () => {
  const { subscription, item, start } = await seats(8);
  const params = { quantity: 5, proration_date: start + 10 * day };
  await bench.stripe.subscriptionItems.update(item, params);
  // unused: 8 × 1000 × 2/3 = 5333; new: 5 × 1000 × 2/3 = 3333; net −2000.
  expect((await pending(subscription.customer)).map(({ amount }) => amount)).toEqual([-5333, 3333]);
});

test("always_invoice bills the difference at once and is paid", async () => {
  const { subscription, item, start } = await seats(5);
  const updated = await bench.stripe.subscriptions.update(subscription.id, {
    items: [{ id: item, quantity: 8 }],
    proration_behavior: "always_invoice",
    proration_date: start + 10 * day,
    expand: ["latest_invoice"],
  });
  // 5333 − 3333 = 2000
  expect(updated.latest_invoice).toMatchObject({
    status: "paid",
    billing_reason: "subscription_update",
    total: 2000,
  });
  expect(await pending(subscription.customer)).toEqual([]);
  const types = (await bench.stripe.events.list({ limit: 7 })).data.map(({ type }) => type).reverse();
  expect(types).toEqual([
    "customer.subscription.updated",
    "invoiceitem.created",
    "invoiceitem.created",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
  ]);
});

test("always_invoice with a credit pays nothing and keeps the rest as the customer's balance", async () => {
  const { subscription, item, start } = await seats(8);
  await bench.stripe.subscriptions.update(subscription.id, {
    items: [{ id: item, quantity: 5 }],
    proration_behavior: "always_invoice",
    proration_date: start + 10 * day,
  });
  expect(await bench.stripe.customers.retrieve(String(subscription.customer))).toMatchObject({
    balance: -2000,
  });
  await bench.advance({ to: new Date((start + 30 * day + 3600) * 1000).toISOString() });
  const { latest_invoice } = await bench.stripe.subscriptions.retrieve(subscription.id, {
    expand: ["latest_invoice"],
  });
  // 5 × 1000 = 5000, of which 2000 come from the balance.
  expect(latest_invoice).toMatchObject({
    total: 5000,
    starting_balance: -2000,
    ending_balance: 0,
    amount_paid: 3000,
  });
});

test("none changes the quantity without a line", async () => {
  const { subscription, item } = await seats(5);
  const updated = await bench.stripe.subscriptions.update(subscription.id, {
    items: [{ id: item, quantity: 9 }],
    proration_behavior: "none",
  });
  expect(updated.items.data[0]?.quantity).toBe(9);
  expect(await pending(subscription.customer)).toEqual([]);
});

test("a dearer price with quantity kept: −20.00, +40.00; without a quantity it falls to one", async () => {
  const { subscription, item, start } = await seats(3);
  const dearer = await monthly(bench.stripe, 2000, "Seat plus");
  const at = start + 10 * day;
  await bench.stripe.subscriptions.update(subscription.id, {
    items: [{ id: item, price: dearer.id, quantity: 3 }],
    proration_date: at,
  });
  // 3 × 1000 × 2/3 = 2000; 3 × 2000 × 2/3 = 4000.
  expect((await pending(subscription.customer)).map(({ amount }) => amount)).toEqual([-2000, 4000]);
  const other = await monthly(bench.stripe, 500, "Seat lite");
  const reset = await bench.stripe.subscriptions.update(subscription.id, {
    items: [{ id: item, price: other.id }],
  });
  expect(reset.items.data[0]).toMatchObject({ quantity: 1, price: { id: other.id } });
});

test("an added item pays for the rest of the shared period, a removed one is credited for it", async () => {
  const { subscription, start } = await seats(1);
  const addon = await monthly(bench.stripe, 301, "Add-on");
  const at = start + 10 * day;
  const added = await bench.stripe.subscriptionItems.create({
    subscription: subscription.id,
    price: addon.id,
    quantity: 1,
    proration_date: at,
  });
  expect(added.current_period_end).toBe(start + 30 * day);
  // 301 × 2/3 = 200.67 → 201
  expect((await pending(subscription.customer)).map(({ amount }) => amount)).toEqual([201]);
  await bench.stripe.subscriptionItems.del(added.id, { proration_date: start + 15 * day });
  // 301 × 15/30 = 150.5 → 151, as a credit −151
  expect((await pending(subscription.customer)).map(({ amount }) => amount)).toEqual([201, -151]);
});

test("monthly → yearly starts a new year at once: the unused month credited, the year charged", async () => {
  const { subscription, item, start } = await seats(1, 2900);
  const [old] = subscription.items.data;
  const yearly = await bench.stripe.prices.create({
    product: String(old?.price.product),
    currency: "usd",
    unit_amount: 29_000,
    recurring: { interval: "year" },
  });
  const updated = await bench.stripe.subscriptions.update(subscription.id, {
    items: [{ id: item, price: yearly.id, quantity: 1 }],
    proration_date: start + 10 * day,
    expand: ["latest_invoice"],
  });
  // −2900 × 2/3 = −1933.33 → −1933; 29000 − 1933 = 27067
  expect(updated.latest_invoice).toMatchObject({ status: "paid", total: 27_067 });
  const [now] = updated.items.data;
  const years = new Date((now?.current_period_end ?? 0) * 1000).getUTCFullYear();
  expect(years).toBe(2032);
  expect(updated.billing_cycle_anchor).toBe(now?.current_period_start);
});

test("a preview tells the figures and changes nothing", async () => {
  const { subscription, item, start } = await seats(5);
  const { stripe } = bench;
  const events = async () => (await stripe.events.list({ limit: 1 })).data[0]?.id;
  const before = await events();
  const preview = await stripe.invoices.createPreview({
    subscription: subscription.id,
    subscription_details: { items: [{ id: item, quantity: 8 }], proration_date: start + 10 * day },
  });
  expect(preview).toMatchObject({ total: 10_000, status: "draft", billing_reason: "upcoming" });
  const now = await stripe.invoices.createPreview({
    subscription: subscription.id,
    subscription_details: {
      items: [{ id: item, quantity: 8 }],
      proration_date: start + 10 * day,
      proration_behavior: "always_invoice",
    },
  });
  expect(now.total).toBe(2000);
  expect(await events()).toBe(before);
  expect(await pending(subscription.customer)).toEqual([]);
  expect((await stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.quantity).toBe(5);
  await expect(stripe.invoices.retrieve(preview.id)).rejects.toMatchObject({ code: "resource_missing" });
});

test("cancelling now with prorate and invoice_now gives the unused time back to the balance", async () => {
  const { subscription, start } = await seats(3);
  await bench.advance({ to: new Date((start + 15 * day) * 1000).toISOString() });
  await bench.stripe.subscriptions.cancel(subscription.id, { prorate: true, invoice_now: true });
  const customer = (await bench.stripe.customers.retrieve(String(subscription.customer))) as Stripe.Customer;
  // Half of 3 × 1000 = 1500, less the few seconds that real time went on meanwhile (30 s are worth 3.5 cents).
  expect(customer.balance).toBeLessThanOrEqual(-1496);
  expect(customer.balance).toBeGreaterThanOrEqual(-1500);
});
