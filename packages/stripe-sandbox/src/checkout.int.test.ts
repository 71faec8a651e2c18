import { afterEach, beforeEach, expect, test } from "vitest";
import { monthly, openWorkbench, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.close());

async function openSession(bench: Workbench, amount = 2900) {
  const { stripe } = bench;
  const price = await monthly(stripe, amount);
  const customer = await stripe.customers.create({ email: "ada@example.com" });
  const session = await stripe.checkout.sessions.create({
    mode: "subscription",
    customer: customer.id,
    client_reference_id: "org_1",
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: "https://app.example.com/done?session={CHECKOUT_SESSION_ID}",
    subscription_data: { metadata: { org_id: "org_1" }, billing_mode: { type: "flexible" } },
  });
  return { price, customer, session };
}

test("a paid checkout makes an active subscription with a paid invoice and says so by webhook", async () => {
  const { stripe, receiver } = bench;
  const { session, customer, price } = await openSession(bench);
  expect(session).toMatchObject({
    status: "open",
    payment_status: "unpaid",
    amount_total: 2900,
    subscription: null,
  });

  const { status, body } = await bench.control(`/_sandbox/checkout/${session.id}/complete`, {});
  expect(status).toBe(200);
  expect(body).toMatchObject({ id: session.id, status: "complete", payment_status: "paid" });

  const [subscription] = (await stripe.subscriptions.list({ customer: customer.id })).data;
  expect(subscription).toMatchObject({
    status: "active",
    metadata: { org_id: "org_1" },
    billing_mode: { type: "flexible" },
    items: { data: [{ quantity: 1, price: { id: price.id } }] },
  });
  const invoice = await stripe.invoices.retrieve(String(subscription?.latest_invoice));
  expect(invoice).toMatchObject({ status: "paid", amount_paid: 2900, billing_reason: "subscription_create" });
  expect(invoice.parent?.subscription_details?.subscription).toBe(subscription?.id);

  await bench.advance({ by: 0 });
  expect(receiver.types().slice().sort()).toEqual(
    [
      "product.created",
      "price.created",
      "customer.created",
      "payment_method.attached",
      "checkout.session.completed",
      "customer.subscription.created",
      "invoice.created",
      "invoice.finalized",
      "invoice.paid",
      "invoice.payment_succeeded",
    ].sort(),
  );
  const order = (await stripe.events.list({ limit: 6 })).data.map(({ type }) => type).reverse();
  expect(order).toEqual([
    "checkout.session.completed",
    "customer.subscription.created",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
  ]);
});

test("the subscription is found from its session and the other way round", async () => {
  const { stripe } = bench;
  const { session } = await openSession(bench);
  await bench.control(`/_sandbox/checkout/${session.id}/complete`, {});
  const complete = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ["subscription", "line_items"],
  });
  const subscription = complete.subscription;
  if (typeof subscription !== "object" || subscription === null) throw new Error("not expanded");
  expect(subscription.status).toBe("active");
  expect(complete.line_items?.data[0]).toMatchObject({ amount_total: 2900, quantity: 1 });
  const found = await stripe.checkout.sessions.list({ subscription: subscription.id });
  expect(found.data.map(({ id }) => id)).toEqual([session.id]);
});

test("a declined card leaves the session open and makes nothing", async () => {
  const { stripe } = bench;
  const { session, customer } = await openSession(bench);
  const path = `/_sandbox/checkout/${session.id}/complete`;
  const declined = await bench.control(path, { paymentMethod: "pm_card_chargeCustomerFail" });
  expect(declined).toMatchObject({
    status: 402,
    body: { error: { code: "card_declined", type: "card_error" } },
  });
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe("open");
  expect((await stripe.subscriptions.list({ customer: customer.id, status: "all" })).data).toEqual([]);
  expect((await stripe.paymentMethods.list({ customer: customer.id })).data).toEqual([]);
  expect((await bench.control(path, {})).status).toBe(200);
});

test("completing twice pays once", async () => {
  const { stripe } = bench;
  const { session, customer } = await openSession(bench);
  const first = await bench.control(`/_sandbox/checkout/${session.id}/complete`);
  const second = await bench.control(`/_sandbox/checkout/${session.id}/complete`);
  expect(second).toEqual(first);
  expect((await stripe.subscriptions.list({ customer: customer.id })).data).toHaveLength(1);
});

test("an expired session cannot be paid and says so by event", async () => {
  const { stripe } = bench;
  const { session } = await openSession(bench);
  expect(await stripe.checkout.sessions.expire(session.id)).toMatchObject({ status: "expired", url: null });
  expect((await bench.control(`/_sandbox/checkout/${session.id}/complete`)).status).toBe(400);
  const [event] = (await stripe.events.list({ type: "checkout.session.expired" })).data;
  expect(event?.data.object).toMatchObject({ id: session.id, status: "expired" });
});

test("an open session expires by the clock after 24 hours", async () => {
  const { session } = await openSession(bench);
  const { steps } = await bench.advance({ by: "24h" });
  expect(steps.map(({ what }) => what)).toEqual([`checkout session expires: ${session.id}`]);
  expect((await bench.stripe.checkout.sessions.retrieve(session.id)).status).toBe("expired");
});

test("a session for an e-mail makes its customer when it is paid", async () => {
  const { stripe } = bench;
  const price = await monthly(stripe, 1000);
  const session = await stripe.checkout.sessions.create({
    mode: "subscription",
    customer_email: "new@example.com",
    line_items: [{ price: price.id, quantity: 3 }],
    success_url: "https://app.example.com/done",
  });
  await bench.control(`/_sandbox/checkout/${session.id}/complete`);
  const [customer] = (await stripe.customers.list({ email: "new@example.com" })).data;
  const complete = await stripe.checkout.sessions.retrieve(session.id);
  expect(complete).toMatchObject({ customer: customer?.id, amount_total: 3000 });
});

test("the session's page escapes what it shows, pays, and leads to the success url", async () => {
  const { stripe } = bench;
  const price = await monthly(stripe, 2900, "<script>alert(1)</script>");
  const session = await stripe.checkout.sessions.create({
    mode: "subscription",
    customer_email: "ada@example.com",
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: "https://app.example.com/done?session={CHECKOUT_SESSION_ID}",
  });
  const page = await fetch(String(session.url));
  const html = await page.text();
  expect(html).not.toContain("<script>");
  expect(html).toContain("29.00 USD");
  const pay = (card: string) =>
    fetch(`${session.url}/pay`, { method: "POST", redirect: "manual", body: new URLSearchParams({ card }) });
  const refused = await pay("pm_card_chargeCustomerFail");
  expect(refused.status).toBe(402);
  expect(await refused.text()).toContain('role="alert"');
  const paid = await pay("pm_card_visa");
  expect(paid.status).toBe(303);
  expect(paid.headers.get("location")).toBe(`https://app.example.com/done?session=${session.id}`);
});

test("a page of another site cannot press the buttons", async () => {
  const { session } = await openSession(bench);
  const response = await fetch(`${bench.url}/_sandbox/checkout/${session.id}/complete`, {
    method: "POST",
    headers: { origin: "https://evil.example" },
  });
  expect(response.status).toBe(403);
});
