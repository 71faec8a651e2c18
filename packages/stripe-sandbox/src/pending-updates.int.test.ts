import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openScene, type Scene } from "./testing/golden/scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await openScene("2031-04-01T00:00:00Z");
});
afterEach(() => scene.close());

const pending = { payment_behavior: "pending_if_incomplete", proration_behavior: "always_invoice" } as const;
const at = (text: string) => Date.parse(text) / 1000;

/** A subscription on a price of 30, a third into its month, whose card no longer pays. */
async function declining(instant = "2031-04-11T00:00:00Z") {
  const customer = await scene.customer();
  const [small, big] = [await scene.price("Small", 3000), await scene.price("Big", 9000)];
  const started = await scene.subscribe(customer, [[small, 1]]);
  await scene.at(instant);
  await scene.card(customer, "pm_card_chargeCustomerFail");
  return { customer, small, big, started };
}

const read = (id: string) => scene.stripe.subscriptions.retrieve(id, { expand: ["latest_invoice"] });
const priceOf = ({ items }: Stripe.Subscription) => items.data[0]?.price.id;

async function types(): Promise<string[]> {
  const { data } = await scene.stripe.events.list({ limit: 100 });
  return data.map(({ type }) => type as string);
}

test("a declined update leaves the items as they were and says what waits", async () => {
  const { small, big, started } = await declining();
  const after = await scene.change(started, { price: big, quantity: 2 }, pending);
  expect(after).toMatchObject({ status: "active", items: { data: [{ price: { id: small }, quantity: 1 }] } });
  expect(after.pending_update).toMatchObject({
    expires_at: at("2031-04-11T23:00:00Z"),
    subscription_items: [{ id: started.items.data[0]?.id, price: { id: big }, quantity: 2 }],
    billing_cycle_anchor: null,
    trial_end: null,
  });
  // 2 × 9000 × 20/30 − 3000 × 20/30
  const invoice = (await read(started.id)).latest_invoice;
  expect(invoice).toMatchObject({
    status: "open",
    total: 10_000,
    attempt_count: 1,
    next_payment_attempt: null,
  });
});

test("paid, it is applied and announced; the next change credits what was paid for", async () => {
  const { customer, big, small, started } = await declining();
  const waiting = await scene.change(started, { price: big, quantity: 2 }, pending);
  await scene.card(customer, "pm_card_visa");
  await scene.stripe.invoices.pay(String(waiting.latest_invoice));
  const applied = await read(started.id);
  expect(applied).toMatchObject({
    status: "active",
    pending_update: null,
    items: { data: [{ price: { id: big }, quantity: 2 }] },
  });
  const [last, before] = await types();
  expect([before, last]).toEqual([
    "customer.subscription.updated",
    "customer.subscription.pending_update_applied",
  ]);
  await scene.at("2031-04-21T00:00:00Z");
  await scene.change(started, { price: small, quantity: 1 }, { proration_behavior: "always_invoice" });
  // A third of the month is left: 1000 for the small price, −6000 for the big one.
  expect((await read(started.id)).latest_invoice).toMatchObject({ total: -5000 });
});

test("a payment that fails again changes nothing, and after 23 hours it expires", async () => {
  const { small, big, started } = await declining();
  const waiting = await scene.change(started, { price: big }, pending);
  await expect(scene.stripe.invoices.pay(String(waiting.latest_invoice))).rejects.toMatchObject({
    statusCode: 402,
  });
  expect((await read(started.id)).pending_update?.expires_at).toBe(waiting.pending_update?.expires_at);
  await scene.at("2031-04-11T23:00:00Z");
  const after = await read(started.id);
  expect(after).toMatchObject({ status: "active", pending_update: null, latest_invoice: { status: "void" } });
  expect(priceOf(after)).toBe(small);
  expect((await types()).slice(0, 3).reverse()).toEqual([
    "invoice.voided",
    "customer.subscription.updated",
    "customer.subscription.pending_update_expired",
  ]);
  await expect(scene.stripe.invoices.pay(String(waiting.latest_invoice))).rejects.toMatchObject({
    statusCode: 400,
  });
});

test("what expired leaves the credits of what is there", async () => {
  const { customer, big, started } = await declining();
  await scene.change(started, { price: big }, pending);
  await scene.at("2031-04-21T00:00:00Z");
  await scene.card(customer, "pm_card_visa");
  await scene.change(started, { price: big }, { proration_behavior: "always_invoice" });
  // −3000 × 10/30 + 9000 × 10/30
  expect((await read(started.id)).latest_invoice).toMatchObject({ total: 2000, status: "paid" });
});

test("the invoice that a change waits for does not hold back a subscription that pays its renewal", async () => {
  const { started, big } = await declining();
  await scene.at("2031-05-01T02:00:00Z");
  const renewal = (await read(started.id)).latest_invoice as Stripe.Invoice;
  expect((await read(started.id)).status).toBe("past_due");
  const waiting = await scene.change(started, { price: big }, pending);
  expect(waiting.pending_update).not.toBeNull();
  await scene.stripe.invoices.pay(String(renewal.id), { payment_method: "pm_card_visa" });
  const paid = await read(started.id);
  expect(paid.status).toBe("active");
  expect(paid.pending_update).not.toBeNull();
});

test("it expires with the period when that ends before, and the renewal bills the old price", async () => {
  const { started, big } = await declining("2031-04-30T12:00:00Z");
  const waiting = await scene.change(started, { price: big }, pending);
  expect(waiting.pending_update?.expires_at).toBe(at("2031-05-01T00:00:00Z"));
  await scene.at("2031-05-01T00:00:00Z");
  expect(await read(started.id)).toMatchObject({
    pending_update: null,
    latest_invoice: { status: "draft", total: 3000, billing_reason: "subscription_cycle" },
  });
});

test("with a card that pays it is an update like any other", async () => {
  const customer = await scene.customer();
  const [small, big] = [await scene.price("Small", 3000), await scene.price("Big", 9000)];
  const started = await scene.subscribe(customer, [[small, 1]]);
  const after = await scene.change(started, { price: big }, pending);
  expect(after.pending_update).toBeNull();
  expect(priceOf(after)).toBe(big);
  expect(await types()).not.toContain("customer.subscription.pending_update_applied");
});

test("without an invoice at once it is not pending", async () => {
  const { started, big } = await declining();
  const after = await scene.change(started, { price: big }, { payment_behavior: "pending_if_incomplete" });
  expect(after.pending_update).toBeNull();
  expect(priceOf(after)).toBe(big);
});

test("an item that is added waits too, and another update or the void of its invoice ends the wait", async () => {
  const { started, big, small } = await declining();
  const added = await scene.stripe.subscriptionItems.create({
    subscription: started.id,
    price: big,
    ...pending,
  });
  expect(added.price.id).toBe(big);
  expect((await read(started.id)).items.data).toHaveLength(1);
  const again = await scene.change(started, { quantity: 5 }, pending);
  expect(again.pending_update?.subscription_items).toMatchObject([{ price: { id: small }, quantity: 5 }]);
  expect((await types()).filter((type) => type === "invoice.voided")).toHaveLength(1);
  await scene.stripe.invoices.voidInvoice(String(again.latest_invoice));
  expect((await read(started.id)).pending_update).toBeNull();
});

test("ending or pausing the subscription voids the waiting invoice", async () => {
  const { started, big } = await declining();
  const waiting = await scene.change(started, { price: big }, pending);
  const paused = await scene.stripe.subscriptions.pause(started.id);
  expect(paused).toMatchObject({ status: "paused", pending_update: null });
  expect((await scene.stripe.invoices.retrieve(String(waiting.latest_invoice))).status).toBe("void");
  const other = await declining("2031-04-12T00:00:00Z");
  const held = await scene.change(other.started, { price: other.big }, pending);
  const ended = await scene.stripe.subscriptions.cancel(other.started.id);
  expect(ended).toMatchObject({ status: "canceled", pending_update: null });
  expect((await scene.stripe.invoices.retrieve(String(held.latest_invoice))).status).toBe("void");
});

test("what cannot wait is refused beside it, and changes nothing", async () => {
  const { started, big } = await declining();
  const item = { id: String(started.items.data[0]?.id), price: big };
  const update = (more: Stripe.SubscriptionUpdateParams) =>
    scene.stripe.subscriptions.update(started.id, { items: [item], ...pending, ...more });
  for (const [param, more] of [
    ["metadata", { metadata: { a: "1" } }],
    ["description", { description: "more" }],
    ["cancel_at_period_end", { cancel_at_period_end: true }],
    ["default_payment_method", { default_payment_method: "pm_card_visa" }],
    ["metadata", { items: [{ ...item, metadata: { a: "1" } }] }],
  ] satisfies [string, Stripe.SubscriptionUpdateParams][]) {
    await expect(update(more)).rejects.toMatchObject({ statusCode: 400, param });
  }
  const metadata = scene.stripe.subscriptionItems.update(item.id, { ...pending, metadata: { a: "1" } });
  await expect(metadata).rejects.toMatchObject({ statusCode: 400, param: "metadata" });
  const created = scene.subscribe(String(started.customer), [[big, 1]], pending);
  await expect(created).rejects.toMatchObject({ statusCode: 400, param: "payment_behavior" });
  const sent = { collection_method: "send_invoice" as const, days_until_due: 3 };
  await scene.stripe.subscriptions.update(started.id, sent);
  await expect(update({})).rejects.toMatchObject({ statusCode: 400, param: "payment_behavior" });
  expect((await read(started.id)).pending_update).toBeNull();
});
