import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { monthly, openWorkbench, payingCustomer, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.close());

async function trialing(): Promise<Stripe.Subscription> {
  const customer = await payingCustomer(bench.stripe);
  const price = await monthly(bench.stripe, 2900);
  return bench.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    trial_period_days: 14,
  });
}

test("a trial can be ended now: billed whole, active, anchored at this moment", async () => {
  const { id } = await trialing();
  await bench.advance({ by: "2d" });
  const active = await bench.stripe.subscriptions.update(id, {
    trial_end: "now",
    expand: ["latest_invoice"],
  });
  expect(active.status).toBe("active");
  expect(active.latest_invoice).toMatchObject({ status: "paid", total: 2900 });
  const [item] = active.items.data;
  expect(active.billing_cycle_anchor).toBe(item?.current_period_start);
  expect(active.trial_end).toBe(item?.current_period_start);
  const { steps } = await bench.advance({ by: "20d" });
  expect(steps).toEqual([]);
});

test("a trial can be moved, and is free until then", async () => {
  const { id, trial_end: end } = await trialing();
  const later = (end ?? 0) + 7 * 86_400;
  const moved = await bench.stripe.subscriptions.update(id, { trial_end: later });
  expect(moved).toMatchObject({ status: "trialing", trial_end: later, billing_cycle_anchor: later });
  await bench.advance({ to: new Date((end ?? 0) * 1000).toISOString() });
  expect((await bench.stripe.subscriptions.retrieve(id)).status).toBe("trialing");
  await bench.advance({ to: new Date(later * 1000).toISOString() });
  expect((await bench.stripe.subscriptions.retrieve(id)).status).toBe("active");
});

test("a change within a trial costs nothing until it ends", async () => {
  const { id, items, customer } = await trialing();
  await bench.stripe.subscriptions.update(id, { items: [{ id: String(items.data[0]?.id), quantity: 4 }] });
  expect((await bench.stripe.invoiceItems.list({ customer: String(customer) })).data).toEqual([]);
  await bench.advance({ by: "14d" });
  const { latest_invoice } = await bench.stripe.subscriptions.retrieve(id, { expand: ["latest_invoice"] });
  expect(latest_invoice).toMatchObject({ status: "draft", total: 11_600 });
});

test("a checkout with a trial takes no money and leaves a trialing subscription", async () => {
  const price = await monthly(bench.stripe, 2900);
  const session = await bench.stripe.checkout.sessions.create({
    mode: "subscription",
    customer_email: "ada@example.com",
    line_items: [{ price: price.id, quantity: 1 }],
    subscription_data: { trial_period_days: 7 },
    success_url: "https://app.example.com/done",
  });
  await bench.control(`/_sandbox/checkout/${session.id}/complete`);
  const done = await bench.stripe.checkout.sessions.retrieve(session.id, { expand: ["subscription"] });
  expect(done).toMatchObject({ payment_status: "no_payment_required", subscription: { status: "trialing" } });
});

test("the billing cycle can be restarted now: the unused time is credited", async () => {
  await bench.advance({ to: "2031-04-01T00:00:00Z" });
  const customer = await payingCustomer(bench.stripe);
  const price = await monthly(bench.stripe, 3000);
  const { id, items } = await bench.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
  const start = items.data[0]?.current_period_start ?? 0;
  await bench.advance({ to: new Date((start + 10 * 86_400) * 1000).toISOString() });
  const restarted = await bench.stripe.subscriptions.update(id, {
    billing_cycle_anchor: { type: "now" },
    proration_date: start + 10 * 86_400,
    expand: ["latest_invoice"],
  });
  // 3000 for the new month, less 20 of 30 days of the old one: 3000 − 2000 = 1000.
  expect(restarted.latest_invoice).toMatchObject({ status: "paid", total: 1000 });
});

test("a trial without a card cancels when it is set to", async () => {
  const customer = await bench.stripe.customers.create();
  const price = await monthly(bench.stripe, 2900);
  const subscription = await bench.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    trial_period_days: 2,
    trial_settings: { end_behavior: { missing_payment_method: "cancel" } },
  });
  const early = await bench.stripe.events.list({ type: "customer.subscription.trial_will_end" });
  expect(early.data).toHaveLength(1);
  await bench.advance({ by: "2d" });
  expect((await bench.stripe.subscriptions.retrieve(subscription.id)).status).toBe("canceled");
});
