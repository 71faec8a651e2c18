import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { monthly, openWorkbench, payingCustomer, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.close());

/** A running subscription whose card starts to decline. */
async function decliningSubscription(): Promise<Stripe.Subscription> {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe);
  const price = await monthly(stripe, 2900);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
  const method = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer: customer.id });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
  return subscription;
}

test("a declined renewal makes it past due, and paying the invoice makes it active", async () => {
  const { stripe } = bench;
  const { id } = await decliningSubscription();
  await bench.advance({ by: "1 month" });
  await bench.advance({ by: "1h" });
  const late = await stripe.subscriptions.retrieve(id, { expand: ["latest_invoice"] });
  const invoice = late.latest_invoice as Stripe.Invoice;
  expect(late.status).toBe("past_due");
  expect(invoice).toMatchObject({
    status: "open",
    attempt_count: 1,
    attempted: true,
    amount_remaining: 2900,
  });
  expect(invoice.next_payment_attempt).toBe((invoice.status_transitions.finalized_at ?? 0) + 3 * 86_400);
  const types = (await stripe.events.list({ limit: 3 })).data.map(({ type }) => type).reverse();
  expect(types).toEqual(["invoice.finalized", "invoice.payment_failed", "customer.subscription.updated"]);

  const declined = stripe.invoices.pay(invoice.id);
  await expect(declined).rejects.toMatchObject({
    statusCode: 402,
    code: "card_declined",
    type: "StripeCardError",
  });
  expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({ attempt_count: 2, status: "open" });

  expect(await stripe.invoices.pay(invoice.id, { payment_method: "pm_card_visa" })).toMatchObject({
    status: "paid",
  });
  const [update] = (await stripe.events.list({ type: "customer.subscription.updated" })).data;
  expect(update?.data).toMatchObject({
    object: { status: "active" },
    previous_attributes: { status: "past_due" },
  });
});

test("retries stop after 3, 5 and 7 days with the subscription canceled for it", async () => {
  const { stripe } = bench;
  const { id } = await decliningSubscription();
  await bench.advance({ by: "1 month" });
  const { steps } = await bench.advance({ by: "17d" });
  const finalized = steps[0];
  expect(finalized?.what).toMatch(/^invoice is finalized/);
  const days = steps
    .slice(1)
    .map(({ at }) => (Date.parse(at) - Date.parse(finalized?.at ?? "")) / 86_400_000);
  expect(days).toEqual([3, 8, 15]);
  const ended = await stripe.subscriptions.retrieve(id, { expand: ["latest_invoice"] });
  expect(ended).toMatchObject({ status: "canceled", cancellation_details: { reason: "payment_failed" } });
  expect(ended.latest_invoice).toMatchObject({
    status: "open",
    next_payment_attempt: null,
    attempt_count: 4,
  });
  const failed = await stripe.events.list({ type: "invoice.payment_failed" });
  expect(failed.data).toHaveLength(4);
});

test("a declined first payment leaves it incomplete, and after 23 hours expired with a void invoice", async () => {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe, "pm_card_chargeCustomerFail");
  const price = await monthly(stripe, 2900);
  const incomplete = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
  expect(incomplete.status).toBe("incomplete");
  await bench.advance({ by: "23h" });
  const expired = await stripe.subscriptions.retrieve(incomplete.id, { expand: ["latest_invoice"] });
  expect(expired.status).toBe("incomplete_expired");
  expect(expired.latest_invoice).toMatchObject({ status: "void" });
});

test("a declined first payment can be refused instead, and then nothing is there", async () => {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe, "pm_card_chargeCustomerFail");
  const price = await monthly(stripe, 2900);
  const refused = stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    payment_behavior: "error_if_incomplete",
  });
  await expect(refused).rejects.toMatchObject({ statusCode: 402, code: "card_declined" });
  expect((await stripe.subscriptions.list({ customer: customer.id, status: "all" })).data).toEqual([]);
  expect((await stripe.invoices.list({ customer: customer.id })).data).toEqual([]);
});

test("an incomplete subscription becomes active when its invoice is paid", async () => {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe, "pm_card_chargeCustomerFail");
  const price = await monthly(stripe, 2900);
  const { id, latest_invoice } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
  await stripe.invoices.pay(String(latest_invoice), { payment_method: "pm_card_visa" });
  expect((await stripe.subscriptions.retrieve(id)).status).toBe("active");
});
