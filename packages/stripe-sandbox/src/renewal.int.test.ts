import Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { monthly, openWorkbench, payingCustomer, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.close());

const seconds = (iso: string) => Date.parse(iso) / 1000;
const iso = (value: number | undefined) => new Date((value ?? 0) * 1000).toISOString();

async function subscribe(amount: number | string, extra: Partial<Stripe.SubscriptionCreateParams> = {}) {
  const customer = await payingCustomer(bench.stripe);
  const price = await monthly(bench.stripe, amount);
  const subscription = await bench.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    ...extra,
  });
  return { customer, price, subscription };
}

async function typesAfter(event: string): Promise<string[]> {
  const events = await bench.stripe.events.list({ ending_before: event, limit: 100 });
  return events.data.map(({ type }) => type).reverse();
}

async function lastEvent(): Promise<string> {
  return String((await bench.stripe.events.list({ limit: 1 })).data[0]?.id);
}

test("a renewal drafts an invoice, moves the period, finalizes an hour later and is paid", async () => {
  await bench.advance({ to: "2031-03-10T12:00:00Z" });
  const { subscription } = await subscribe(2900);
  const before = await lastEvent();
  const item = subscription.items.data[0];
  expect(iso(item?.current_period_end).slice(0, 16)).toBe("2031-04-10T12:00");

  await bench.advance({ to: iso(item?.current_period_end) });
  const renewed = await bench.stripe.subscriptions.retrieve(subscription.id, { expand: ["latest_invoice"] });
  const draft = renewed.latest_invoice as Stripe.Invoice;
  expect(draft).toMatchObject({
    status: "draft",
    billing_reason: "subscription_cycle",
    period_start: item?.current_period_start,
    period_end: item?.current_period_end,
    automatically_finalizes_at: (item?.current_period_end ?? 0) + 3600,
    auto_advance: true,
    amount_due: 2900,
  });
  expect(renewed.items.data[0]?.current_period_start).toBe(item?.current_period_end);
  expect(iso(renewed.items.data[0]?.current_period_end).slice(0, 16)).toBe("2031-05-10T12:00");
  expect(await typesAfter(before)).toEqual(["invoice.created", "customer.subscription.updated"]);

  const middle = await lastEvent();
  await bench.advance({ by: "1h" });
  expect(await bench.stripe.invoices.retrieve(draft.id)).toMatchObject({ status: "paid", amount_paid: 2900 });
  expect(await typesAfter(middle)).toEqual([
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
  ]);
});

test("the update event of a renewal names what was before", async () => {
  const { subscription } = await subscribe(2900);
  await bench.advance({ by: "1 month" });
  const [event] = (await bench.stripe.events.list({ type: "customer.subscription.updated" })).data;
  if (event?.type !== "customer.subscription.updated") throw new Error("no update");
  const previous = event.data.previous_attributes as unknown as {
    latest_invoice: string;
    items: { data: Array<{ current_period_end: number }> };
  };
  expect(Object.keys(previous).sort()).toEqual(["items", "latest_invoice"]);
  expect(previous.latest_invoice).toBe(subscription.latest_invoice);
  expect(previous.items.data[0]?.current_period_end).toBe(subscription.items.data[0]?.current_period_end);
});

test("an overage line is put on the renewal draft, exact and rounded once, and is part of what is paid", async () => {
  const { customer, subscription } = await subscribe(2900);
  await bench.advance({ by: "1 month" });
  const { latest_invoice } = await bench.stripe.subscriptions.retrieve(subscription.id);
  const item = await bench.stripe.invoiceItems.create({
    customer: customer.id,
    invoice: String(latest_invoice),
    unit_amount_decimal: Stripe.Decimal.from("2.5"),
    quantity_decimal: Stripe.Decimal.from("37"),
    description: "37 jobs above the included 100",
    metadata: { headroom_overage: "ovr_1" },
  });
  // 37 × 2.5 cents = 92.5 cents, rounded half up once: 93.
  expect(item).toMatchObject({ amount: 93, quantity: 37 });
  expect(String(item.pricing?.unit_amount_decimal)).toBe("2.5");
  const draft = await bench.stripe.invoices.retrieve(String(latest_invoice));
  expect(draft).toMatchObject({ status: "draft", total: 2993, amount_due: 2993 });
  expect(draft.lines.data.map(({ amount }) => amount)).toEqual([93, 2900]);
  expect(draft.lines.data[0]?.parent).toMatchObject({
    type: "invoice_item_details",
    invoice_item_details: { invoice_item: item.id, proration: false, subscription: subscription.id },
  });
  await bench.advance({ by: "1h" });
  expect(await bench.stripe.invoices.retrieve(String(latest_invoice))).toMatchObject({
    status: "paid",
    amount_paid: 2993,
  });
  await expect(bench.stripe.invoiceItems.update(item.id, { quantity: 1 })).rejects.toMatchObject({
    code: "invoice_not_editable",
  });
});

test("a draft can be moved out before it finalizes", async () => {
  const { subscription } = await subscribe(2900);
  const end = subscription.items.data[0]?.current_period_end ?? 0;
  await bench.advance({ to: iso(end) });
  const id = String((await bench.stripe.subscriptions.retrieve(subscription.id)).latest_invoice);
  await bench.stripe.invoices.update(id, { automatically_finalizes_at: end + 6 * 3600 });
  await bench.advance({ by: "5h" });
  expect((await bench.stripe.invoices.retrieve(id)).status).toBe("draft");
  await bench.advance({ by: "1h" });
  expect((await bench.stripe.invoices.retrieve(id)).status).toBe("paid");
});

test("an anchor on 31 January is kept: 28 February, 31 March, 30 April", async () => {
  await bench.advance({ to: "2031-01-31T09:30:00Z" });
  const { subscription } = await subscribe(1000);
  const ends: string[] = [];
  for (let month = 0; month < 4; month += 1) {
    const { items } = await bench.stripe.subscriptions.retrieve(subscription.id);
    const end = items.data[0]?.current_period_end;
    ends.push(iso(end).slice(0, 10));
    await bench.advance({ to: iso(end) });
  }
  expect(ends).toEqual(["2031-02-28", "2031-03-31", "2031-04-30", "2031-05-31"]);
});

test("one advance over three months renews three times, in order", async () => {
  const { subscription } = await subscribe(1000);
  const { steps } = await bench.advance({ by: "P3MT2H" });
  const renewals = steps.filter(({ what }) => what.startsWith("subscription renews"));
  expect(renewals).toHaveLength(3);
  expect(steps.map(({ at }) => at)).toEqual(steps.map(({ at }) => at).sort());
  const invoices = await bench.stripe.invoices.list({ subscription: subscription.id });
  expect(invoices.data.map(({ status }) => status)).toEqual(["paid", "paid", "paid", "paid"]);
});

test("cancelling at period end keeps it active until then and makes no further invoice", async () => {
  const { subscription } = await subscribe(2900);
  const planned = await bench.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
  const end = subscription.items.data[0]?.current_period_end;
  expect(planned).toMatchObject({ status: "active", cancel_at_period_end: true, cancel_at: end });
  const resumed = await bench.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false });
  expect(resumed).toMatchObject({ cancel_at_period_end: false, cancel_at: null, canceled_at: null });
  await bench.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
  const before = await lastEvent();
  await bench.advance({ by: "1 month" });
  const ended = await bench.stripe.subscriptions.retrieve(subscription.id);
  expect(ended).toMatchObject({
    status: "canceled",
    ended_at: end,
    latest_invoice: subscription.latest_invoice,
  });
  expect(await typesAfter(before)).toEqual(["customer.subscription.deleted"]);
  expect((await bench.stripe.subscriptions.list({ customer: String(subscription.customer) })).data).toEqual(
    [],
  );
  const all = await bench.stripe.subscriptions.list({
    customer: String(subscription.customer),
    status: "all",
  });
  expect(all.data.map(({ id }) => id)).toEqual([subscription.id]);
});

test("a customer deleted while a draft waits keeps the clock from nothing", async () => {
  const customer = await payingCustomer(bench.stripe);
  const price = await monthly(bench.stripe, 100);
  const wish = { customer: customer.id, items: [{ price: price.id }] };
  const { items } = await bench.stripe.subscriptions.create(wish);
  await bench.advance({ to: iso(items.data[0]?.current_period_end) });
  const [draft] = (await bench.stripe.invoices.list({ customer: customer.id, status: "draft" })).data;
  await bench.stripe.customers.del(customer.id);
  await bench.advance({ by: "1 day" });
  expect(await bench.stripe.invoices.retrieve(draft?.id ?? "")).toMatchObject({
    status: "draft",
    auto_advance: false,
    automatically_finalizes_at: null,
  });
});

test("cancelling now ends it now, and it cannot be changed any more", async () => {
  const { subscription } = await subscribe(2900);
  const ended = await bench.stripe.subscriptions.cancel(subscription.id, {
    cancellation_details: { comment: "bye", feedback: "unused" },
  });
  expect(ended).toMatchObject({
    status: "canceled",
    cancellation_details: { reason: "cancellation_requested", comment: "bye", feedback: "unused" },
  });
  expect(ended.ended_at).toBe(ended.canceled_at);
  const change = bench.stripe.subscriptions.update(subscription.id, { metadata: { a: "1" } });
  await expect(change).rejects.toMatchObject({ code: "resource_missing" });
});

test("an invoice of our own for a live subscription carries only what is put on it", async () => {
  const { customer, subscription } = await subscribe(2900);
  const invoice = await bench.stripe.invoices.create({
    customer: customer.id,
    subscription: subscription.id,
    auto_advance: true,
    pending_invoice_items_behavior: "exclude",
    metadata: { headroom_ledger: "1" },
  });
  expect(invoice).toMatchObject({ status: "draft", billing_reason: "manual", total: 0 });
  await bench.stripe.invoiceItems.create({ customer: customer.id, invoice: invoice.id, amount: 500 });
  await bench.advance({ by: "1h" });
  expect(await bench.stripe.invoices.retrieve(invoice.id)).toMatchObject({
    status: "paid",
    amount_paid: 500,
  });
  await bench.stripe.subscriptions.cancel(subscription.id);
  const late = bench.stripe.invoices.create({ customer: customer.id, subscription: subscription.id });
  await expect(late).rejects.toMatchObject({ statusCode: 400 });
});

test("a trial is free, announced three days before its end, and becomes active with an invoice", async () => {
  await bench.advance({ to: "2031-06-01T00:00:00Z" });
  const { subscription } = await subscribe(2900, { trial_period_days: 14 });
  expect(subscription.status).toBe("trialing");
  const end = subscription.trial_end ?? 0;
  expect(end - subscription.created).toBe(14 * 86_400);
  const first = await bench.stripe.invoices.retrieve(String(subscription.latest_invoice));
  expect(first).toMatchObject({ status: "paid", total: 0 });
  const before = await lastEvent();
  const { steps } = await bench.advance({ to: iso(end) });
  expect(steps[0]).toEqual({
    at: iso(end - 3 * 86_400).replace(/\.\d+Z/, ".000Z"),
    what: `trial ends soon: ${subscription.id}`,
  });
  const active = await bench.stripe.subscriptions.retrieve(subscription.id);
  expect(active.status).toBe("active");
  expect(active.billing_cycle_anchor).toBe(end);
  expect(await typesAfter(before)).toEqual([
    "customer.subscription.trial_will_end",
    "invoice.created",
    "customer.subscription.updated",
  ]);
  await bench.advance({ by: "1h" });
  expect(await bench.stripe.invoices.retrieve(String(active.latest_invoice))).toMatchObject({
    amount_paid: 2900,
  });
  expect(seconds(iso(active.items.data[0]?.current_period_end))).toBeGreaterThan(end + 27 * 86_400);
});
