import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openScene, type Scene } from "./testing/golden/scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await openScene("2031-04-01T00:00:00Z");
});
afterEach(() => scene.close());

const couponIn = (params: Stripe.CouponCreateParams) => scene.stripe.coupons.create(params);

async function discountedStart(coupon: string) {
  const customer = await scene.customer();
  const pro = await scene.price("Pro", 2900);
  return { customer, started: await scene.subscribe(customer, [[pro, 1]], { discounts: [{ coupon }] }) };
}

async function types(limit: number): Promise<string[]> {
  return (await scene.stripe.events.list({ limit })).data.map(({ type }) => type).reverse();
}

test("a coupon is a percentage or an amount, counts its uses and stops at its limit", async () => {
  const both = couponIn({ percent_off: 10, amount_off: 100, currency: "usd" });
  await expect(both).rejects.toMatchObject({ code: "parameters_exclusive" });
  await expect(couponIn({ amount_off: 100 })).rejects.toMatchObject({ param: "currency" });
  await expect(couponIn({ percent_off: 101 })).rejects.toMatchObject({ param: "percent_off" });
  await expect(couponIn({ percent_off: 10, duration: "repeating" })).rejects.toMatchObject({
    param: "duration_in_months",
  });
  const coupon = await couponIn({ id: "TEN", percent_off: 10, duration: "forever", max_redemptions: 1 });
  expect(coupon).toMatchObject({ id: "TEN", valid: true, times_redeemed: 0 });
  await discountedStart("TEN");
  expect(await scene.stripe.coupons.retrieve("TEN")).toMatchObject({ valid: false, times_redeemed: 1 });
  await expect(discountedStart("TEN")).rejects.toMatchObject({ code: "coupon_expired" });
});

test("a coupon can be redeemed until its date, and its discounts go on after it", async () => {
  const { id } = await couponIn({
    percent_off: 10,
    duration: "forever",
    redeem_by: Date.parse("2031-04-10T00:00:00Z") / 1000,
  });
  const { started } = await discountedStart(id);
  await scene.at("2031-05-01T01:00:00Z");
  expect((await scene.stripe.coupons.retrieve(id)).valid).toBe(false);
  const renewal = await scene.stripe.invoices.retrieve(await scene.latestInvoice(started));
  expect(renewal).toMatchObject({ total: 2610, status: "paid" });
  await expect(discountedStart(id)).rejects.toMatchObject({ code: "coupon_expired" });
});

test("a deleted coupon gives no more discounts and takes none away", async () => {
  const { id } = await couponIn({ percent_off: 50, duration: "forever" });
  const { started } = await discountedStart(id);
  expect(await scene.stripe.coupons.del(id)).toMatchObject({ id, deleted: true });
  await scene.at("2031-05-01T00:00:00Z");
  expect((await scene.stripe.invoices.retrieve(await scene.latestInvoice(started))).total).toBe(1450);
  await expect(discountedStart(id)).rejects.toMatchObject({ code: "resource_missing" });
});

test("a discount says what it is, and one for once leaves the subscription when it is used", async () => {
  const { id } = await couponIn({ percent_off: 25, duration: "once" });
  const { customer, started } = await discountedStart(id);
  expect(started.discounts).toEqual([]);
  expect((await types(7)).filter((type) => type.startsWith("customer."))).toEqual([
    "customer.subscription.created",
    "customer.discount.created",
    "customer.discount.deleted",
  ]);
  const invoice = await scene.stripe.invoices.retrieve(String(started.latest_invoice), {
    expand: ["discounts.source.coupon"],
  });
  expect(invoice.discounts).toMatchObject([
    { object: "discount", customer, subscription: started.id, end: null, source: { coupon: { id } } },
  ]);
});

test("a discount for once waits through a free trial", async () => {
  const { id } = await couponIn({ percent_off: 25, duration: "once" });
  const customer = await scene.customer();
  const pro = await scene.price("Pro", 2900);
  const more = { discounts: [{ coupon: id }], trial_period_days: 14 };
  const started = await scene.subscribe(customer, [[pro, 1]], more);
  expect(started.discounts).toHaveLength(1);
  await scene.at("2031-04-15T01:00:00Z");
  // 2900 − 725
  expect((await scene.stripe.invoices.retrieve(await scene.latestInvoice(started))).total).toBe(2175);
});

test("discounts are replaced, kept, cleared, and end by themselves", async () => {
  const half = await couponIn({ percent_off: 50, duration: "forever" });
  const tenth = await couponIn({ percent_off: 10, duration: "repeating", duration_in_months: 1 });
  const { started } = await discountedStart(half.id);
  const update = (discounts: Stripe.SubscriptionUpdateParams["discounts"]) =>
    scene.stripe.subscriptions.update(started.id, { ...(discounts === undefined ? {} : { discounts }) });
  const [kept] = started.discounts.map(String);
  const both = await update([{ discount: String(kept) }, { coupon: tenth.id }]);
  expect(both.discounts).toHaveLength(2);
  expect(both.discounts[0]).toBe(kept);
  const preview = await scene.stripe.invoices.createPreview({ subscription: started.id });
  // The one for a month ends on 1 May: 2900 less half.
  expect(preview.total).toBe(1450);
  await scene.at("2031-05-01T00:00:00Z");
  expect((await scene.stripe.subscriptions.retrieve(started.id)).discounts).toEqual([kept]);
  expect((await update("")).discounts).toEqual([]);
  await expect(scene.stripe.subscriptions.deleteDiscount(started.id)).rejects.toMatchObject({
    statusCode: 404,
  });
  await update([{ coupon: half.id }]);
  expect(await scene.stripe.subscriptions.deleteDiscount(started.id)).toMatchObject({ deleted: true });
});

test("two discounts come off one after the other", async () => {
  const half = await couponIn({ percent_off: 50, duration: "once" });
  const five = await couponIn({ amount_off: 500, currency: "usd", duration: "once" });
  const customer = await scene.customer();
  const discounts = [{ coupon: half.id }, { coupon: five.id }];
  const started = await scene.subscribe(customer, [[await scene.price("Pro", 3000), 1]], { discounts });
  const invoice = await scene.stripe.invoices.retrieve(String(started.latest_invoice));
  // 3000 − 1500 − 500
  expect(invoice.total).toBe(1000);
  expect(invoice.total_discount_amounts?.map(({ amount }) => amount)).toEqual([1500, 500]);
});

test("a negative item is discounted only when it says so", async () => {
  const { id } = await couponIn({ percent_off: 50, duration: "forever" });
  const { customer, started } = await discountedStart(id);
  await scene.at("2031-05-01T00:00:00Z");
  const invoice = await scene.latestInvoice(started);
  const item = await scene.stripe.invoiceItems.create({ customer, invoice, amount: -500 });
  expect(item.discountable).toBe(false);
  await scene.stripe.invoiceItems.create({ customer, invoice, amount: -300, discountable: true });
  // 1450 − 500 − 150
  expect((await scene.stripe.invoices.retrieve(invoice)).total).toBe(800);
});

test("a coupon for some products leaves the others, and one in another currency is refused", async () => {
  const customer = await scene.customer();
  const pro = await scene.price("Pro", 2900);
  const seat = await scene.price("Seat", 1000);
  const { product } = await scene.stripe.prices.retrieve(seat);
  const applies_to = { products: [String(product)] };
  const coupon = await couponIn({ percent_off: 100, duration: "once", applies_to });
  const started = await scene.subscribe(
    customer,
    [
      [pro, 1],
      [seat, 3],
    ],
    { discounts: [{ coupon: coupon.id }] },
  );
  expect((await scene.stripe.invoices.retrieve(String(started.latest_invoice))).total).toBe(2900);
  const euros = await couponIn({ amount_off: 100, currency: "eur", duration: "once" });
  const wrong = scene.subscribe(customer, [[pro, 1]], { discounts: [{ coupon: euros.id }] });
  await expect(wrong).rejects.toMatchObject({ statusCode: 400, param: "discounts" });
});
