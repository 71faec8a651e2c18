import Stripe from "stripe";
import { expect, test } from "vitest";
import type { Target } from "./target.ts";

/** Customers, products, prices, checkout and portal sessions. */
export function objectContract(target: () => Target): void {
  test("a customer keeps what it is given, patches metadata key by key, and is deleted", async () => {
    const { stripe, startClock } = target();
    const made = await (await startClock()).customer({ name: "Ada", metadata: { a: "1", b: "2" } });
    expect(made).toMatchObject({ object: "customer", name: "Ada", livemode: false });
    const updated = await stripe.customers.update(made.id, {
      email: "ada@example.com",
      metadata: { a: "", c: "3" },
    });
    expect(updated).toMatchObject({ name: "Ada", email: "ada@example.com", metadata: { b: "2", c: "3" } });
    expect(Object.keys(updated.metadata)).not.toContain("a");
    expect(await stripe.customers.del(made.id)).toMatchObject({ id: made.id, deleted: true });
    expect(await stripe.customers.retrieve(made.id)).toMatchObject({ id: made.id, deleted: true });
  });

  test("an address has all its parts", async () => {
    const made = await (await target().startClock()).customer({ address: { country: "US" } });
    expect(made.address).toEqual({
      city: null,
      country: "US",
      line1: null,
      line2: null,
      postal_code: null,
      state: null,
    });
  });

  test("a product with prices cannot be deleted, one without can", async () => {
    const { stripe, product } = target();
    const [sold, bare] = [await product(), await stripe.products.create({ name: "Contract, bare" })];
    await stripe.prices.create({ product: sold.id, currency: "usd", unit_amount: 100 });
    await expect(stripe.products.del(sold.id)).rejects.toMatchObject({ statusCode: 400 });
    expect(await stripe.products.del(bare.id)).toMatchObject({ deleted: true });
  });

  test("prices: exact decimals, and a lookup key that moves only when it is told to", async () => {
    const { stripe, product } = target();
    const base = {
      product: (await product()).id,
      currency: "usd",
      recurring: { interval: "month" as const },
    };
    const exact = await stripe.prices.create({ ...base, unit_amount_decimal: Stripe.Decimal.from("0.25") });
    expect([exact.unit_amount, String(exact.unit_amount_decimal)]).toEqual([null, "0.25"]);
    const lookup = `contract_${crypto.randomUUID()}`;
    const first = await stripe.prices.create({ ...base, unit_amount: 1000, lookup_key: lookup });
    expect(first).toMatchObject({ type: "recurring", unit_amount: 1000, recurring: { interval_count: 1 } });
    const next = { ...base, unit_amount: 2000, lookup_key: lookup };
    await expect(stripe.prices.create(next)).rejects.toMatchObject({ statusCode: 400, param: "lookup_key" });
    const second = await stripe.prices.create({ ...next, transfer_lookup_key: true });
    expect((await stripe.prices.list({ lookup_keys: [lookup] })).data.map(({ id }) => id)).toEqual([
      second.id,
    ]);
    expect((await stripe.prices.retrieve(first.id)).lookup_key).toBeNull();
  });

  test("a checkout session is open with an address, lists what it sells, and expires once", async () => {
    const { stripe, product } = target();
    const { id: price } = await stripe.prices.create({
      product: (await product({ name: "Pro" })).id,
      currency: "usd",
      unit_amount: 1500,
      recurring: { interval: "month" },
    });
    const session = await stripe.checkout.sessions.create({
      mode: "subscription",
      line_items: [{ price, quantity: 2 }],
      success_url: "https://example.com/done",
      client_reference_id: "org_1",
    });
    expect(session).toMatchObject({
      status: "open",
      payment_status: "unpaid",
      amount_total: 3000,
      subscription: null,
      client_reference_id: "org_1",
    });
    expect(session.url).toMatch(/^https?:/);
    const lines = await stripe.checkout.sessions.listLineItems(session.id);
    expect(lines.data).toMatchObject([{ quantity: 2, amount_total: 3000, price: { id: price } }]);
    expect(await stripe.checkout.sessions.expire(session.id)).toMatchObject({ status: "expired", url: null });
    await expect(stripe.checkout.sessions.expire(session.id)).rejects.toMatchObject({ statusCode: 400 });
  });

  test("a portal session leads to a page and back", async () => {
    const { stripe, startClock } = target();
    const { id: customer } = await (await startClock()).customer();
    const session = await stripe.billingPortal.sessions.create({
      customer,
      return_url: "https://example.com/back",
    });
    expect(session).toMatchObject({ customer, return_url: "https://example.com/back" });
    expect(session.url).toMatch(/^https?:/);
  });
}
