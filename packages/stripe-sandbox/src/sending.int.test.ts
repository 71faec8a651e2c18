import { afterEach, beforeEach, expect, test } from "vitest";
import { openScene, type Scene } from "./testing/golden/scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await openScene("2031-04-01T00:00:00Z");
});
afterEach(() => scene.close());

const seconds = (instant: string): number => Date.parse(instant) / 1000;

async function declining() {
  const customer = await scene.customer();
  const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
  await scene.card(customer, "pm_card_chargeCustomerFail");
  return { customer, started };
}

test("an invoice of our own is finalized by sending it, and overdue after its date", async () => {
  const { stripe } = scene;
  const customer = await scene.customer();
  const draft = await stripe.invoices.create({
    customer,
    currency: "usd",
    collection_method: "send_invoice",
    due_date: seconds("2031-04-10T00:00:00Z"),
    pending_invoice_items_behavior: "exclude",
  });
  await stripe.invoiceItems.create({ customer, invoice: draft.id, amount: 700 });
  const sent = await stripe.invoices.sendInvoice(draft.id);
  expect(sent).toMatchObject({ status: "open", due_date: seconds("2031-04-10T00:00:00Z"), attempt_count: 0 });
  await scene.at("2031-04-10T00:00:00Z");
  const types = (await stripe.events.list({ limit: 3 })).data.map(({ type }) => type);
  expect(types).toEqual(["invoice.overdue", "invoice.sent", "invoice.finalized"]);
  expect(await stripe.invoices.pay(draft.id)).toMatchObject({ status: "paid", amount_paid: 700 });
});

test("days and dates to pay belong to invoices that are sent", async () => {
  const customer = await scene.customer();
  const charged = scene.stripe.invoices.create({ customer, days_until_due: 3 });
  await expect(charged).rejects.toMatchObject({ param: "due_date" });
  const pro = await scene.price("Pro", 2900);
  const wrong = scene.subscribe(customer, [[pro, 1]], { days_until_due: 3 });
  await expect(wrong).rejects.toMatchObject({ param: "days_until_due" });
  const missing = scene.subscribe(customer, [[pro, 1]], { collection_method: "send_invoice" });
  await expect(missing).rejects.toMatchObject({ code: "parameter_missing", param: "days_until_due" });
  const invoice = await scene.stripe.invoices.create({ customer, currency: "usd" });
  await expect(scene.stripe.invoices.sendInvoice(invoice.id)).rejects.toMatchObject({ statusCode: 400 });
});

test("a running subscription is sent its invoices from the next one on", async () => {
  const { started } = await declining();
  await scene.stripe.subscriptions.update(started.id, {
    collection_method: "send_invoice",
    days_until_due: 7,
  });
  await scene.at("2031-05-01T01:00:00Z");
  const invoice = await scene.stripe.invoices.retrieve(await scene.latestInvoice(started));
  expect(invoice).toMatchObject({
    status: "open",
    due_date: seconds("2031-05-08T00:00:00Z"),
    attempted: false,
  });
  expect(await scene.status(started)).toBe("active");
  await scene.at("2031-05-08T00:00:00Z");
  expect(await scene.status(started)).toBe("past_due");
});

test("an invoice of our own that cannot be charged makes its subscription past due until it is paid", async () => {
  const { customer, started } = await declining();
  const own = await scene.stripe.invoices.create({
    customer,
    subscription: started.id,
    auto_advance: true,
    pending_invoice_items_behavior: "exclude",
  });
  await scene.stripe.invoiceItems.create({ customer, invoice: own.id, amount: 500 });
  await scene.at("2031-04-01T01:00:00Z");
  expect(await scene.status(started)).toBe("past_due");
  await scene.stripe.invoices.pay(own.id, { payment_method: "pm_card_visa" });
  expect(await scene.status(started)).toBe("active");
});

test("only the latest invoice decides the status", async () => {
  const { customer, started } = await declining();
  await scene.at("2031-05-01T01:00:00Z");
  const renewal = await scene.latestInvoice(started);
  expect(await scene.status(started)).toBe("past_due");
  const own = await scene.stripe.invoices.create({
    customer,
    subscription: started.id,
    auto_advance: true,
    default_payment_method: "pm_card_visa",
    pending_invoice_items_behavior: "exclude",
  });
  await scene.stripe.invoiceItems.create({ customer, invoice: own.id, amount: 500 });
  await scene.at("2031-05-01T02:00:00Z");
  expect(await scene.status(started)).toBe("active");
  expect((await scene.stripe.invoices.retrieve(renewal)).status).toBe("open");
  await scene.at("2031-05-04T01:00:00Z");
  expect(await scene.stripe.invoices.retrieve(renewal)).toMatchObject({ status: "open", attempt_count: 2 });
  expect(await scene.status(started)).toBe("active");
});

test("an invoice given up makes the subscription active, and can still be paid", async () => {
  const { started } = await declining();
  await scene.at("2031-05-01T01:00:00Z");
  const id = await scene.latestInvoice(started);
  const marked = await scene.stripe.invoices.markUncollectible(id);
  expect(marked).toMatchObject({
    status: "uncollectible",
    auto_advance: false,
    status_details: { uncollectible: { reason: "user_forgiven" } },
  });
  expect(await scene.status(started)).toBe("active");
  const [event] = (await scene.stripe.events.list({ type: "invoice.marked_uncollectible" })).data;
  expect(event?.data.object).toMatchObject({ id, status: "uncollectible" });
  await scene.at("2031-05-20T00:00:00Z");
  expect((await scene.stripe.invoices.retrieve(id)).attempt_count).toBe(1);
  const paid = await scene.stripe.invoices.pay(id, { payment_method: "pm_card_visa" });
  expect(paid.status).toBe("paid");
  await expect(scene.stripe.invoices.markUncollectible(id)).rejects.toMatchObject({ statusCode: 400 });
});

test("the terms of a draft can be changed, those of an open invoice not", async () => {
  const { stripe } = scene;
  const customer = await scene.customer();
  const draft = await stripe.invoices.create({ customer, currency: "usd", auto_advance: false });
  await stripe.invoiceItems.create({ customer, invoice: draft.id, amount: 1000 });
  const rate = await stripe.taxRates.create({ display_name: "VAT", percentage: 19, inclusive: false });
  const coupon = await stripe.coupons.create({ percent_off: 10, duration: "once" });
  const terms = { default_tax_rates: [rate.id], discounts: [{ coupon: coupon.id }] };
  // 1000 − 100 = 900, 19 % = 171
  expect(await stripe.invoices.update(draft.id, terms)).toMatchObject({ total: 1071, amount_due: 1071 });
  expect(await stripe.invoices.update(draft.id, { discounts: "" })).toMatchObject({ total: 1190 });
  const moved = await stripe.invoices.update(draft.id, {
    auto_advance: true,
    automatically_finalizes_at: seconds("2031-04-02T00:00:00Z"),
    metadata: { ledger: "1" },
  });
  expect(moved).toMatchObject({ metadata: { ledger: "1" }, auto_advance: true });
  await stripe.invoices.finalizeInvoice(draft.id, { auto_advance: false });
  const late = stripe.invoices.update(draft.id, { default_tax_rates: "" });
  await expect(late).rejects.toMatchObject({ code: "invoice_not_editable" });
  expect(await stripe.invoices.update(draft.id, { metadata: { ledger: "2" } })).toMatchObject({
    metadata: { ledger: "2" },
    total: 1190,
  });
  expect(await stripe.invoices.voidInvoice(draft.id)).toMatchObject({ status: "void" });
});
