import type Stripe from "stripe";
import { expect, test } from "vitest";
import type { ContractClock, Target } from "./target.ts";

const day = 86_400;

async function monthlyPrice({ stripe, product }: Target, amount: number): Promise<string> {
  const { id } = await product();
  const recurring = { interval: "month" as const };
  return (await stripe.prices.create({ product: id, currency: "usd", unit_amount: amount, recurring })).id;
}

async function payer({ stripe }: Target, clock: ContractClock, card = "pm_card_visa"): Promise<string> {
  const { id } = await clock.customer();
  const method = await stripe.paymentMethods.attach(card, { customer: id });
  await stripe.customers.update(id, { invoice_settings: { default_payment_method: method.id } });
  return id;
}

const periodOf = ({ items }: Stripe.Subscription) => ({
  start: items.data[0]?.current_period_start ?? 0,
  end: items.data[0]?.current_period_end ?? 0,
});

/** Subscriptions and invoices, by a clock. */
export function billingContract(target: () => Target): void {
  test("a subscription starts paid, and its first invoice says for what", async () => {
    const { stripe, startClock } = target();
    const clock = await startClock();
    const [plan, seat] = [await monthlyPrice(target(), 2900), await monthlyPrice(target(), 500)];
    const subscription = await stripe.subscriptions.create({
      customer: await payer(target(), clock),
      items: [{ price: plan }, { price: seat, quantity: 3, metadata: { role: "seat" } }],
      billing_mode: { type: "flexible" },
      metadata: { org: "1" },
      expand: ["latest_invoice"],
    });
    expect(subscription).toMatchObject({
      status: "active",
      cancel_at_period_end: false,
      metadata: { org: "1" },
    });
    expect(subscription.latest_invoice).toMatchObject({
      status: "paid",
      billing_reason: "subscription_create",
      total: 4400,
      amount_paid: 4400,
      amount_remaining: 0,
      parent: { type: "subscription_details", subscription_details: { subscription: subscription.id } },
    });
    const invoice = subscription.latest_invoice as Stripe.Invoice;
    const lines = invoice.lines.data.map(({ amount, quantity }) => [amount, quantity]);
    expect(lines.sort()).toEqual([
      [1500, 3],
      [2900, 1],
    ]);
    const listed = await stripe.subscriptionItems.list({ subscription: subscription.id });
    expect(listed.data).toHaveLength(2);
  });

  test("a declined card leaves the subscription incomplete, or refuses it when told to", async () => {
    const { stripe, startClock } = target();
    const customer = await payer(target(), await startClock(), "pm_card_chargeCustomerFail");
    const items = [{ price: await monthlyPrice(target(), 1000) }];
    const incomplete = await stripe.subscriptions.create({ customer, items });
    expect(incomplete.status).toBe("incomplete");
    const refused = stripe.subscriptions.create({ customer, items, payment_behavior: "error_if_incomplete" });
    await expect(refused).rejects.toMatchObject({
      type: "StripeCardError",
      statusCode: 402,
      code: "card_declined",
    });
  });

  test("renewal drafts an invoice at the period's end, moves the period, and pays an hour later", async () => {
    const { stripe, startClock } = target();
    const clock = await startClock();
    const items = [{ price: await monthlyPrice(target(), 2000) }];
    const started = await stripe.subscriptions.create({ customer: await payer(target(), clock), items });
    const { end } = periodOf(started);
    await clock.advance(end + 60);
    const renewed = await stripe.subscriptions.retrieve(started.id, { expand: ["latest_invoice"] });
    expect(periodOf(renewed).start).toBe(end);
    expect(renewed.latest_invoice).toMatchObject({
      status: "draft",
      billing_reason: "subscription_cycle",
      amount_due: 2000,
      auto_advance: true,
    });
    await clock.advance(end + 2 * 3600);
    const { id } = renewed.latest_invoice as Stripe.Invoice;
    expect(await stripe.invoices.retrieve(id)).toMatchObject({ status: "paid", amount_paid: 2000 });
  });

  test("a trial costs nothing until it ends", async () => {
    const { stripe, startClock } = target();
    const clock = await startClock();
    const started = await stripe.subscriptions.create({
      customer: await payer(target(), clock),
      items: [{ price: await monthlyPrice(target(), 2000) }],
      trial_period_days: 7,
      expand: ["latest_invoice"],
    });
    expect(started).toMatchObject({ status: "trialing", latest_invoice: { status: "paid", total: 0 } });
    await clock.advance(Number(started.trial_end) + 2 * 3600);
    const after = await stripe.subscriptions.retrieve(started.id, { expand: ["latest_invoice"] });
    expect(after).toMatchObject({ status: "active", latest_invoice: { status: "paid", total: 2000 } });
  });

  test("more seats in the middle of a period are prorated and previewed to the cent", async () => {
    const { stripe, startClock } = target();
    const clock = await startClock();
    const items = [{ price: await monthlyPrice(target(), 3000), quantity: 1 }];
    const started = await stripe.subscriptions.create({ customer: await payer(target(), clock), items });
    const { start, end } = periodOf(started);
    const at = start + 10 * day;
    await clock.advance(at);
    const id = String(started.items.data[0]?.id);
    const proration_date = at;
    const preview = await stripe.invoices.createPreview({
      subscription: started.id,
      subscription_details: {
        items: [{ id, quantity: 3 }],
        proration_behavior: "always_invoice",
        proration_date,
      },
    });
    const changed = await stripe.subscriptions.update(started.id, {
      items: [{ id, quantity: 3 }],
      proration_behavior: "always_invoice",
      proration_date,
      expand: ["latest_invoice"],
    });
    const rest = (end - at) / (end - start);
    const invoice = changed.latest_invoice as Stripe.Invoice;
    expect(invoice.total).toBe(Math.round(9000 * rest) - Math.round(3000 * rest));
    expect(preview.total).toBe(invoice.total);
    expect(invoice).toMatchObject({ billing_reason: "subscription_update", status: "paid" });
  });

  test("a failed renewal is past due, and paying it by hand makes it active again", async () => {
    const { stripe, startClock } = target();
    const clock = await startClock();
    const customer = await payer(target(), clock);
    const items = [{ price: await monthlyPrice(target(), 2000) }];
    const started = await stripe.subscriptions.create({ customer, items });
    const bad = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer });
    await stripe.subscriptions.update(started.id, { default_payment_method: bad.id });
    await clock.advance(periodOf(started).end + 2 * 3600);
    const failed = await stripe.subscriptions.retrieve(started.id, { expand: ["latest_invoice"] });
    expect(failed).toMatchObject({
      status: "past_due",
      latest_invoice: { status: "open", attempt_count: 1 },
    });
    const { id } = failed.latest_invoice as Stripe.Invoice;
    const declined = { type: "StripeCardError", code: "card_declined" };
    await expect(stripe.invoices.pay(id)).rejects.toMatchObject(declined);
    expect((await stripe.invoices.pay(id, { payment_method: "pm_card_visa" })).status).toBe("paid");
    expect((await stripe.subscriptions.retrieve(started.id)).status).toBe("active");
  });

  test("cancelling ends now or with the period, and what has ended cannot be changed", async () => {
    const { stripe, startClock } = target();
    const clock = await startClock();
    const customer = await payer(target(), clock);
    const items = [{ price: await monthlyPrice(target(), 2000) }];
    const [now, later] = [
      await stripe.subscriptions.create({ customer, items }),
      await stripe.subscriptions.create({ customer, items }),
    ];
    expect(await stripe.subscriptions.cancel(now.id)).toMatchObject({ status: "canceled" });
    await expect(stripe.subscriptions.cancel(now.id)).rejects.toMatchObject({ code: "resource_missing" });
    const planned = await stripe.subscriptions.update(later.id, { cancel_at_period_end: true });
    expect(planned).toMatchObject({
      status: "active",
      cancel_at_period_end: true,
      cancel_at: periodOf(later).end,
    });
    await clock.advance(periodOf(later).end + 60);
    expect((await stripe.subscriptions.retrieve(later.id)).status).toBe("canceled");
    expect((await stripe.subscriptions.list({ customer })).data).toEqual([]);
    expect((await stripe.subscriptions.list({ customer, status: "all" })).data).toHaveLength(2);
  });

  test("invoice items on a draft make its lines, change with them, and are fixed once it is finalized", async () => {
    const { stripe, startClock } = target();
    const customer = await payer(target(), await startClock());
    const draft = await stripe.invoices.create({ customer, auto_advance: false });
    const item = await stripe.invoiceItems.create({
      customer,
      invoice: draft.id,
      amount: 700,
      currency: "usd",
    });
    await stripe.invoiceItems.update(item.id, { amount: 900, metadata: { ledger: "1" } });
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({ status: "draft", total: 900 });
    const final = await stripe.invoices.finalizeInvoice(draft.id);
    expect(final).toMatchObject({ status: "open", amount_due: 900 });
    expect(final.number).toEqual(expect.any(String));
    await expect(stripe.invoiceItems.update(item.id, { amount: 1 })).rejects.toMatchObject({
      statusCode: 400,
    });
    expect(await stripe.invoices.pay(draft.id)).toMatchObject({ status: "paid" });
    await expect(stripe.invoices.pay(draft.id)).rejects.toMatchObject({ statusCode: 400 });
    const voided = await stripe.invoices.create({ customer });
    await expect(stripe.invoices.voidInvoice(voided.id)).rejects.toMatchObject({ statusCode: 400 });
  });
}
