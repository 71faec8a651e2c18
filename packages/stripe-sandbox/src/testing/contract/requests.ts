import type Stripe from "stripe";
import { expect, test } from "vitest";
import type { Target } from "./target.ts";

const key = (): string => `contract:${crypto.randomUUID()}`;

/** How requests behave, whatever they are about. */
export function requestContract(target: () => Target): void {
  test("the same idempotency key and parameters answer the same object, and make one", async () => {
    const { stripe, startClock } = target();
    const { id: customer } = await (await startClock()).customer();
    const options = { idempotencyKey: key() };
    const params = { customer, amount: 100, currency: "usd", description: "once" };
    const first = await stripe.invoiceItems.create(params, options);
    const second = await stripe.invoiceItems.create(params, options);
    expect(second.id).toBe(first.id);
    expect(second.lastResponse.headers["idempotent-replayed"]).toBe("true");
    expect((await stripe.invoiceItems.list({ customer })).data).toHaveLength(1);
  });

  test("the same idempotency key with other parameters is refused", async () => {
    const { stripe, startClock } = target();
    const clock = await startClock();
    const [a, b] = [await clock.customer(), await clock.customer()];
    const options = { idempotencyKey: key() };
    await stripe.customers.update(a.id, { name: "A" }, options);
    const error = { type: "StripeIdempotencyError", statusCode: 400 };
    await expect(stripe.customers.update(a.id, { name: "B" }, options)).rejects.toMatchObject(error);
    await expect(stripe.customers.update(b.id, { name: "A" }, options)).rejects.toMatchObject(error);
  });

  test("lists go both ways by cursors, newest first", async () => {
    const { stripe, startClock } = target();
    const { id: customer } = await (await startClock()).customer();
    const ids: string[] = [];
    for (let n = 1; n <= 5; n += 1) {
      ids.unshift((await stripe.invoiceItems.create({ customer, amount: n, currency: "usd" })).id);
    }
    const idsOf = (page: Stripe.ApiList<{ id: string }>): string[] => page.data.map(({ id }) => id);
    const first = await stripe.invoiceItems.list({ customer, limit: 2 });
    expect([idsOf(first), first.has_more]).toEqual([ids.slice(0, 2), true]);
    const rest = await stripe.invoiceItems.list({ customer, limit: 3, starting_after: String(ids[1]) });
    expect([idsOf(rest), rest.has_more]).toEqual([ids.slice(2), false]);
    const back = await stripe.invoiceItems.list({ customer, limit: 2, ending_before: String(ids[4]) });
    expect([idsOf(back), back.has_more]).toEqual([ids.slice(2, 4), true]);
    const all = await stripe.invoiceItems.list({ customer, limit: 2 }).autoPagingToArray({ limit: 10 });
    expect(all.map(({ id }) => id)).toEqual(ids);
    await expect(stripe.invoiceItems.list({ limit: 101 })).rejects.toMatchObject({ statusCode: 400 });
  });

  test("expand puts the object where its id was, and refuses what is no object", async () => {
    const { stripe, startClock } = target();
    const { id: customer } = await (await startClock()).customer({ name: "Ada" });
    const item = await stripe.invoiceItems.create({ customer, amount: 1, currency: "usd" });
    const expanded = await stripe.invoiceItems.retrieve(item.id, { expand: ["customer"] });
    expect(expanded.customer).toMatchObject({ object: "customer", name: "Ada" });
    const listed = await stripe.invoiceItems.list({ customer, expand: ["data.customer"] });
    expect(listed.data[0]?.customer).toMatchObject({ id: customer });
    const wrong = stripe.invoiceItems.retrieve(item.id, { expand: ["amount"] });
    await expect(wrong).rejects.toMatchObject({ type: "StripeInvalidRequestError", statusCode: 400 });
  });

  test("what is not there is a 404 at its own address, and a 400 as a parameter", async () => {
    const { stripe } = target();
    const missing = { type: "StripeInvalidRequestError", code: "resource_missing" };
    await expect(stripe.customers.retrieve("cus_none")).rejects.toMatchObject({
      ...missing,
      statusCode: 404,
      param: "id",
    });
    const reference = stripe.invoiceItems.create({ customer: "cus_none", amount: 1, currency: "usd" });
    await expect(reference).rejects.toMatchObject({ ...missing, statusCode: 400, param: "customer" });
  });

  test("an unknown, a missing and a malformed parameter are named", async () => {
    const { stripe } = target();
    const unknown = { colour: "red" } as Stripe.CustomerCreateParams;
    await expect(stripe.customers.create(unknown)).rejects.toMatchObject({
      statusCode: 400,
      code: "parameter_unknown",
      param: "colour",
    });
    await expect(stripe.products.create({} as Stripe.ProductCreateParams)).rejects.toMatchObject({
      statusCode: 400,
      code: "parameter_missing",
      param: "name",
    });
    const malformed = { limit: "many" as unknown as number };
    await expect(stripe.customers.list(malformed)).rejects.toMatchObject({ statusCode: 400, param: "limit" });
  });

  test("every answer names its request and the version", async () => {
    const { lastResponse } = await target().stripe.products.list({ limit: 1 });
    expect(lastResponse.requestId).toMatch(/^req_/);
    expect(lastResponse.apiVersion ?? lastResponse.headers["stripe-version"]).toBeTruthy();
  });

  test("a webhook is signed with the secret of its endpoint", async (context) => {
    const { stripe, webhooks, product } = target();
    if (!webhooks) return context.skip("a real account cannot reach this machine");
    const endpoint = await stripe.webhookEndpoints.create({
      url: webhooks.url,
      enabled_events: ["product.created"],
    });
    const { id } = await product();
    await expect.poll(() => webhooks.bodies.length).toBe(1);
    const [{ body, signature } = { body: "", signature: "" }] = webhooks.bodies;
    const event = stripe.webhooks.constructEvent(body, signature, String(endpoint.secret));
    expect(event).toMatchObject({ type: "product.created", data: { object: { id } } });
    expect(() => stripe.webhooks.constructEvent(`${body} `, signature, String(endpoint.secret))).toThrow();
    expect(() => stripe.webhooks.constructEvent(body, signature, "whsec_other")).toThrow();
    await stripe.webhookEndpoints.del(endpoint.id);
  });
}
