import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openScene, type Scene } from "./testing/golden/scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await openScene("2031-04-01T00:00:00Z");
});
afterEach(() => scene.close());

const couponIn = (params: Stripe.CouponCreateParams) => scene.stripe.coupons.create(params);

test("a promotion code is for whom and as often as it says", async () => {
  const { stripe } = scene;
  const coupon = await couponIn({ percent_off: 10, duration: "forever" });
  const promotion = { type: "coupon", coupon: coupon.id } as const;
  const [ada, bob] = [await scene.customer(), await scene.customer()];
  const code = await stripe.promotionCodes.create({
    promotion,
    code: "ADA-10",
    customer: ada,
    max_redemptions: 1,
  });
  expect(code).toMatchObject({ active: true, code: "ADA-10", promotion: { coupon: coupon.id } });
  await expect(stripe.promotionCodes.create({ promotion, code: "ada-10" })).rejects.toMatchObject({
    code: "resource_already_exists",
  });
  const pro = await scene.price("Pro", 2900);
  const discounts = [{ promotion_code: code.id }];
  await expect(scene.subscribe(bob, [[pro, 1]], { discounts })).rejects.toMatchObject({ statusCode: 400 });
  const started = await scene.subscribe(ada, [[pro, 1]], { discounts, expand: ["discounts"] });
  expect(started.discounts).toMatchObject([{ promotion_code: code.id }]);
  expect((await stripe.promotionCodes.list({ code: "ada-10" })).data).toMatchObject([
    { id: code.id, active: false, times_redeemed: 1 },
  ]);
  const later = await couponIn({ percent_off: 5, redeem_by: Date.parse("2031-04-02T00:00:00Z") / 1000 });
  const timed = await stripe.promotionCodes.create({ promotion: { type: "coupon", coupon: later.id } });
  const active = async (wanted: boolean) =>
    (await stripe.promotionCodes.list({ active: wanted })).data.map(({ id, active }) => ({ id, active }));
  expect(await active(true)).toEqual([{ id: timed.id, active: true }]);
  expect(await active(false)).toEqual([{ id: code.id, active: false }]);
  await scene.at("2031-04-02T00:00:01Z");
  expect(await active(true)).toEqual([]);
  const first = await stripe.promotionCodes.create({
    promotion,
    restrictions: { first_time_transaction: true },
  });
  const again = scene.subscribe(ada, [[pro, 1]], { discounts: [{ promotion_code: first.id }] });
  await expect(again).rejects.toMatchObject({ statusCode: 400 });
  const least = { promotion, restrictions: { minimum_amount: 100, minimum_amount_currency: "usd" } };
  await expect(stripe.promotionCodes.create(least)).rejects.toMatchObject({ code: "sandbox_unsupported" });
});

test("a checkout session shows its discount before it is paid, and takes codes only when it is set to", async () => {
  const { stripe } = scene;
  const pro = await scene.price("Pro", 2900);
  const { id: coupon } = await couponIn({ percent_off: 20, duration: "once" });
  const base: Stripe.Checkout.SessionCreateParams = {
    mode: "subscription",
    customer: await scene.customer(),
    line_items: [{ price: pro, quantity: 1 }],
    success_url: "https://app.example.com/done",
  };
  const session = await stripe.checkout.sessions.create({
    ...base,
    discounts: [{ coupon }],
    expand: ["line_items"],
  });
  expect(session).toMatchObject({
    amount_subtotal: 2900,
    amount_total: 2320,
    total_details: { amount_discount: 580 },
    line_items: { data: [{ amount_subtotal: 2900, amount_discount: 580, amount_total: 2320 }] },
    discounts: [{ coupon, promotion_code: null }],
  });
  expect((await stripe.coupons.retrieve(coupon)).times_redeemed).toBe(0);
  expect((await stripe.subscriptions.list({ customer: String(base.customer) })).data).toEqual([]);
  const typed = scene.control(`/_sandbox/checkout/${session.id}/complete`, { promotionCode: "ANY" });
  await expect(typed).rejects.toThrow("sandbox_field_not_asked");
  const both = stripe.checkout.sessions.create({
    ...base,
    discounts: [{ coupon }],
    allow_promotion_codes: true,
  });
  await expect(both).rejects.toMatchObject({ code: "parameters_exclusive" });
  const open = await stripe.checkout.sessions.create({ ...base, allow_promotion_codes: true });
  const unknown = scene.control(`/_sandbox/checkout/${open.id}/complete`, { promotionCode: "NOPE" });
  await expect(unknown).rejects.toThrow("resource_missing");
  expect((await stripe.checkout.sessions.retrieve(open.id)).status).toBe("open");
});

test("the session's page has a field for the code where the session takes one", async () => {
  const { stripe } = scene;
  const yen = await scene.price("席", 3000, { currency: "jpy" });
  const { id: coupon } = await couponIn({ amount_off: 500, currency: "jpy", duration: "once" });
  await stripe.promotionCodes.create({ promotion: { type: "coupon", coupon }, code: "HARU" });
  const open = (allow: boolean) =>
    stripe.checkout.sessions.create({
      mode: "subscription",
      customer_email: "ada@example.com",
      line_items: [{ price: yen, quantity: 1 }],
      allow_promotion_codes: allow,
      success_url: "https://app.example.com/done",
    });
  const html = async (url: string | null) => (await fetch(String(url))).text();
  expect(await html((await open(false)).url)).not.toContain("promotionCode");
  const session = await open(true);
  expect(await html(session.url)).toContain('name="promotionCode"');
  expect(await html(session.url)).toContain("3000 JPY");
  const press = (promotionCode: string) =>
    fetch(`${session.url}/pay`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ card: "pm_card_visa", promotionCode }),
    });
  expect((await press("FUYU")).status).toBe(400);
  expect((await press(" haru ")).status).toBe(303);
  expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ amount_total: 2500 });
});
