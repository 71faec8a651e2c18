import { afterEach, beforeEach, expect, test } from "vitest";
import { monthly, openWorkbench, payingCustomer, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench({ webhookUrl: undefined });
});
afterEach(() => bench.close());

async function raw(path: string, init: RequestInit = {}) {
  const response = await fetch(`${bench.url}${path}`, {
    ...init,
    headers: { authorization: "Bearer sk_test_raw", ...init.headers },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function customers(): Promise<number> {
  return (await bench.stripe.customers.list()).data.length;
}

test("what a DELETE says in its body is read, as curl -d sends it", async () => {
  const price = await monthly(bench.stripe, 3100);
  const { id: customer } = await payingCustomer(bench.stripe);
  const { id } = await bench.stripe.subscriptions.create({ customer, items: [{ price: price.id }] });
  const unknown = await raw(`/v1/subscriptions/${id}`, { method: "DELETE", body: "nonsense=1" });
  expect(unknown).toMatchObject({ status: 400, body: { error: { code: "parameter_unknown" } } });
  const body = "cancellation_details[comment]=too+late";
  const ended = await raw(`/v1/subscriptions/${id}`, { method: "DELETE", body });
  expect(ended).toMatchObject({ status: 200, body: { cancellation_details: { comment: "too late" } } });
  const again = await raw(`/v1/subscriptions/${id}`, { method: "DELETE" });
  expect(again).toMatchObject({
    status: 404,
    body: { error: { code: "resource_missing", param: "id", message: `No such subscription: '${id}'` } },
  });
});

test("what a POST says in its address is read, and is part of what its idempotency key stands for", async () => {
  const post = (query: string, key: string) =>
    raw(`/v1/customers?${query}`, { method: "POST", body: "name=Ada", headers: { "idempotency-key": key } });
  expect((await post("nonsense=1", "a")).body).toMatchObject({ error: { code: "parameter_unknown" } });
  expect((await post("email=ada%40example.com", "b")).body).toMatchObject({
    name: "Ada",
    email: "ada@example.com",
  });
  expect((await post("email=bob%40example.com", "b")).body).toMatchObject({
    error: { type: "idempotency_error" },
  });
  expect(await customers()).toBe(1);
});

test("an idempotency key has at most 255 characters, and an empty one is none", async () => {
  const create = (key: string) =>
    raw("/v1/customers", { method: "POST", headers: { "idempotency-key": key } });
  expect(await create("k".repeat(256))).toMatchObject({
    status: 400,
    body: { error: { type: "invalid_request_error" } },
  });
  expect(await customers()).toBe(0);
  expect((await create("k".repeat(255))).status).toBe(200);
  expect((await create("")).body.id).not.toBe((await create("")).body.id);
});

test("a request for another account is refused, and makes nothing in this one", async () => {
  for (const name of ["stripe-account", "stripe-context"]) {
    const answer = await raw("/v1/customers", { method: "POST", headers: { [name]: "acct_1" } });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "sandbox_unsupported" } } });
  }
  expect(await customers()).toBe(0);
});

test("search is refused by its name, not taken for an id", async () => {
  for (const noun of ["customers", "products", "prices", "subscriptions", "invoices"]) {
    const answer = await raw(`/v1/${noun}/search?query=x`);
    expect(answer.status).toBe(404);
    expect(JSON.stringify(answer.body)).toContain(`/v1/${noun}/search), or one this sandbox does not serve`);
  }
});

test("a currency that is none is refused wherever one is taken", async () => {
  const { id: product } = await bench.stripe.products.create({ name: "Pro" });
  const price = bench.stripe.prices.create({ product, currency: "zzz", unit_amount: 5 });
  await expect(price).rejects.toMatchObject({ statusCode: 400, param: "currency" });
  const coupon = bench.stripe.coupons.create({ amount_off: 5, currency: "dollars" });
  await expect(coupon).rejects.toMatchObject({ statusCode: 400, param: "currency" });
  const { currency } = await bench.stripe.prices.create({ product, currency: "JPY", unit_amount: 5 });
  expect(currency).toBe("jpy");
});

test("a subscription or a session in another currency than its price's is refused", async () => {
  const price = await monthly(bench.stripe, 3100);
  const { id: customer } = await payingCustomer(bench.stripe);
  const start = (currency: string) =>
    bench.stripe.subscriptions.create({ customer, currency, items: [{ price: price.id }] });
  const session = bench.stripe.checkout.sessions.create({
    mode: "subscription",
    currency: "eur",
    success_url: "http://127.0.0.1/",
    line_items: [{ price: price.id, quantity: 1 }],
  });
  await expect(session).rejects.toMatchObject({ statusCode: 400, param: "currency" });
  await expect(start("eur")).rejects.toMatchObject({ statusCode: 400, param: "currency" });
  expect((await start("USD")).currency).toBe("usd");
});

test("an address or a body that cannot be read is the client's fault", async () => {
  const bad = "%E0%A4%A";
  expect(await raw(`/v1/customers/${bad}`)).toMatchObject({
    status: 404,
    body: { error: { code: "resource_missing" } },
  });
  expect((await raw(`/_sandbox/events/${bad}/resend`, { method: "POST", body: "{}" })).status).toBe(404);
  expect((await fetch(`${bench.url}/checkout/${bad}`)).status).toBe(404);
  const body = `{"name":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  expect(await raw("/v2/core/event_destinations", { method: "POST", body })).toMatchObject({
    status: 400,
    body: { error: { type: "invalid_request_error" } },
  });
});
