import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openScene, type Scene } from "./testing/golden/scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await openScene("2031-04-01T00:00:00Z");
});
afterEach(() => scene.close());

async function customerWith(items: number) {
  const customer = await scene.customer();
  const prices: Array<[string, number]> = [];
  for (let item = 0; item < items; item += 1) prices.push([await scene.price(`Item ${item}`, 1000), 1]);
  return { customer, started: await scene.subscribe(customer, prices) };
}

async function configured(
  features: Partial<Stripe.BillingPortal.ConfigurationCreateParams.Features>,
): Promise<string> {
  return (await scene.stripe.billingPortal.configurations.create({ features })).id;
}

async function open(customer: string, configuration?: string): Promise<Stripe.BillingPortal.Session> {
  const return_url = "https://app.example.com/billing";
  const params = { customer, return_url, ...(configuration ? { configuration } : {}) };
  return scene.stripe.billingPortal.sessions.create(params);
}

const press = (session: { id: string }, verb: string, body: object = {}) =>
  scene.control(`/_sandbox/portal/${session.id}/${verb}`, body);

test("cancelling plans the end of the period, resuming withdraws it, each with its event", async () => {
  const { customer, started } = await customerWith(2);
  const session = await open(customer);
  const end = started.items.data[0]?.current_period_end;
  expect(await press(session, "cancel")).toMatchObject({
    status: "active",
    cancel_at_period_end: true,
    cancel_at: end,
    cancellation_details: { reason: "cancellation_requested" },
  });
  await expect(press(session, "cancel")).rejects.toThrow("already ends");
  const resumed = await press(session, "resume");
  expect(resumed).toMatchObject({ cancel_at_period_end: false, cancel_at: null, canceled_at: null });
  await expect(press(session, "resume")).rejects.toThrow("nothing to withdraw");
  const [last] = (await scene.stripe.events.list({ limit: 1 })).data;
  expect(last).toMatchObject({
    type: "customer.subscription.updated",
    data: { previous_attributes: { cancel_at_period_end: true, cancel_at: end } },
  });
});

test("a configuration can end it at once, with the unused time given back", async () => {
  const { customer, started } = await customerWith(1);
  const configuration = await configured({
    subscription_cancel: { enabled: true, mode: "immediately", proration_behavior: "always_invoice" },
  });
  await scene.at("2031-04-16T00:00:00Z");
  const session = await open(customer, configuration);
  expect(await press(session, "cancel")).toMatchObject({ status: "canceled" });
  expect(await scene.stripe.customers.retrieve(customer)).toMatchObject({ balance: -500 });
  expect(await scene.status(started)).toBe("canceled");
  await expect(press(session, "resume")).rejects.toThrow("resource_missing");
});

test("a new card pays from then on, for a subscription with a card of its own too", async () => {
  const customer = await scene.customer();
  const own = await scene.stripe.paymentMethods.attach("pm_card_visa", { customer });
  const pro = await scene.price("Pro", 1000);
  const started = await scene.subscribe(customer, [[pro, 1]], { default_payment_method: own.id });
  const session = await open(customer);
  const card = await press(session, "card", { paymentMethod: "pm_card_chargeCustomerFail" });
  expect(await scene.stripe.subscriptions.retrieve(started.id)).toMatchObject({
    default_payment_method: card.id,
  });
  expect(await scene.stripe.customers.retrieve(customer)).toMatchObject({
    invoice_settings: { default_payment_method: card.id },
  });
  await scene.at("2031-05-01T01:00:00Z");
  expect(await scene.status(started)).toBe("past_due");
  await press(session, "card");
  await scene.stripe.invoices.pay(await scene.latestInvoice(started));
  expect(await scene.status(started)).toBe("active");
});

test("what a configuration switches off is refused, and so is switching a subscription", async () => {
  const { customer } = await customerWith(2);
  const session = await open(customer, await configured({ invoice_history: { enabled: true } }));
  await expect(press(session, "cancel")).rejects.toThrow("sandbox_portal_off");
  await expect(press(session, "card")).rejects.toThrow("sandbox_portal_off");
  await expect(press(session, "switch")).rejects.toThrow("several items");
  const single = await customerWith(1);
  await expect(press(await open(single.customer), "switch")).rejects.toThrow("sandbox_unsupported");
});

test("of several subscriptions one must be named, and only the customer's own", async () => {
  const { customer, started } = await customerWith(1);
  await scene.subscribe(customer, [[await scene.price("Other", 500), 1]]);
  const foreign = await customerWith(1);
  const session = await open(customer);
  await expect(press(session, "cancel")).rejects.toThrow("name one");
  const theirs = press(session, "cancel", { subscription: foreign.started.id });
  await expect(theirs).rejects.toThrow("resource_missing");
  expect(await press(session, "cancel", { subscription: started.id })).toMatchObject({
    id: started.id,
    cancel_at_period_end: true,
  });
});

test("the session's page shows what there is, with the same buttons", async () => {
  const { customer, started } = await customerWith(1);
  await scene.stripe.customers.update(customer, { name: "<b>Ada</b>" });
  const { url } = await open(customer);
  const html = async () => (await fetch(url)).text();
  const push = (verb: string, form: Record<string, string>) =>
    fetch(`${url}/${verb}`, { method: "POST", redirect: "manual", body: new URLSearchParams(form) });
  expect(await html()).toContain("Cancel subscription");
  expect(await html()).not.toContain("<b>Ada");
  const cancelled = await push("cancel", { subscription: started.id });
  expect([cancelled.status, cancelled.headers.get("location")]).toEqual([303, new URL(url).pathname]);
  expect(await html()).toContain("ends on 2031-05-01");
  expect(await html()).toContain("Keep subscription");
  const twice = await push("cancel", { subscription: started.id });
  expect(twice.status).toBe(400);
  expect(await twice.text()).toContain('role="alert"');
  expect((await push("resume", { subscription: started.id })).status).toBe(303);
  expect((await push("card", { card: "pm_card_visa" })).status).toBe(303);
  expect((await push("delete", {})).status).toBe(404);
  expect((await fetch(`${url}x`)).status).toBe(404);
});
