import Stripe from "stripe";
import { monthly, payingCustomer } from "../workbench.ts";
import type { Tour } from "./tour-guide.ts";
import { pausesAndPendingUpdates, schedules } from "./tour-lifecycle.ts";
import { metersAndThinEvents } from "./tour-meters.ts";
import { discountsAndTaxes } from "./tour-terms.ts";

/**
 * Calls every route of the sandbox at least once and lives through what time does to billing. It asserts nothing:
 * its purpose is to make the sandbox say everything that it can say.
 */
export async function tourEverything(tour: Tour): Promise<void> {
  await catalog(tour);
  await customers(tour);
  await endpointsAndEvents(tour);
  await portal(tour);
  await checkout(tour);
  await subscriptionLife(tour);
  await endings(tour);
  await invoicesByHand(tour);
  await discountsAndTaxes(tour);
  await pausesAndPendingUpdates(tour);
  await schedules(tour);
  await metersAndThinEvents(tour);
  await refusals(tour);
}

async function catalog({ stripe }: Tour): Promise<void> {
  const { products, prices } = stripe;
  const bare = await products.create({
    name: "Bare",
    description: "d",
    images: ["https://example.com/a.png"],
  });
  await products.update(bare.id, { name: "Barer", metadata: { a: "1" }, unit_label: "job" });
  await products.retrieve(bare.id);
  await products.del(bare.id);
  const price = await prices.create({
    product_data: { name: "Pro", metadata: { headroom_plan: "pro" } },
    currency: "usd",
    unit_amount: 2900,
    lookup_key: "pro_month",
    recurring: { interval: "month" },
    tax_behavior: "exclusive",
  });
  const product = String(price.product);
  const exact = Stripe.Decimal.from("0.25");
  await prices.create({ product, currency: "usd", unit_amount_decimal: exact, nickname: "piece" });
  const yearly = { interval: "year" as const };
  const moved = { lookup_key: "pro_month", transfer_lookup_key: true };
  await prices.create({ product, currency: "usd", unit_amount: 29_000, recurring: yearly, ...moved });
  await prices.update(price.id, { metadata: { a: "1" }, active: true, nickname: "Pro, monthly" });
  await prices.retrieve(price.id, { expand: ["product"] });
  await prices.list({ product, expand: ["data.product"] });
  await products.update(product, { default_price: price.id });
  await products.list({ active: true });
}

async function customers({ stripe }: Tour): Promise<void> {
  const customer = await stripe.customers.create({
    name: "Ada",
    email: "ada@example.com",
    phone: "+1 555 0100",
    address: { line1: "1 Main Street", city: "Springfield", country: "US" },
    preferred_locales: ["en"],
    payment_method: "pm_card_visa",
    invoice_settings: { default_payment_method: "pm_card_visa" },
  });
  await stripe.customers.update(customer.id, { metadata: { org_id: "org_1" }, address: "", balance: -500 });
  await stripe.customers.retrieve(customer.id, {
    expand: ["subscriptions", "invoice_settings.default_payment_method"],
  });
  await stripe.customers.list({ email: "ada@example.com", limit: 1 });
  const declining = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", {
    customer: customer.id,
  });
  await stripe.paymentMethods.retrieve(declining.id, { expand: ["customer"] });
  await stripe.paymentMethods.list({ customer: customer.id });
  await stripe.customers.listPaymentMethods(customer.id);
  await stripe.paymentMethods.detach(declining.id);
  const gone = await stripe.customers.create();
  await stripe.customers.del(gone.id);
  await stripe.customers.retrieve(gone.id);
}

async function endpointsAndEvents({ stripe, bench }: Tour): Promise<void> {
  const endpoint = await stripe.webhookEndpoints.create({
    url: "https://example.invalid/hook",
    enabled_events: ["invoice.paid"],
    description: "another",
  });
  await stripe.webhookEndpoints.update(endpoint.id, { disabled: true, metadata: { a: "1" } });
  await stripe.webhookEndpoints.retrieve(endpoint.id);
  await stripe.webhookEndpoints.list();
  await stripe.webhookEndpoints.del(endpoint.id);
  const [event] = (await stripe.events.list({ types: ["price.updated", "customer.created"] })).data;
  await stripe.events.retrieve(String(event?.id));
  await bench.control(`/_sandbox/events/${event?.id}/resend`);
}

async function portal({ stripe }: Tour): Promise<void> {
  const { configurations, sessions } = stripe.billingPortal;
  const customer = await stripe.customers.create({ name: "Portal" });
  const configuration = await configurations.create({
    features: {
      customer_update: { enabled: true, allowed_updates: ["email"] },
      invoice_history: { enabled: true },
      payment_method_update: { enabled: true },
      subscription_cancel: { enabled: true, mode: "at_period_end" },
    },
    business_profile: { headline: "Billing" },
  });
  await configurations.retrieve(configuration.id);
  await configurations.update(configuration.id, { metadata: { seen: "twice" } });
  await sessions.create({ customer: customer.id, configuration: configuration.id });
  await sessions.create({ customer: customer.id, return_url: "https://example.com/back", locale: "en" });
  await configurations.list();
}

async function checkout({ stripe, bench }: Tour): Promise<void> {
  const { sessions } = stripe.checkout;
  const price = await monthly(stripe, 4900, "Checked out");
  const base = {
    mode: "subscription" as const,
    line_items: [{ price: price.id, quantity: 2 }],
    success_url: "https://example.com/done",
  };
  const paid = await sessions.create({
    ...base,
    customer_email: "new@example.com",
    client_reference_id: "org_1",
  });
  await sessions.listLineItems(paid.id);
  await bench.control(`/_sandbox/checkout/${paid.id}/complete`, {});
  await sessions.retrieve(paid.id, { expand: ["line_items", "subscription.latest_invoice", "customer"] });
  const { id: customer } = await stripe.customers.create();
  const trial = { trial_period_days: 7, metadata: { org_id: "org_2" } };
  const tried = await sessions.create({
    ...base,
    customer,
    subscription_data: trial,
    cancel_url: "https://example.com",
  });
  await bench.control(`/_sandbox/checkout/${tried.id}/complete`, { paymentMethod: "pm_card_visa" });
  const expired = await sessions.create(base);
  await sessions.expire(expired.id);
  await sessions.create({ ...base, metadata: { fate: "left to expire" } });
  await sessions.list({ limit: 100, expand: ["data.invoice"] });
}

/** Trial, its notice, first payment, changes with proration, renewal, a failing card, recovery, and the end. */
async function subscriptionLife({ stripe, bench }: Tour): Promise<void> {
  const customer = await payingCustomer(stripe);
  const [plan, seat, better] = [
    await monthly(stripe, 2900, "Plan"),
    await monthly(stripe, 500, "Seat"),
    await monthly(stripe, 9900, "Better"),
  ];
  const { id } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: plan.id, metadata: { headroom_role: "plan" } }],
    trial_period_days: 7,
    metadata: { org_id: "org_3" },
    payment_behavior: "allow_incomplete",
  });
  await bench.advance({ by: "8d" });
  const added = await stripe.subscriptionItems.create({ subscription: id, price: seat.id, quantity: 3 });
  await stripe.subscriptionItems.retrieve(added.id);
  await stripe.subscriptionItems.update(added.id, { quantity: 5, proration_behavior: "always_invoice" });
  await stripe.subscriptionItems.list({ subscription: id });
  const [item] = (await stripe.subscriptions.retrieve(id)).items.data;
  const change = [{ id: String(item?.id), price: better.id, quantity: 1 }];
  await stripe.invoices.createPreview({ subscription: id, subscription_details: { items: change } });
  await stripe.invoices.createPreview({ subscription: id });
  await stripe.subscriptions.update(id, { items: change, description: "upgraded" });
  await stripe.subscriptionItems.del(added.id);
  await bench.advance({ by: "1 month" });
  const failing = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer: customer.id });
  await stripe.subscriptions.update(id, { default_payment_method: failing.id });
  await bench.advance({ by: "32d" });
  const expand = ["latest_invoice.lines", "customer", "default_payment_method", "items.data.price.product"];
  await stripe.subscriptions.retrieve(id, { expand });
  const [open] = (await stripe.invoices.list({ subscription: id, status: "open" })).data;
  const again = stripe.invoices.pay(String(open?.id));
  await again.catch(() => {});
  await stripe.invoices.pay(String(open?.id), { payment_method: "pm_card_visa" });
  await stripe.subscriptions.update(id, { cancel_at_period_end: true });
  await bench.advance({ by: "32d" });
  await stripe.subscriptions.list({ status: "all", expand: ["data.customer", "data.latest_invoice"] });
  await stripe.events.list({ type: "customer.subscription.*", limit: 100 });
}

/** The other ways out: never paid, dunned, canceled at once, with the customer. */
async function endings({ stripe, bench }: Tour): Promise<void> {
  const price = await monthly(stripe, 1000, "Short");
  const items = [{ price: price.id, quantity: 2 }];
  const declining = await payingCustomer(stripe, "pm_card_chargeCustomerFail");
  await stripe.subscriptions.create({ customer: declining.id, items });
  const paying = await payingCustomer(stripe);
  const now = await stripe.subscriptions.create({ customer: paying.id, items });
  const dunned = await stripe.subscriptions.create({ customer: paying.id, items });
  const last = await payingCustomer(stripe);
  await stripe.subscriptions.create({ customer: last.id, items, cancel_at: "max_period_end" });
  await bench.advance({ by: "10d" });
  await stripe.subscriptions.cancel(now.id, {
    prorate: true,
    invoice_now: true,
    cancellation_details: { comment: "bye", feedback: "other" },
  });
  await stripe.customers.del(last.id);
  const failing = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer: paying.id });
  await stripe.subscriptions.update(dunned.id, { default_payment_method: failing.id });
  await bench.advance({ by: "60d" });
  await stripe.subscriptions.list({ customer: last.id, status: "all", expand: ["data.customer"] });
}

async function invoicesByHand({ stripe }: Tour): Promise<void> {
  const { invoices, invoiceItems } = stripe;
  const customer = (await payingCustomer(stripe)).id;
  const draft = await invoices.create({ customer, auto_advance: true, description: "by hand" });
  const item = await invoiceItems.create({
    customer,
    invoice: draft.id,
    currency: "usd",
    unit_amount_decimal: Stripe.Decimal.from("0.4"),
    quantity_decimal: Stripe.Decimal.from("1000"),
    period: { start: draft.created, end: draft.created + 10 },
    metadata: { headroom_overage: "1" },
  });
  await invoiceItems.update(item.id, {
    description: "Overage",
    quantity_decimal: Stripe.Decimal.from("12.5"),
  });
  await invoiceItems.retrieve(item.id, { expand: ["invoice", "customer"] });
  const mistaken = await invoiceItems.create({ customer, invoice: draft.id, amount: 7, currency: "usd" });
  await invoiceItems.list({ customer });
  await invoiceItems.del(mistaken.id);
  await invoices.update(draft.id, { footer: "Thank you", metadata: { a: "1" } });
  await invoices.listLineItems(draft.id);
  await invoices.finalizeInvoice(draft.id);
  await invoices.retrieve(draft.id, { expand: ["customer", "default_payment_method"] });
  await invoiceItems.create({ customer, amount: 500, currency: "usd" });
  const owed = await invoices.create({ customer, pending_invoice_items_behavior: "include" });
  await invoices.finalizeInvoice(owed.id, { auto_advance: false });
  await invoices.voidInvoice(owed.id);
  await invoices.list({ customer, expand: ["data.customer"] });
}

async function refusals({ stripe }: Tour): Promise<void> {
  const unknown = { colour: "red" } as unknown as Stripe.CustomerCreateParams;
  const refused = [
    stripe.customers.retrieve("cus_none"),
    stripe.customers.create(unknown),
    stripe.customers.create({ source: "tok_visa" }),
    stripe.prices.create({} as Stripe.PriceCreateParams),
    stripe.prices.list({ limit: 1000 }),
  ];
  await Promise.all(refused.map((call) => call.then(() => {}).catch(() => {})));
}
