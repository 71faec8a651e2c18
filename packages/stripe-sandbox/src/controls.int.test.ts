import { get } from "node:http";
import type Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { monthly, openWorkbench, payingCustomer, until, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.close());

interface ShownEvent {
  id: string;
  type: string;
  deliveries: { state: string; attempts: number; lastResult: string | null }[];
}

const read = async <Body>(path: string): Promise<Body> =>
  (await (await fetch(`${bench.url}${path}`)).json()) as Body;

const shownEvents = async (query = ""): Promise<ShownEvent[]> =>
  (await read<{ events: ShownEvent[] }>(`/_sandbox/events${query}`)).events;

const subscribe = async (amount = 2900, trial = 0): Promise<Stripe.Subscription> => {
  const customer = await payingCustomer(bench.stripe);
  const price = await monthly(bench.stripe, amount);
  return bench.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    metadata: { organization_id: "org_1" },
    ...(trial > 0 && { trial_period_days: trial }),
  });
};

const statusOf = async ({ id }: { id: string }): Promise<string> =>
  (await bench.stripe.subscriptions.retrieve(id)).status;

/** To the renewal, and past the hour for which its invoice is a draft. */
const renew = async (): Promise<void> => {
  await bench.advance({ by: "1 month" });
  await bench.advance({ by: "1h" });
};

test("events are listed newest first, with how far each one is on its way", async () => {
  const { stripe, receiver } = bench;
  receiver.answer(() => 503);
  const customer = await stripe.customers.create({ name: "Acme" });
  await until(async () => (await shownEvents())[0]?.deliveries[0]?.lastResult === "503");
  const [pending] = await shownEvents();
  expect(pending).toMatchObject({
    type: "customer.created",
    object: customer.id,
    customer: customer.id,
    deliveries: [{ endpoint: "we_sandbox", url: receiver.url, state: "pending", lastResult: "503" }],
  });
  receiver.answer(() => 200);
  await stripe.products.create({ name: "P" });
  await until(async () => (await shownEvents()).every(({ deliveries: [one] }) => one?.state === "delivered"));
  const [newest, oldest] = await shownEvents();
  expect([newest?.type, oldest?.type]).toEqual(["product.created", "customer.created"]);
  expect(newest?.deliveries).toMatchObject([{ attempts: 1, lastResult: "200" }]);
  expect(oldest?.deliveries[0]?.attempts).toBeGreaterThan(1);
  expect(await shownEvents("?limit=1")).toEqual([newest]);
  for (const limit of ["0", "101", "x"]) {
    expect(await read(`/_sandbox/events?limit=${limit}`)).toMatchObject({ error: expect.any(Object) });
  }
});

test("events are delivered once more in exactly the order that was asked for", async () => {
  const { stripe, receiver } = bench;
  for (const name of ["a", "b", "c"]) await stripe.products.create({ name });
  await until(() => receiver.all.length === 3);
  const [a, b, c] = (await shownEvents()).toReversed().map(({ id }) => id);
  const asked = [c, a, c, b, a];
  receiver.answer((count) => (count === 6 ? 500 : 200));
  const { status, body } = await bench.control("/_sandbox/events/deliver", { ids: asked });
  expect(status).toBe(200);
  expect(receiver.all.slice(3).map(({ id }) => id)).toEqual(asked);
  expect(body.deliveries).toEqual(
    asked.map((id, index) => ({ id, endpoint: "we_sandbox", result: index === 3 ? "500" : "200" })),
  );
  const states = (await shownEvents()).map(({ deliveries: [one] }) => one);
  expect(states).toMatchObject([
    { state: "delivered", attempts: 3 },
    { state: "delivered", attempts: 2 },
    { state: "delivered", attempts: 3 },
  ]);
  // What failed out of turn had arrived before: nobody sends it again.
  expect((await stripe.events.list({ delivery_success: false })).data).toEqual([]);
  expect((await bench.control("/_sandbox/events/deliver", { ids: [a, "evt_none"] })).status).toBe(404);
  for (const ids of [undefined, [], "evt_1", [1]]) {
    expect((await bench.control("/_sandbox/events/deliver", { ids })).status).toBe(400);
  }
  expect(receiver.all).toHaveLength(8);
});

test("the next automatic payment fails whatever the card is, and the one after it does not", async () => {
  const subscription = await subscribe();
  const other = await subscribe();
  const asked = await bench.control("/_sandbox/payments/fail", { subscription: subscription.id });
  const waiting = { failures: [{ customer: null, subscription: subscription.id, left: 1 }] };
  expect(asked).toEqual({ status: 200, body: waiting });
  // A preview collects nothing, and what a request pays follows its card.
  await bench.stripe.invoices.createPreview({ subscription: subscription.id });
  await bench.stripe.subscriptions.update(subscription.id, {
    items: [{ id: subscription.items.data[0]?.id ?? "", quantity: 2 }],
    proration_behavior: "always_invoice",
  });
  expect(await read("/_sandbox/payments/fail")).toEqual(waiting);
  await renew();
  expect([await statusOf(subscription), await statusOf(other)]).toEqual(["past_due", "active"]);
  expect(await read("/_sandbox/payments/fail")).toEqual({ failures: [] });
  await bench.advance({ by: "3d" });
  expect(await statusOf(subscription)).toBe("active");
});

test("several payments of a customer fail, until that is taken back", async () => {
  const subscription = await subscribe();
  const customer = String(subscription.customer);
  await bench.control("/_sandbox/payments/fail", { customer, times: 3 });
  await renew();
  await bench.advance({ by: "3d" });
  expect(await statusOf(subscription)).toBe("past_due");
  expect(await read("/_sandbox/payments/fail")).toMatchObject({ failures: [{ customer, left: 1 }] });
  await fetch(`${bench.url}/_sandbox/payments/fail`, { method: "DELETE" });
  await bench.advance({ by: "5d" });
  expect(await statusOf(subscription)).toBe("active");
  for (const body of [{ times: 0 }, { times: "2" }, { customer: 1 }, { card: "x" }]) {
    expect((await bench.control("/_sandbox/payments/fail", body)).status).toBe(400);
  }
  expect((await bench.control("/_sandbox/payments/fail", { customer: "cus_none" })).status).toBe(400);
  expect(await read("/_sandbox/payments/fail")).toEqual({ failures: [] });
});

test("subscriptions that have not ended are listed with the instants worth going to", async () => {
  const trial = await subscribe(2900, 14);
  const ended = await subscribe();
  await bench.stripe.subscriptions.cancel(ended.id);
  const trialEnd = new Date((trial.trial_end ?? 0) * 1000).toISOString();
  expect(await read("/_sandbox/subscriptions")).toEqual({
    subscriptions: [
      {
        id: trial.id,
        customer: trial.customer,
        customerName: "Ada",
        status: "trialing",
        metadata: { organization_id: "org_1" },
        currentPeriodEnd: trialEnd,
        trialEnd,
        cancelAt: null,
      },
    ],
  });
});

test("pages of this machine may use the controls, and those of others and Stripe's API may not", async () => {
  const asked = (path: string, origin: string, method: string) =>
    fetch(`${bench.url}${path}`, { method, headers: { origin } });
  const allowed = async (path: string, origin: string, method: string) => {
    const response = await asked(path, origin, method);
    return [response.status, response.headers.get("access-control-allow-origin")];
  };
  const near = "http://127.0.0.1:4400";
  expect(await allowed("/_sandbox/clock", near, "GET")).toEqual([200, near]);
  expect(await allowed("/_sandbox/payments/fail", near, "POST")).toEqual([200, near]);
  expect(await allowed("/_sandbox/payments/fail", near, "OPTIONS")).toEqual([204, near]);
  expect(await allowed("/_sandbox/events/evt_1/resend", "http://localhost:5173", "POST")).toEqual([
    404,
    "http://localhost:5173",
  ]);
  for (const far of ["http://evil.test", "http://localhost.evil.test", "https://127.0.0.1:4400", "null"]) {
    expect(await allowed("/_sandbox/clock", far, "GET")).toEqual([200, null]);
    expect(await allowed("/_sandbox/payments/fail", far, "POST")).toEqual([403, null]);
    expect(await allowed("/_sandbox/payments/fail", far, "OPTIONS")).toEqual([403, null]);
  }
  for (const path of ["/v1/customers", "/checkout/cs_1", "/livez"]) {
    expect((await allowed(path, near, "GET"))[1]).toBeNull();
  }
  expect((await allowed("/v1/customers", near, "OPTIONS"))[1]).toBeNull();
  expect(await allowed("/checkout/cs_1/pay", near, "POST")).toEqual([403, null]);
});

test("answers nobody who comes by a public name that was made to lead here", async () => {
  const status = (host: string) =>
    new Promise((resolve, reject) => {
      get(`${bench.url}/_sandbox/clock`, { headers: { host } }, (response) =>
        resolve(response.resume().statusCode),
      ).on("error", reject);
    });
  for (const host of ["evil.test", "evil.test:4410", "127.0.0.1.evil.test", "localhost.evil.test"]) {
    expect([host, await status(host)]).toEqual([host, 403]);
  }
  for (const host of ["127.0.0.1:4410", "localhost", "[::1]:4410", "stripe:4410", "host.docker.internal"]) {
    expect([host, await status(host)]).toEqual([host, 200]);
  }
});
