import { afterEach, beforeEach, expect, test } from "vitest";
import { openScene, type Scene } from "./testing/golden/scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await openScene("2031-04-01T00:00:00Z");
});
afterEach(() => scene.close());

async function seats(quantity: number) {
  const customer = await scene.customer();
  const price = await scene.price("Seat", 1000);
  const started = await scene.subscribe(customer, [[price, quantity]]);
  return { customer, price, started };
}

test("an archived price cannot be added, an item that is on it can still change its quantity", async () => {
  const { price, started } = await seats(5);
  const other = await scene.price("Other", 500);
  for (const id of [price, other]) await scene.stripe.prices.update(id, { active: false });
  const added = scene.stripe.subscriptionItems.create({ subscription: started.id, price: other });
  await expect(added).rejects.toMatchObject({ statusCode: 400, param: "items[price]" });
  await expect(scene.change(started, { price: other, quantity: 1 })).rejects.toMatchObject({
    statusCode: 400,
  });
  const more = await scene.change(started, { quantity: 6 });
  expect(more.items.data[0]?.quantity).toBe(6);
  const named = await scene.change(started, { price, quantity: 7 });
  expect(named.items.data[0]?.quantity).toBe(7);
});

test("a quantity of 0 credits all that is left and stays an item of its own", async () => {
  const { customer, started } = await seats(5);
  await scene.at("2031-04-16T00:00:00Z");
  const none = await scene.change(started, { quantity: 0 });
  expect(none.items.data[0]?.quantity).toBe(0);
  const pending = await scene.stripe.invoiceItems.list({ customer, pending: true });
  // 5000 × 15/30
  expect(pending.data.map(({ amount }) => amount)).toEqual([-2500]);
  await scene.at("2031-05-01T00:00:00Z");
  const draft = await scene.stripe.invoices.retrieve(await scene.latestInvoice(started));
  expect(draft.lines.data.map(({ amount, quantity }) => [amount, quantity])).toEqual([
    [-2500, 5],
    [0, 0],
  ]);
});

test("a credit names the invoice line it credits", async () => {
  const { customer, started } = await seats(5);
  const first = await scene.stripe.invoices.retrieve(String(started.latest_invoice));
  await scene.at("2031-04-16T00:00:00Z");
  await scene.change(started, { quantity: 3 }, { proration_behavior: "always_invoice" });
  const [invoice] = (await scene.stripe.invoices.list({ customer })).data;
  expect(invoice?.lines.data[0]?.parent?.invoice_item_details?.proration_details?.credited_items).toEqual({
    invoice: first.id,
    invoice_line_items: [first.lines.data[0]?.id],
  });
});

test("payment_behavior decides what an unpaid change at once becomes", async () => {
  const { customer, started } = await seats(5);
  await scene.card(customer, "pm_card_chargeCustomerFail");
  await scene.at("2031-04-16T00:00:00Z");
  const update = (payment_behavior: "allow_incomplete" | "error_if_incomplete" | "default_incomplete") =>
    scene.change(started, { quantity: 8 }, { proration_behavior: "always_invoice", payment_behavior });
  await expect(update("error_if_incomplete")).rejects.toMatchObject({
    statusCode: 402,
    code: "card_declined",
  });
  const kept = await scene.stripe.subscriptions.retrieve(started.id);
  expect(kept).toMatchObject({ status: "active", items: { data: [{ quantity: 5 }] } });

  const waiting = await update("default_incomplete");
  expect(waiting).toMatchObject({ status: "past_due", items: { data: [{ quantity: 8 }] } });
  const invoice = await scene.stripe.invoices.retrieve(String(waiting.latest_invoice));
  expect(invoice).toMatchObject({ status: "open", attempted: false, attempt_count: 0, total: 1500 });
  await scene.card(customer, "pm_card_visa");
  await scene.stripe.invoices.pay(invoice.id);
  expect(await scene.status(started)).toBe("active");
});

test("an unpaid change at once makes it past due where that is allowed", async () => {
  const { customer, started } = await seats(5);
  await scene.card(customer, "pm_card_chargeCustomerFail");
  await scene.at("2031-04-16T00:00:00Z");
  const late = await scene.change(started, { quantity: 8 }, { proration_behavior: "always_invoice" });
  expect(late.status).toBe("past_due");
});

test.each([
  ["an end within the period, prorated", { cancel_at: Date.parse("2031-04-20T00:00:00Z") / 1000 }],
  ["max_billed_until", { cancel_at: "max_billed_until" }],
] as const)("%s is said to be not done", async (_, params) => {
  const { started } = await seats(1);
  const refused = scene.stripe.subscriptions.update(started.id, params);
  await expect(refused).rejects.toMatchObject({ code: "sandbox_unsupported", statusCode: 400 });
});

test("a start with an end within its first period says so, too", async () => {
  const customer = await scene.customer();
  const price = await scene.price("Seat", 1000);
  const cancel_at = Date.parse("2031-04-20T00:00:00Z") / 1000;
  const refused = scene.subscribe(customer, [[price, 1]], { cancel_at });
  await expect(refused).rejects.toMatchObject({ code: "sandbox_unsupported", param: "cancel_at" });
  const ending = await scene.subscribe(customer, [[price, 1]], { cancel_at, proration_behavior: "none" });
  expect(ending.cancel_at).toBe(cancel_at);
});

test("an end within the period without prorations ends it then", async () => {
  const { started } = await seats(1);
  const at = Date.parse("2031-04-20T00:00:00Z") / 1000;
  await scene.stripe.subscriptions.update(started.id, { cancel_at: at, proration_behavior: "none" });
  await scene.at("2031-04-20T00:00:00Z");
  expect(await scene.stripe.subscriptions.retrieve(started.id)).toMatchObject({
    status: "canceled",
    ended_at: at,
  });
});

test("prorations cannot count from outside the current period", async () => {
  const { started } = await seats(1);
  const proration_date = Date.parse("2031-03-01T00:00:00Z") / 1000;
  const refused = { statusCode: 400, param: "proration_date" };
  await expect(scene.change(started, { quantity: 2 }, { proration_date })).rejects.toMatchObject(refused);
  const item = String(started.items.data[0]?.id);
  const preview = scene.stripe.invoices.createPreview({
    subscription: started.id,
    subscription_details: { items: [{ id: item, quantity: 2 }], proration_date },
  });
  await expect(preview).rejects.toMatchObject(refused);
});
