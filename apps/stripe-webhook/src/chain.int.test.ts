import { changePlan, getBilling } from "@headroom/service/billing";
import { startCheckout } from "@headroom/service/checkout";
import { syncCustomer } from "@headroom/service/customer-sync";
import { listInvoices } from "@headroom/service/invoices";
import { setMaxOverages } from "@headroom/service/max-overages";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWebhookBench, type WebhookBench } from "./testing/webhook-bench.ts";

let bench: WebhookBench;
beforeAll(async () => {
  bench = await createWebhookBench();
});
afterAll(() => bench?.close());

type Organization = Awaited<ReturnType<WebhookBench["organization"]>>;

async function billing(organization: Organization) {
  return getBilling(bench.api, await organization.access("billing.view"));
}

/** An organization that has paid for the plan `pro`, with seats. */
async function subscribed(seats?: number, paymentMethod?: string): Promise<Organization> {
  const organization = await bench.organization();
  const access = await organization.access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, access, {
    planId: "pro",
    ...(seats ? { seats } : {}),
  });
  await bench.pay(checkoutUrl, paymentMethod);
  await bench.settled();
  return organization;
}

const subscriptionOf = async ({ id }: Organization) =>
  (await bench.rows("select * from headroom.subscription where organization_id = $1", id))[0] ?? {};
const customerOf = async ({ id }: Organization) =>
  String(
    (await bench.rows("select customer_id from headroom.stripe_customer where organization_id = $1", id))[0]
      ?.customer_id,
  );

test("a paid checkout gives plan and seats; the audit trail tells it once", async () => {
  const organization = await subscribed(3);
  expect(await billing(organization)).toMatchObject({
    plan: { id: "pro", version: 1, displayName: "Pro" },
    status: "active",
    source: "stripe",
    interval: "month",
    currency: "usd",
    seatsPurchased: 3,
    attention: null,
  });
  expect(await bench.consume(organization.id, "pages", 9_999)).toBe(9_999);
  const audit = await bench.rows(
    "select action from headroom.audit_entry where organization_id = $1 and actor_kind = 'system' order by seq",
    organization.id,
  );
  expect(audit.map((row) => row.action)).toEqual([
    "subscription.started",
    "subscription.state_changed",
    "subscription.seats_changed",
  ]);
  const intents = await bench.rows(
    "select status from headroom.stripe_intent where organization_id = $1",
    organization.id,
  );
  expect(intents).toEqual([{ status: "completed" }]);
});

test("every event again, in reverse order and all at once, changes nothing", async () => {
  const organization = await subscribed(1);
  const before = await subscriptionOf(organization);
  const events = await bench.stripe.events.list({ limit: 100 });
  await bench.rows("update headroom.stripe_inbox set status = 'pending', next_attempt_at = now()");
  for (const event of events.data) {
    await fetch(`${bench.sandboxUrl}/_sandbox/events/${event.id}/resend`, { method: "POST" });
  }
  const customerId = await customerOf(organization);
  await Promise.all(Array.from({ length: 8 }, () => syncCustomer(bench.webhook, customerId)));
  await Promise.all(Array.from({ length: 4 }, () => syncCustomer(bench.worker, customerId)));
  const rows = await bench.rows(
    "select event_id, count(*)::int as times from headroom.stripe_inbox group by 1",
  );
  expect(rows.every((row) => row.times === 1)).toBe(true);
  expect(await subscriptionOf(organization)).toEqual(before);
});

test("a change in Stripe's dashboard arrives: seats, cancellation, its withdrawal, the end", async () => {
  const organization = await subscribed(1);
  const { stripe_subscription_id: id, seat_item_id: seatItem } = await subscriptionOf(organization);
  await bench.stripe.subscriptionItems.update(String(seatItem), { quantity: 4 });
  await bench.settled();
  expect((await billing(organization)).seatsPurchased).toBe(4);

  await bench.stripe.subscriptions.update(String(id), { cancel_at_period_end: true });
  await bench.settled();
  const leaving = await billing(organization);
  expect(leaving.cancelAt).toBe(leaving.period?.end);

  await bench.stripe.subscriptions.update(String(id), { cancel_at_period_end: false });
  await bench.settled();
  expect((await billing(organization)).cancelAt).toBeNull();

  await bench.stripe.subscriptions.cancel(String(id));
  await bench.settled();
  expect(await billing(organization)).toMatchObject({
    plan: { id: "free" },
    status: "ended",
    seatsPurchased: 0,
  });
  expect(await bench.consume(organization.id, "pages", 1_001)).toBe(0);
});

test("a price that is not ours keeps plan and limits, and raises attention until it is put right", async () => {
  const organization = await subscribed();
  const { plan_item_id: item, stripe_subscription_id: id } = await subscriptionOf(organization);
  const subscription = await bench.stripe.subscriptions.retrieve(String(id));
  const ours = subscription.items.data[0]?.price.id ?? "";
  const strange = await bench.stripe.prices.create({
    product: "headroom_pro_plan",
    currency: "usd",
    unit_amount: 1,
    recurring: { interval: "month" },
  });
  await bench.stripe.subscriptionItems.update(String(item), { price: strange.id, quantity: 1 });
  await bench.settled();
  expect(await billing(organization)).toMatchObject({
    plan: { id: "pro" },
    status: "active",
    attention: "unknown_price",
  });
  await bench.stripe.subscriptionItems.update(String(item), { price: ours, quantity: 1 });
  await bench.settled();
  expect(await billing(organization)).toMatchObject({ plan: { id: "pro" }, attention: null });
});

test("a plan change of a subscribed organization is refused, not pretended", async () => {
  const organization = await subscribed();
  const access = await organization.access("billing.manage");
  await expect(changePlan(bench.api, access, { planId: "free" })).rejects.toMatchObject({
    code: "active_subscription",
  });
  await expect(startCheckout(bench.api, access, { planId: "pro" })).rejects.toMatchObject({
    code: "active_subscription",
  });
  expect(await changePlan(bench.api, access, { planId: "pro" })).toMatchObject({
    changed: false,
    checkoutUrl: null,
  });
});

test("from the included units to overage on the renewal invoice, and a new period at 0", async () => {
  const organization = await subscribed();
  const access = await organization.access("billing.manage");
  expect(await bench.consume(organization.id, "jobs", 100)).toBe(100);
  expect(await bench.consume(organization.id, "jobs", 1)).toBe(0);
  const { meters } = await setMaxOverages(bench.api, access, { meter: "jobs", cents: 126 });
  expect(meters.find((one) => one.meter === "jobs")).toEqual({
    meter: "jobs",
    maxOverage: 50,
    source: "organization",
    unitPrice: "2.5",
    hardCap: 150,
    overage: 0,
  });
  expect(await bench.consume(organization.id, "jobs", 51)).toBe(0);
  expect(await bench.consume(organization.id, "jobs", 33)).toBe(33);
  const { upcoming } = await listInvoices(bench.api, access, { limit: 10 });
  expect(upcoming).toMatchObject({
    total: 2_900,
    overageTotal: 83,
    overage: [{ meter: "jobs", quantity: 33, unitPrice: "2.5", amount: 83 }],
  });

  const { period } = await billing(organization);
  await bench.advance("P1M1D");
  const { invoices } = await listInvoices(bench.api, access, { limit: 10 });
  expect(invoices).toHaveLength(2);
  expect(invoices[0]).toMatchObject({ status: "paid", total: 2_983 });
  const lines = invoices[0]?.lines.map(({ quantity, unitPrice, amount }) => ({
    quantity,
    unitPrice,
    amount,
  }));
  expect(lines).toContainEqual({ quantity: 33, unitPrice: "2.5", amount: 83 });
  expect((await billing(organization)).period?.start).toBe(period?.end);
  expect(await bench.consume(organization.id, "jobs", 150)).toBe(150);
}, 60_000);

test("usage of a free plan is never billed, and a first period begins with the subscription", async () => {
  const organization = await bench.organization();
  expect(await bench.consume(organization.id, "jobs", 10)).toBe(10);
  // Stripe counts in whole seconds: what is used in the second of the purchase belongs to the new period.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const access = await organization.access("billing.manage");
  const { checkoutUrl } = await changePlan(bench.api, access, { planId: "pro" });
  await bench.pay(String(checkoutUrl));
  await bench.settled();
  expect(await bench.consume(organization.id, "jobs", 100)).toBe(100);
  expect(await bench.consume(organization.id, "jobs", 1)).toBe(0);
  const [left] = await bench.rows(
    "select billable, plan_id from headroom.usage_period where organization_id = $1 and meter = 'jobs'",
    organization.id,
  );
  expect(left).toEqual({ billable: false, plan_id: "free" });
});
