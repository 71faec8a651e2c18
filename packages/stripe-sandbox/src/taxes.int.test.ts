import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openScene, type Scene } from "./testing/golden/scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await openScene("2031-04-01T00:00:00Z");
});
afterEach(() => scene.close());

async function rate(percentage: number, inclusive = false): Promise<string> {
  return (await scene.stripe.taxRates.create({ display_name: "VAT", percentage, inclusive })).id;
}

async function session(more: Partial<Stripe.Checkout.SessionCreateParams>) {
  const pro = await scene.price("Pro", 2900);
  return scene.stripe.checkout.sessions.create({
    mode: "subscription",
    line_items: [{ price: pro, quantity: 1 }],
    success_url: "https://app.example.com/done",
    ...more,
  });
}

test("rates are kept, listed and archived, and an archived one goes on where it is in use", async () => {
  const { stripe } = scene;
  const id = await rate(19);
  expect(await stripe.taxRates.retrieve(id)).toMatchObject({
    active: true,
    percentage: 19,
    inclusive: false,
  });
  const customer = await scene.customer();
  const pro = await scene.price("Pro", 1000);
  const started = await scene.subscribe(customer, [[pro, 1]], { default_tax_rates: [id] });
  await stripe.taxRates.update(id, { active: false, display_name: "Old VAT" });
  expect((await stripe.taxRates.list({ active: true })).data).toEqual([]);
  const again = scene.subscribe(customer, [[pro, 1]], { default_tax_rates: [id] });
  await expect(again).rejects.toMatchObject({ param: "default_tax_rates" });
  const kept = await stripe.subscriptions.update(started.id, { default_tax_rates: [id] });
  expect(kept.default_tax_rates?.map((entry) => entry.id)).toEqual([id]);
  await scene.at("2031-05-01T00:00:00Z");
  expect((await stripe.invoices.retrieve(await scene.latestInvoice(started))).total).toBe(1190);
});

test("a line says which rate it was taxed with and on what", async () => {
  const [vat, levy] = [await rate(19), await rate(2.5)];
  const customer = await scene.customer();
  const pro = await scene.price("Pro", 1000);
  const started = await scene.subscribe(customer, [[pro, 1]], { default_tax_rates: [vat, levy] });
  const invoice = await scene.stripe.invoices.retrieve(String(started.latest_invoice));
  const tax = (id: string, amount: number) => ({
    amount,
    tax_behavior: "exclusive",
    tax_rate_details: { tax_rate: id },
    taxability_reason: "not_available",
    taxable_amount: 1000,
    type: "tax_rate_details",
  });
  expect(invoice.lines.data[0]?.taxes).toEqual([tax(vat, 190), tax(levy, 25)]);
  expect(invoice.total_taxes).toEqual([tax(vat, 190), tax(levy, 25)]);
  expect(invoice).toMatchObject({
    subtotal: 1000,
    total: 1215,
    total_excluding_tax: 1000,
    subtotal_excluding_tax: 1000,
  });
});

test("rates of an item replace the default ones, and none of them is without tax", async () => {
  const [vat, reduced] = [await rate(19), await rate(7, true)];
  const customer = await scene.customer();
  const pro = await scene.price("Pro", 1000);
  const book = await scene.price("Book", 1070);
  const started = await scene.stripe.subscriptions.create({
    customer,
    items: [{ price: pro }, { price: book, tax_rates: [reduced] }],
    default_tax_rates: [vat],
  });
  const { lines, total } = await scene.stripe.invoices.retrieve(String(started.latest_invoice));
  // 1000 + 190; 1070 contains 70
  expect(lines.data.map(({ taxes }) => taxes?.map(({ amount }) => amount))).toEqual([[190], [70]]);
  expect(total).toBe(2260);
  await scene.stripe.subscriptions.update(started.id, { default_tax_rates: "" });
  const preview = await scene.stripe.invoices.createPreview({ subscription: started.id });
  expect(preview.total).toBe(2070);
});

test("automatic tax needs a country, and has no tax where no percentage is set", async () => {
  const { stripe } = scene;
  const customer = await scene.customer();
  const pro = await scene.price("Pro", 2900);
  const automatic_tax = { enabled: true };
  const nowhere = scene.subscribe(customer, [[pro, 1]], { automatic_tax });
  await expect(nowhere).rejects.toMatchObject({ code: "customer_tax_location_invalid" });
  await stripe.customers.update(customer, { address: { country: "FR" } });
  const started = await scene.subscribe(customer, [[pro, 1]], { automatic_tax });
  const invoice = await stripe.invoices.retrieve(String(started.latest_invoice));
  expect(invoice).toMatchObject({ total: 2900, automatic_tax: { enabled: true, status: "complete" } });
  await scene.control("/_sandbox/tax", { percentages: { FR: 20 } });
  await scene.at("2031-05-01T00:00:00Z");
  expect((await stripe.invoices.retrieve(await scene.latestInvoice(started))).total).toBe(3480);
  await stripe.customers.update(customer, { address: "" });
  await scene.at("2031-06-01T00:00:00Z");
  expect(await stripe.invoices.retrieve(await scene.latestInvoice(started))).toMatchObject({
    total: 2900,
    automatic_tax: { enabled: false, disabled_reason: "requires_location_inputs" },
  });
});

test("automatic tax and rates by hand exclude each other", async () => {
  const customer = await scene.customer();
  await scene.stripe.customers.update(customer, { address: { country: "DE" } });
  const pro = await scene.price("Pro", 2900);
  const default_tax_rates = [await rate(19)];
  const both = scene.subscribe(customer, [[pro, 1]], { default_tax_rates, automatic_tax: { enabled: true } });
  await expect(both).rejects.toMatchObject({ statusCode: 400, param: "automatic_tax" });
  const excluded = { statusCode: 400, param: "automatic_tax" };
  const started = await scene.subscribe(customer, [[pro, 1]], { automatic_tax: { enabled: true } });
  const rates = scene.stripe.subscriptions.update(started.id, { default_tax_rates });
  await expect(rates).rejects.toMatchObject(excluded);
  const own = { customer, currency: "usd", automatic_tax: { enabled: true } };
  await expect(scene.stripe.invoices.create({ ...own, default_tax_rates })).rejects.toMatchObject(excluded);
  const draft = await scene.stripe.invoices.create(own);
  await expect(scene.stripe.invoices.update(draft.id, { default_tax_rates })).rejects.toMatchObject(excluded);
  const off = { automatic_tax: { enabled: false }, default_tax_rates };
  expect((await scene.stripe.subscriptions.update(started.id, off)).automatic_tax.enabled).toBe(false);
});

test("the tax control takes percentages by country only", async () => {
  expect(await scene.control("/_sandbox/tax", { percentages: { DE: 19, FR: 20 } })).toEqual({
    percentages: { DE: 19, FR: 20 },
  });
  const read = await fetch(`${scene.url}/_sandbox/tax`);
  expect(await read.json()).toEqual({ percentages: { DE: 19, FR: 20 } });
  for (const percentages of [{ Germany: 19 }, { DE: 101 }, { DE: "19" }, null]) {
    await expect(scene.control("/_sandbox/tax", { percentages })).rejects.toThrow("400");
  }
});

test("a session computes its tax where the person says they are, and keeps the address if it is set to", async () => {
  await scene.control("/_sandbox/tax", { percentages: { DE: 19 } });
  const customer = await scene.customer();
  const automatic_tax = { enabled: true };
  await expect(session({ customer, automatic_tax })).rejects.toMatchObject({
    code: "customer_tax_location_invalid",
  });
  const open = await session({ customer, automatic_tax, customer_update: { address: "auto" } });
  expect(open).toMatchObject({
    amount_total: 2900,
    automatic_tax: { enabled: true, status: "requires_location_inputs" },
  });
  const complete = `/_sandbox/checkout/${open.id}/complete`;
  await expect(scene.control(complete, {})).rejects.toThrow("customer_tax_location_invalid");
  const paid = await scene.control(complete, { country: "DE" });
  expect(paid).toMatchObject({
    amount_total: 3451,
    total_details: { amount_tax: 551 },
    automatic_tax: { status: "complete" },
    customer_details: { address: { country: "DE" } },
  });
  expect(await scene.stripe.customers.retrieve(customer)).toMatchObject({ address: { country: "DE" } });
});

test("a session without a customer keeps what the person fills in on the new one", async () => {
  await scene.control("/_sandbox/tax", { percentages: { DE: 19 } });
  const open = await session({ customer_email: "ada@example.com", automatic_tax: { enabled: true } });
  const filled = { country: "DE", name: "Ada GmbH" };
  const { customer } = await scene.control(`/_sandbox/checkout/${open.id}/complete`, filled);
  expect(await scene.stripe.customers.retrieve(String(customer))).toMatchObject({
    name: "Ada GmbH",
    address: { country: "DE" },
  });
});

test("a session's own rates are those of its lines and of its subscription", async () => {
  const [vat, reduced] = [await rate(19), await rate(7)];
  const pro = await scene.price("Pro", 1000);
  const book = await scene.price("Book", 1000);
  const open = await session({
    customer: await scene.customer(),
    line_items: [
      { price: pro, quantity: 1 },
      { price: book, quantity: 1, tax_rates: [reduced] },
    ],
    subscription_data: { default_tax_rates: [vat] },
  });
  expect(open).toMatchObject({
    amount_subtotal: 2000,
    amount_total: 2260,
    total_details: { amount_tax: 260 },
  });
  const paid = await scene.control(`/_sandbox/checkout/${open.id}/complete`, {});
  expect(paid).toMatchObject({ amount_total: 2260, payment_status: "paid" });
});

test("tax ids are collected where the session asks for them", async () => {
  const customer = await scene.customer();
  const tax_id_collection = { enabled: true };
  await expect(session({ customer, tax_id_collection })).rejects.toMatchObject({
    param: "tax_id_collection",
  });
  const open = await session({ customer, tax_id_collection, customer_update: { name: "auto" } });
  expect(open.tax_id_collection).toEqual({ enabled: true, required: "never" });
  const taxId = { type: "eu_vat", value: "DE123456789" };
  const paid = await scene.control(`/_sandbox/checkout/${open.id}/complete`, { taxId, name: "Ada GmbH" });
  expect(paid).toMatchObject({ customer_details: { tax_ids: [taxId], name: "Ada GmbH" } });
  const plain = await session({ customer });
  const unasked = scene.control(`/_sandbox/checkout/${plain.id}/complete`, { taxId });
  await expect(unasked).rejects.toThrow("sandbox_field_not_asked");
});
