import Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clientOf, monthly, openWorkbench, payingCustomer, type Workbench } from "./testing/workbench.ts";
import { apiVersion } from "./version.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench({ webhookUrl: undefined });
});
afterEach(() => bench.close());

const port = (url: string) => Number(new URL(url).port);

async function raw(
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${bench.url}${path}`, {
    ...init,
    headers: { authorization: "Bearer sk_test_raw", ...init.headers },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test("the API version is the one the package pins, and another is refused", async () => {
  expect(apiVersion).toBe(Stripe.API_VERSION);
  const customer = await bench.stripe.customers.create();
  expect(customer.lastResponse.headers["stripe-version"]).toBe(apiVersion);
  expect(customer.lastResponse.requestId).toMatch(/^req_/);
  expect((await raw("/v1/customers", { headers: { "stripe-version": "2020-08-27" } })).status).toBe(400);
});

test("any test key is taken; none, a wrong one and a live one are 401", async () => {
  await clientOf({ port: port(bench.url) }, "sk_test_another").customers.list();
  for (const key of ["sk_live_abc", "nonsense"]) {
    const refused = clientOf({ port: port(bench.url) }, key).customers.list();
    await expect(refused).rejects.toMatchObject({ type: "StripeAuthenticationError", statusCode: 401 });
  }
  expect((await raw("/v1/customers", { headers: { authorization: "" } })).status).toBe(401);
});

test("a missing object is a 404 shaped as Stripe shapes it", async () => {
  await expect(bench.stripe.customers.retrieve("cus_none")).rejects.toMatchObject({
    type: "StripeInvalidRequestError",
    statusCode: 404,
    code: "resource_missing",
    param: "id",
    message: "No such customer: 'cus_none'",
  });
  const price = await monthly(bench.stripe, 100);
  const reference = bench.stripe.subscriptions.create({ customer: "cus_none", items: [{ price: price.id }] });
  await expect(reference).rejects.toMatchObject({
    statusCode: 400,
    code: "resource_missing",
    param: "customer",
  });
});

test("an unknown parameter is refused at any depth, and so is what the sandbox does not do", async () => {
  const create = (body: Record<string, string>) =>
    raw("/v1/customers", { method: "POST", body: new URLSearchParams(body) });
  expect(await create({ nickname: "x" })).toMatchObject({
    status: 400,
    body: { error: { code: "parameter_unknown", param: "nickname", type: "invalid_request_error" } },
  });
  expect(await create({ "invoice_settings[colour]": "x" })).toMatchObject({
    body: { error: { code: "parameter_unknown", param: "invoice_settings[colour]" } },
  });
  expect(await create({ source: "tok_visa" })).toMatchObject({
    body: { error: { code: "sandbox_unsupported" } },
  });
});

test("missing and malformed parameters are named", async () => {
  const { stripe } = bench;
  await expect(stripe.prices.create({} as Stripe.PriceCreateParams)).rejects.toMatchObject({
    code: "parameter_missing",
    param: "currency",
  });
  const product = await stripe.products.create({ name: "P" });
  const malformed = { currency: "usd", product: product.id, unit_amount: "1.5" as unknown as number };
  await expect(stripe.prices.create(malformed)).rejects.toMatchObject({ code: "parameter_invalid_integer" });
});

test("an unknown address is a 404 that says so", async () => {
  expect(await raw("/v1/nothing")).toMatchObject({
    status: 404,
    body: { error: { type: "invalid_request_error" } },
  });
  expect((await raw("/nothing").catch(() => ({ status: 0 }))).status).not.toBe(200);
});

test("a body above 1 MiB is refused", async () => {
  const body = `name=${"x".repeat(1_100_000)}`;
  const answer = await raw("/v1/customers", { method: "POST", body }).catch(() => ({ status: 413 }));
  expect(answer.status).toBe(413);
});

test("the same key and parameters answer the same again, and do it once", async () => {
  const { stripe } = bench;
  const options = { idempotencyKey: "cus:org_1" };
  const first = await stripe.customers.create({ name: "Ada" }, options);
  const second = await stripe.customers.create({ name: "Ada" }, options);
  expect(second).toEqual(first);
  expect(second.lastResponse.headers["idempotent-replayed"]).toBe("true");
  expect(second.lastResponse.headers["original-request"]).toBe(first.lastResponse.requestId);
  expect(first.lastResponse.headers["idempotent-replayed"]).toBeUndefined();
  expect((await stripe.customers.list()).data).toHaveLength(1);
});

test("the same key with other parameters, or elsewhere, is an idempotency_error", async () => {
  const { stripe } = bench;
  const options = { idempotencyKey: "k1" };
  await stripe.customers.create({ name: "Ada" }, options);
  const error = { type: "StripeIdempotencyError", statusCode: 400 };
  await expect(stripe.customers.create({ name: "Bob" }, options)).rejects.toMatchObject(error);
  await expect(stripe.products.create({ name: "Ada" }, options)).rejects.toMatchObject(error);
});

test("a refused request frees its key, a declined card keeps it", async () => {
  const { stripe } = bench;
  const options = { idempotencyKey: "k2" };
  await expect(stripe.products.create({} as Stripe.ProductCreateParams, options)).rejects.toThrow();
  await stripe.products.create({ name: "Now right" }, options);

  const customer = await payingCustomer(stripe, "pm_card_chargeCustomerFail");
  const price = await monthly(stripe, 100);
  const params = {
    customer: customer.id,
    items: [{ price: price.id }],
    payment_behavior: "error_if_incomplete" as const,
  };
  const key = { idempotencyKey: "k3" };
  const first = await stripe.subscriptions.create(params, key).catch((error) => error);
  const second = await stripe.subscriptions.create(params, key).catch((error) => error);
  expect(first).toMatchObject({ code: "card_declined" });
  expect(second).toMatchObject({ code: "card_declined", headers: { "idempotent-replayed": "true" } });
});

test("an event names the request and key that caused it", async () => {
  const customer = await bench.stripe.customers.create({}, { idempotencyKey: "k4" });
  const [event] = (await bench.stripe.events.list()).data;
  expect(event).toMatchObject({
    api_version: apiVersion,
    livemode: false,
    pending_webhooks: 0,
    request: { id: customer.lastResponse.requestId, idempotency_key: "k4" },
  });
});

test("lists page by cursors in both directions", async () => {
  const { stripe } = bench;
  const ids: string[] = [];
  for (let n = 0; n < 7; n += 1) ids.unshift((await stripe.customers.create({ name: `n${n}` })).id);
  const first = await stripe.customers.list({ limit: 3 });
  expect(first).toMatchObject({ object: "list", has_more: true, url: "/v1/customers" });
  expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 3));
  const second = await stripe.customers.list({ limit: 3, starting_after: String(ids[2]) });
  expect(second.data.map(({ id }) => id)).toEqual(ids.slice(3, 6));
  const last = await stripe.customers.list({ limit: 3, starting_after: String(ids[5]) });
  expect(last).toMatchObject({ has_more: false, data: [{ id: ids[6] }] });
  const back = await stripe.customers.list({ limit: 2, ending_before: String(ids[5]) });
  expect(back).toMatchObject({ has_more: true, data: [{ id: ids[3] }, { id: ids[4] }] });
  const all = await stripe.customers.list({ limit: 2 }).autoPagingToArray({ limit: 100 });
  expect(all.map(({ id }) => id)).toEqual(ids);
  const since: string[] = [];
  for await (const { id } of stripe.customers.list({ limit: 2, ending_before: String(ids[6]) }))
    since.push(id);
  expect(since).toEqual(ids.slice(0, 6).reverse());
  await expect(stripe.customers.list({ starting_after: "cus_none" })).rejects.toMatchObject({
    param: "starting_after",
  });
  await expect(stripe.customers.list({ limit: 101 })).rejects.toMatchObject({ param: "limit" });
});

test("expand reaches into objects, lists and items, four levels deep and no deeper", async () => {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe);
  const price = await monthly(stripe, 100);
  const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  const one = await stripe.subscriptions.retrieve(id, {
    expand: [
      "customer.invoice_settings.default_payment_method",
      "items.data.price.product",
      "latest_invoice",
    ],
  });
  expect(one).toMatchObject({
    customer: {
      object: "customer",
      invoice_settings: { default_payment_method: { card: { last4: "4242" } } },
    },
    items: { data: [{ price: { product: { name: "Pro" } } }] },
    latest_invoice: { object: "invoice", status: "paid" },
  });
  const many = await stripe.subscriptions.list({ expand: ["data.customer", "data.latest_invoice"] });
  expect(many.data[0]).toMatchObject({
    customer: { id: customer.id },
    latest_invoice: { object: "invoice" },
  });
  expect(await stripe.customers.retrieve(customer.id, { expand: ["subscriptions"] })).toMatchObject({
    subscriptions: { data: [{ id }] },
  });
  const tooDeep = stripe.subscriptions.list({ expand: ["data.items.data.price.product"] });
  await expect(tooDeep).rejects.toMatchObject({ param: "expand" });
  await expect(stripe.subscriptions.retrieve(id, { expand: ["status"] })).rejects.toMatchObject({
    param: "expand",
  });
});

test("a hundred creations at once keep their order and lose nothing", async () => {
  const { stripe } = bench;
  await Promise.all(Array.from({ length: 100 }, (_, n) => stripe.customers.create({ name: `n${n}` })));
  const all = await stripe.customers.list({ limit: 100 });
  expect(new Set(all.data.map(({ name }) => name)).size).toBe(100);
  const events = await stripe.events.list({ limit: 100, type: "customer.created" });
  expect(events.data.map(({ data }) => (data.object as Stripe.Customer).id)).toEqual(
    all.data.map(({ id }) => id),
  );
});
