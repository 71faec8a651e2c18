import Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { monthly, openWorkbench, payingCustomer, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
let stripe: Stripe;
beforeAll(async () => {
  bench = await openWorkbench({ webhookUrl: undefined, stillAt: new Date("2026-01-10T12:00:00Z") });
  stripe = bench.stripe;
});
afterAll(() => bench.close());

let count = 0;
async function metered(options: Partial<Stripe.Billing.MeterCreateParams> = {}, unit = "2.5") {
  const eventName = `event_${++count}`;
  const meter = await stripe.billing.meters.create({
    display_name: eventName,
    event_name: eventName,
    default_aggregation: { formula: "sum" },
    ...options,
  });
  const base = await monthly(stripe, 2900, "Plan");
  const price = await stripe.prices.create({
    product: String(base.product),
    currency: "usd",
    unit_amount_decimal: Stripe.Decimal.from(unit),
    recurring: { interval: "month", usage_type: "metered", meter: meter.id },
  });
  const customer = (await payingCustomer(stripe)).id;
  const items = [{ price: base.id }, { price: price.id }];
  const subscription = await stripe.subscriptions.create({ customer, items });
  const used = (value: string | number, more: Partial<Stripe.Billing.MeterEventCreateParams> = {}) =>
    stripe.billing.meterEvents.create({
      event_name: eventName,
      payload: { stripe_customer_id: customer, value: String(value) },
      ...more,
    });
  return { meter, base, price, customer, subscription, used, eventName };
}

const now = async (): Promise<number> => Math.floor((await bench.now()).getTime() / 1000);

async function total(meter: string, customer: string): Promise<number> {
  const end = Math.ceil((await now()) / 60) * 60 + 60;
  const range = { customer, start_time: end - 86_400 * 30, end_time: end };
  const { data } = await stripe.billing.meters.listEventSummaries(meter, range);
  return data[0]?.aggregated_value ?? 0;
}

test("usage is on the cycle's invoice, with what arrived for its period until it was finalized", async () => {
  const { customer, subscription, used, price } = await metered();
  const first = await stripe.invoices.retrieve(String(subscription.latest_invoice));
  expect(first.lines.data.map(({ amount, quantity }) => [amount, quantity])).toEqual([
    [2900, 1],
    [0, 0],
  ]);
  expect(subscription.items.data[1]).not.toHaveProperty("quantity");
  const end = Number(subscription.items.data[0]?.current_period_end);
  await used(7);
  await bench.advance({ to: new Date(end * 1000).toISOString() });
  const [draft] = (await stripe.invoices.list({ customer, status: "draft" })).data;
  const lines = (invoice: Stripe.Invoice | undefined) =>
    invoice?.lines.data.map(({ amount, quantity, period }) => [amount, quantity, period.end]);
  expect(lines(draft)).toEqual([
    [18, 7, end],
    [
      2900,
      1,
      Number((await stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.current_period_end),
    ],
  ]);
  await used(4, { timestamp: end - 1 });
  await used(100, { timestamp: end });
  await bench.advance({ by: "1h" });
  const paid = await stripe.invoices.retrieve(String(draft?.id));
  expect(paid).toMatchObject({ status: "paid", total: 2928, amount_paid: 2928 });
  expect(paid.lines.data[0]).toMatchObject({ quantity: 11, amount: 28, description: "11 × Plan" });
  expect(paid.lines.data[0]?.pricing?.price_details?.price).toBe(price.id);
});

test("cancelling now with invoice_now bills the usage so far; without it nothing is billed", async () => {
  const [one, other] = [await metered(), await metered()];
  for (const { used } of [one, other]) await used(9);
  await bench.advance({ by: "1h" });
  await stripe.subscriptions.cancel(one.subscription.id, { invoice_now: true });
  await stripe.subscriptions.cancel(other.subscription.id);
  const totals = async (customer: string) =>
    (await stripe.invoices.list({ customer })).data.map((invoice) => invoice.total);
  expect(await totals(one.customer)).toEqual([23, 2900]);
  expect(await totals(other.customer)).toEqual([2900]);
});

test("an identifier is unique for a day, and a later event of the same name counts again", async () => {
  const { meter, customer, used } = await metered();
  await used(5, { identifier: "same" });
  await expect(used(5, { identifier: "same" })).rejects.toMatchObject({
    statusCode: 400,
    type: "StripeInvalidRequestError",
    message: expect.stringContaining("already exists with identifier same"),
    headers: { "stripe-should-retry": "false" },
  });
  await bench.advance({ by: "25h" });
  expect(await total(meter.id, customer)).toBe(5);
  await used(5, { identifier: "same" });
  await bench.advance({ by: "1m" });
  expect(await total(meter.id, customer)).toBe(10);
});

test("timestamps reach 35 days back and 5 minutes ahead; values are decimals of at most 15 digits", async () => {
  const { used } = await metered();
  const at = await now();
  await used(1, { timestamp: at - 35 * 86_400 });
  await used(1, { timestamp: at + 300 });
  const code = async (call: Promise<unknown>) =>
    call.then(
      () => "taken",
      (error) => error.code,
    );
  expect(await code(used(1, { timestamp: at - 35 * 86_400 - 1 }))).toBe("timestamp_too_far_in_past");
  expect(await code(used(1, { timestamp: at + 301 }))).toBe("timestamp_in_future");
  expect(await code(used("ten"))).toBe("meter_event_invalid_value");
  expect(await code(used("1234567890123456"))).toBe("meter_event_value_too_many_digits");
  expect(await code(used("-2.5"))).toBe("taken");
});

test("what was sent shows in summaries after a delay, and not while it is held back", async () => {
  const { meter, customer, used } = await metered();
  await bench.control("/_sandbox/meters", { delaySeconds: 600 });
  await used(3);
  await bench.advance({ by: "9m" });
  expect(await total(meter.id, customer)).toBe(0);
  await bench.advance({ by: "1m" });
  expect(await total(meter.id, customer)).toBe(3);
  await bench.control("/_sandbox/meters", { delaySeconds: 1, held: true });
  await used(4);
  await bench.advance({ by: "1h" });
  expect(await total(meter.id, customer)).toBe(3);
  expect((await bench.control("/_sandbox/meters", { held: false })).body).toEqual({
    delaySeconds: 1,
    held: false,
  });
  await bench.advance({ by: "1m" });
  expect(await total(meter.id, customer)).toBe(7);
  expect((await bench.control("/_sandbox/meters", { delaySeconds: -1 })).status).toBe(400);
});

test("count and last, windows of pre-aggregated events, and summaries by hour", async () => {
  const counted = await metered({ default_aggregation: { formula: "count" } });
  const last = await metered({ default_aggregation: { formula: "last" } });
  const hourly = await metered({ event_time_window: "hour" });
  const start = Math.ceil((await now()) / 3600) * 3600;
  await bench.advance({ to: new Date((start + 7200) * 1000).toISOString() });
  for (const { used } of [counted, last, hourly]) {
    await used(5, { timestamp: start + 60 });
    await used(8, { timestamp: start + 120 });
    await used(3, { timestamp: start + 3600 });
  }
  await bench.advance({ by: "1h" });
  const byHour = async ({ meter, customer }: { meter: { id: string }; customer: string }) => {
    const range = { customer, start_time: start, end_time: start + 7200 };
    const whole = await stripe.billing.meters.listEventSummaries(meter.id, range);
    const hours = await stripe.billing.meters.listEventSummaries(meter.id, {
      ...range,
      value_grouping_window: "hour",
    });
    return [...whole.data, ...hours.data].map(({ aggregated_value }) => aggregated_value);
  };
  expect(await byHour(counted)).toEqual([3, 1, 2]);
  expect(await byHour(last)).toEqual([3, 3, 8]);
  expect(await byHour(hourly)).toEqual([11, 3, 8]);
  const crooked = { customer: last.customer, start_time: start + 60, end_time: start + 7200 };
  await expect(
    stripe.billing.meters.listEventSummaries(last.meter.id, { ...crooked, value_grouping_window: "hour" }),
  ).rejects.toMatchObject({ param: "start_time" });
});

test("an adjustment takes an event back within a day of its receipt", async () => {
  const { meter, customer, used, eventName } = await metered();
  await used(5, { identifier: "fresh" });
  await used(6, { identifier: "stale" });
  const cancel = (identifier: string) =>
    stripe.billing.meterEventAdjustments.create({
      event_name: eventName,
      type: "cancel",
      cancel: { identifier },
    });
  await bench.advance({ by: "23h" });
  expect(await cancel("fresh")).toMatchObject({ status: "complete", cancel: { identifier: "fresh" } });
  await bench.advance({ by: "2h" });
  await expect(cancel("stale")).rejects.toMatchObject({ code: "resource_missing" });
  expect(await total(meter.id, customer)).toBe(6);
});

test("an event that cannot be matched is accepted, does not count, and is reported by a thin event", async () => {
  const { meter, used, eventName, customer } = await metered();
  const nobody = { payload: { stripe_customer_id: "cus_none", value: "1" } };
  for (let i = 0; i < 7; i++) await used(1, { identifier: `nobody-${i}`, ...nobody });
  await stripe.billing.meterEvents.create({
    event_name: "nothing",
    identifier: "lost",
    payload: { value: "1" },
  });
  await bench.advance({ by: "1m" });
  const reports = async (type: string) => {
    const { data } = await stripe.v2.core.events.list({ types: [type] });
    return Promise.all(data.map(({ id }) => stripe.v2.core.events.retrieve(id)));
  };
  const [report] = await reports("v1.billing.meter.error_report_triggered");
  expect(report).toMatchObject({
    object: "v2.core.event",
    related_object: { id: meter.id, type: "billing.meter", url: `/v1/billing/meters/${meter.id}` },
    data: {
      reason: { error_count: 7, error_types: [{ code: "meter_event_customer_not_found", error_count: 7 }] },
    },
  });
  const { error_types: types } = (report as Stripe.V2.Core.Events.V1BillingMeterErrorReportTriggeredEvent)
    .data.reason;
  expect(types[0]?.sample_errors.map(({ request }) => request.identifier)).toEqual(
    [0, 1, 2, 3, 4].map((i) => `nobody-${i}`),
  );
  const [unmetered] = await reports("v1.billing.meter.no_meter_found");
  expect(unmetered).toMatchObject({ data: { reason: { error_types: [{ code: "no_meter" }] } } });
  expect(unmetered).not.toHaveProperty("related_object");
  await stripe.billing.meters.deactivate(meter.id);
  await used(1, { identifier: "late" });
  await bench.advance({ by: "1m" });
  const [archived] = await reports("v1.billing.meter.error_report_triggered");
  expect(archived).toMatchObject({ data: { reason: { error_types: [{ code: "archived_meter" }] } } });
  expect(await total(meter.id, customer)).toBe(0);
  const formula = { formula: "sum" as const };
  await stripe.billing.meters.create({
    display_name: "x",
    event_name: eventName,
    default_aggregation: formula,
  });
  await expect(stripe.billing.meters.reactivate(meter.id)).rejects.toMatchObject({
    code: "resource_already_exists",
  });
});

test("a metered price needs an active meter, its item has no quantity and is not prorated", async () => {
  const { meter, price, base, subscription } = await metered();
  const recurring = { interval: "month" as const, usage_type: "metered" as const };
  const product = String(base.product);
  const make = (more: object) =>
    stripe.prices.create({ product, currency: "usd", unit_amount: 1, recurring: { ...recurring, ...more } });
  await expect(make({})).rejects.toMatchObject({ param: "recurring[meter]" });
  await expect(make({ meter: meter.id, usage_type: "licensed" })).rejects.toMatchObject({ statusCode: 400 });
  const other = await make({ meter: meter.id });
  const [, item] = subscription.items.data;
  const change = { id: String(item?.id), price: other.id };
  await expect(
    stripe.subscriptions.update(subscription.id, { items: [{ ...change, quantity: 2 }] }),
  ).rejects.toMatchObject({ param: "items[quantity]" });
  const changed = await stripe.subscriptions.update(subscription.id, { items: [change] });
  expect(changed.items.data[1]).not.toHaveProperty("quantity");
  expect(await stripe.invoiceItems.list({ customer: String(subscription.customer) })).toMatchObject({
    data: [],
  });
  expect(
    (await stripe.prices.list({ recurring: { meter: meter.id } })).data.map(({ id }) => id).sort(),
  ).toEqual([price.id, other.id].sort());
  const session = await stripe.checkout.sessions.create({
    mode: "subscription",
    line_items: [{ price: price.id }, { price: base.id, quantity: 2 }],
    success_url: "https://example.com",
  });
  expect(session.amount_total).toBe(5800);
  const { data } = await stripe.checkout.sessions.listLineItems(session.id);
  expect(data.map(({ quantity, amount_total }) => [quantity, amount_total])).toEqual([
    [null, 0],
    [2, 5800],
  ]);
});
