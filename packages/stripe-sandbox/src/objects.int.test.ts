import Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { monthly, openWorkbench, payingCustomer, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench({ webhookUrl: undefined });
});
afterEach(() => bench.close());

const lastTypes = async (count: number) =>
  (await bench.stripe.events.list({ limit: count })).data.map(({ type }) => type).reverse();

test("customers: create, retrieve, update with metadata, list by e-mail, delete", async () => {
  const { customers } = bench.stripe;
  const made = await customers.create({
    name: "Ada",
    email: "ada@example.com",
    metadata: { a: "1", b: "2" },
  });
  expect(await customers.retrieve(made.id)).toEqual(made);
  const updated = await customers.update(made.id, { name: "Ada L", metadata: { a: "", c: "3" } });
  expect(updated).toMatchObject({ name: "Ada L", metadata: { b: "2", c: "3" } });
  expect(updated.metadata.a).toBeUndefined();
  const [event] = (await bench.stripe.events.list({ type: "customer.updated" })).data;
  expect(event?.data.previous_attributes).toEqual({ name: "Ada", metadata: { a: "1", c: null } });
  expect((await customers.list({ email: "ada@example.com" })).data).toHaveLength(1);
  expect((await customers.list({ email: "bob@example.com" })).data).toHaveLength(0);
  expect(await customers.del(made.id)).toMatchObject({ id: made.id, deleted: true });
  expect(await customers.retrieve(made.id)).toMatchObject({ id: made.id, deleted: true });
  expect((await customers.list()).data).toEqual([]);
  expect(await lastTypes(3)).toEqual(["customer.created", "customer.updated", "customer.deleted"]);
});

test("an update that changes nothing makes no event", async () => {
  const made = await bench.stripe.customers.create({ name: "Ada" });
  await bench.stripe.customers.update(made.id, { name: "Ada" });
  expect((await bench.stripe.events.list({ type: "customer.updated" })).data).toEqual([]);
});

test("deleting a customer ends its subscriptions", async () => {
  const customer = await payingCustomer(bench.stripe);
  const price = await monthly(bench.stripe, 100);
  const { id } = await bench.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
  await bench.stripe.customers.del(customer.id);
  expect((await bench.stripe.subscriptions.retrieve(id)).status).toBe("canceled");
  expect(await lastTypes(2)).toEqual(["customer.subscription.deleted", "customer.deleted"]);
});

test("products: create with an own id, update, list by ids, archive, delete only without prices", async () => {
  const { products, prices } = bench.stripe;
  const made = await products.create({ id: "prod_pro", name: "Pro", metadata: { headroom_plan: "pro" } });
  await expect(products.create({ id: "prod_pro", name: "Again" })).rejects.toMatchObject({
    code: "resource_already_exists",
  });
  expect(await products.update(made.id, { active: false, description: "d" })).toMatchObject({
    active: false,
  });
  expect((await products.list({ active: false, ids: ["prod_pro"] })).data).toHaveLength(1);
  const bare = await products.create({ name: "Bare" });
  expect(await products.del(bare.id)).toMatchObject({ deleted: true });
  await prices.create({ product: made.id, currency: "usd", unit_amount: 1 });
  await expect(products.del(made.id)).rejects.toMatchObject({ statusCode: 400 });
});

test("prices: exact decimals, lookup keys taken and transferred, filters", async () => {
  const { prices, products } = bench.stripe;
  const product = await products.create({ name: "Jobs" });
  const base = { product: product.id, currency: "usd", recurring: { interval: "month" as const } };
  const exact = await prices.create({ ...base, unit_amount_decimal: Stripe.Decimal.from("2.500000000001") });
  expect(exact.unit_amount).toBeNull();
  expect(String(exact.unit_amount_decimal)).toBe("2.500000000001");
  const whole = await prices.create({ ...base, unit_amount: 2900, lookup_key: "pro_month" });
  expect([whole.unit_amount, String(whole.unit_amount_decimal)]).toEqual([2900, "2900"]);
  const again = { ...base, unit_amount: 3900, lookup_key: "pro_month" };
  await expect(prices.create(again)).rejects.toMatchObject({
    code: "resource_already_exists",
    param: "lookup_key",
  });
  const moved = await prices.create({ ...again, transfer_lookup_key: true });
  expect((await prices.list({ lookup_keys: ["pro_month"] })).data.map(({ id }) => id)).toEqual([moved.id]);
  expect((await prices.retrieve(whole.id)).lookup_key).toBeNull();
  expect(await prices.update(moved.id, { active: false, nickname: "old" })).toMatchObject({ active: false });
  expect((await prices.list({ product: product.id, active: true })).data).toHaveLength(2);
  const fine = { ...base, unit_amount_decimal: "0.0000000000001" as unknown as Stripe.Decimal };
  await expect(prices.create(fine)).rejects.toMatchObject({ param: "unit_amount_decimal" });
});

test("payment methods: attach, list, default, detach", async () => {
  const { paymentMethods, customers } = bench.stripe;
  const customer = await payingCustomer(bench.stripe);
  const [card] = (await paymentMethods.list({ customer: customer.id, type: "card" })).data;
  expect(card).toMatchObject({ customer: customer.id, card: { brand: "visa", last4: "4242" } });
  expect((await customers.listPaymentMethods(customer.id)).data).toHaveLength(1);
  expect(await paymentMethods.detach(String(card?.id))).toMatchObject({ customer: null });
  const after = (await customers.retrieve(customer.id)) as Stripe.Customer;
  expect(after.invoice_settings.default_payment_method).toBeNull();
  await expect(paymentMethods.attach("pm_card_unknown", { customer: customer.id })).rejects.toThrow();
  const used = paymentMethods.attach(String(card?.id), { customer: customer.id });
  await expect(used).rejects.toMatchObject({ code: "payment_method_unexpected_state" });
});

test("subscriptions: plan and seat items with their own periods, metadata, list filters", async () => {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe);
  const [plan, seat] = [await monthly(stripe, 2900, "Pro"), await monthly(stripe, 500, "Seat")];
  const made = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: plan.id }, { price: seat.id, quantity: 3, metadata: { headroom_role: "seat" } }],
    metadata: { org_id: "org_1" },
    billing_mode: { type: "flexible" },
  });
  expect(made).toMatchObject({ status: "active", currency: "usd", billing_mode: { type: "flexible" } });
  expect(made.items.data.map(({ quantity }) => quantity)).toEqual([1, 3]);
  const invoice = await stripe.invoices.retrieve(String(made.latest_invoice));
  expect(invoice).toMatchObject({ total: 4400, currency: "usd" });
  expect(invoice.lines.data[1]).toMatchObject({
    amount: 1500,
    quantity: 3,
    parent: { type: "subscription_item_details", subscription_item_details: { subscription: made.id } },
    pricing: { price_details: { price: seat.id, product: seat.product } },
  });
  expect((await stripe.subscriptions.list({ price: seat.id })).data).toHaveLength(1);
  expect((await stripe.subscriptions.list({ status: "past_due" })).data).toHaveLength(0);
  const items = await stripe.subscriptionItems.list({ subscription: made.id, limit: 1 });
  expect(items).toMatchObject({ has_more: true, data: [{ id: made.items.data[0]?.id }] });
  const doubled = { customer: customer.id, items: [{ price: plan.id }, { price: plan.id }] };
  await expect(stripe.subscriptions.create(doubled)).rejects.toMatchObject({ param: "items" });
  await expect(stripe.subscriptionItems.retrieve("si_none")).rejects.toMatchObject({ statusCode: 404 });
});

test("a subscription shows ten of its items, the others are behind the list's own address", async () => {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe);
  const prices = await Promise.all(Array.from({ length: 12 }, (_, at) => monthly(stripe, 100, `No ${at}`)));
  const items = prices.map(({ id }) => ({ price: id }));
  const { id } = await stripe.subscriptions.create({ customer: customer.id, items });
  const [listed] = (await stripe.subscriptions.list({ customer: customer.id })).data;
  for (const shown of [await stripe.subscriptions.retrieve(id), listed]) {
    expect(shown?.items.has_more).toBe(true);
    expect(shown?.items.data).toHaveLength(10);
  }
  const all = await stripe.subscriptionItems.list({ subscription: id }).autoPagingToArray({ limit: 100 });
  expect(all.map(({ price }) => price.id)).toEqual(prices.map(({ id: price }) => price));
});

test("a customer without a card cannot start to pay", async () => {
  const customer = await bench.stripe.customers.create();
  const price = await monthly(bench.stripe, 100);
  const start = bench.stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  await expect(start).rejects.toMatchObject({ statusCode: 400, code: "resource_missing" });
});

test("invoices: draft, items, lines by page, finalize, pay, void, update", async () => {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe);
  const draft = await stripe.invoices.create({ customer: customer.id, currency: "usd", auto_advance: false });
  expect(draft).toMatchObject({ status: "draft", automatically_finalizes_at: null, number: null });
  for (let n = 1; n <= 12; n += 1) {
    await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: n });
  }
  const full = await stripe.invoices.retrieve(draft.id);
  expect(full.total).toBe(78);
  expect(full.lines).toMatchObject({ has_more: true, url: `/v1/invoices/${draft.id}/lines` });
  expect(full.lines.data).toHaveLength(10);
  const lines = await stripe.invoices.listLineItems(draft.id).autoPagingToArray({ limit: 100 });
  expect(lines.map(({ amount }) => amount).sort((a, b) => a - b)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  ]);
  expect(await stripe.invoices.update(draft.id, { description: "d", metadata: { x: "1" } })).toMatchObject({
    description: "d",
  });
  const open = await stripe.invoices.finalizeInvoice(draft.id);
  expect(open).toMatchObject({ status: "open", amount_remaining: 78 });
  expect(open.number).toMatch(/-0001$/);
  expect(await stripe.invoices.pay(draft.id)).toMatchObject({ status: "paid", amount_paid: 78 });
  await expect(stripe.invoices.pay(draft.id)).rejects.toMatchObject({ code: "invoice_already_paid" });
  await expect(stripe.invoices.voidInvoice(draft.id)).rejects.toMatchObject({
    code: "status_transition_invalid",
  });
  const other = await stripe.invoices.create({ customer: customer.id, auto_advance: false });
  await stripe.invoiceItems.create({ customer: customer.id, invoice: other.id, amount: 5 });
  await stripe.invoices.finalizeInvoice(other.id);
  expect(await stripe.invoices.voidInvoice(other.id)).toMatchObject({ status: "void" });
  expect((await stripe.invoices.list({ customer: customer.id, status: "void" })).data).toHaveLength(1);
});

test("invoice items: listed by invoice, changed and deleted while it is a draft, negative ones too", async () => {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe);
  const draft = await stripe.invoices.create({ customer: customer.id, currency: "usd", auto_advance: false });
  const item = await stripe.invoiceItems.create({
    customer: customer.id,
    invoice: draft.id,
    unit_amount_decimal: Stripe.Decimal.from("0.05"),
    quantity: 10,
    period: { start: 100, end: 200 },
  });
  // 10 × 0.05 = 0.5, half up: 1.
  expect(item).toMatchObject({ amount: 1, period: { start: 100, end: 200 } });
  const changed = await stripe.invoiceItems.update(item.id, {
    quantity_decimal: Stripe.Decimal.from("29.5"),
  });
  // 29.5 × 0.05 = 1.475 → 1.
  expect([changed.amount, changed.quantity, String(changed.quantity_decimal)]).toEqual([1, 29, "29.5"]);
  const credit = await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: -300 });
  expect((await stripe.invoices.retrieve(draft.id)).total).toBe(-299);
  expect((await stripe.invoiceItems.list({ invoice: draft.id })).data.map(({ id }) => id)).toEqual([
    credit.id,
    item.id,
  ]);
  await stripe.invoiceItems.del(credit.id);
  expect((await stripe.invoices.retrieve(draft.id)).lines.data).toHaveLength(1);
  const both = {
    customer: customer.id,
    invoice: draft.id,
    amount: 1,
    unit_amount_decimal: Stripe.Decimal.from("1"),
  };
  await expect(stripe.invoiceItems.create(both)).rejects.toMatchObject({ code: "parameters_exclusive" });
  const foreign = await payingCustomer(stripe);
  const theirs = stripe.invoiceItems.create({ customer: foreign.id, invoice: draft.id, amount: 1 });
  await expect(theirs).rejects.toMatchObject({ param: "invoice" });
});

test("portal: a default configuration, one of our own, a session that leads back; switching is refused", async () => {
  const { stripe } = bench;
  const customer = await stripe.customers.create({ name: "<b>Ada</b>" });
  const back = "https://app.example.com/billing";
  const session = await stripe.billingPortal.sessions.create({ customer: customer.id, return_url: back });
  const html = await (await fetch(session.url)).text();
  expect(html).toContain(`href="${back}"`);
  expect(html).not.toContain("<b>");
  const own = await stripe.billingPortal.configurations.create({
    features: {
      invoice_history: { enabled: true },
      subscription_cancel: { enabled: true, mode: "at_period_end" },
    },
  });
  expect(own.features.subscription_update.enabled).toBe(false);
  expect((await stripe.billingPortal.configurations.list()).data).toHaveLength(2);
  const switching = { features: { subscription_update: { enabled: true, products: [] } } };
  await expect(stripe.billingPortal.configurations.create(switching)).rejects.toMatchObject({
    code: "sandbox_unsupported",
  });
});

test("events: by type, by types, by time, by cursor", async () => {
  const { stripe } = bench;
  const customer = await stripe.customers.create();
  await stripe.customers.update(customer.id, { name: "A" });
  await stripe.products.create({ name: "P" });
  const all = (await stripe.events.list()).data;
  expect(all.map(({ type }) => type)).toEqual(["product.created", "customer.updated", "customer.created"]);
  expect((await stripe.events.list({ type: "customer.*" })).data).toHaveLength(2);
  expect((await stripe.events.list({ types: ["customer.created", "product.created"] })).data).toHaveLength(2);
  expect((await stripe.events.list({ created: { gt: (all[0]?.created ?? 0) + 100 } })).data).toEqual([]);
  const since = await stripe.events.list({ ending_before: String(all[2]?.id) });
  expect(since.data.map(({ type }) => type)).toEqual(["product.created", "customer.updated"]);
  expect(await stripe.events.retrieve(String(all[0]?.id))).toEqual(all[0]);
});
