import { monthly, payingCustomer } from "@headroom/stripe-sandbox/testing/workbench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStripeBench, type StripeBench } from "../testing/stripe-bench.ts";
import { forWaitingPerson, StripeFault } from "./faults.ts";
import { createStripeGateway } from "./live.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench();
});
afterAll(() => bench?.close());

const gateway = () => createStripeGateway({ secretKey: "sk_test_bench", apiBase: bench.sandboxUrl });

async function faultOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => null,
    (fault: unknown) => fault,
  );
  return error instanceof StripeFault ? error.kind : String(error);
}

test("errors are sorted by what the caller can do", async () => {
  const stripe = gateway();
  expect(await faultOf(stripe.fetchInvoice("in_none"))).toBe("missing");
  const price = {
    meterId: null,
    productId: "none",
    lookupKey: "k",
    currency: "usd",
    interval: "month",
    unitAmount: "1",
  } as const;
  expect(await faultOf(stripe.createPrice({ ...price, metadata: {} }, "key-1"))).toBe("missing");
  const product = { ...price, productId: "headroom_pro_plan", metadata: {} };
  expect(
    await faultOf(stripe.createPrice({ ...product, lookupKey: "headroom_pro_v1_plan_month_usd" }, "key-2")),
  ).toBe("refused");
  await stripe.createPrice(product, "key-3");
  expect(await faultOf(stripe.createPrice({ ...product, unitAmount: "2" }, "key-3"))).toBe("refused");
  const nobody = createStripeGateway({ secretKey: "sk_test_bench", apiBase: "http://127.0.0.1:1" });
  expect(await faultOf(nobody.findPrices(["k"]))).toBe("unavailable");
}, 20_000);

test("of a subscription with more items than it shows, all are read", async () => {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe);
  const prices = await Promise.all(Array.from({ length: 12 }, (_, at) => monthly(stripe, 100, `No ${at}`)));
  const items = prices.map(({ id }) => ({ price: id }));
  await stripe.subscriptions.create({ customer: customer.id, items });
  const read = await gateway().fetchCustomer(customer.id);
  const wanted = prices.map(({ id }) => id).sort();
  expect(read?.subscriptions[0]?.items.map(({ priceId }) => priceId).sort()).toEqual(wanted);
  for await (const { customerId, subscription } of gateway().listSubscriptions()) {
    if (customerId === customer.id) expect(subscription.items).toHaveLength(12);
  }
});

test("a person who waits is told that it is unavailable, and not why", async () => {
  const waiting = forWaitingPerson(() => gateway().fetchInvoice("in_none"));
  await expect(waiting).rejects.toMatchObject({ code: "unavailable", details: {} });
  await expect(waiting).rejects.not.toThrow("in_none");
});

test("the same key answers the same object", async () => {
  const stripe = gateway();
  const id = "0198c0de-0000-7000-8000-000000000000";
  expect(await stripe.createCustomer(id, "cus:one")).toBe(await stripe.createCustomer(id, "cus:one"));
  const customer = await stripe.fetchCustomer(await stripe.createCustomer(id, "cus:one"));
  expect(customer).toEqual({ organizationId: id, subscriptions: [] });
  await expect(stripe.fetchCustomer("cus_none")).rejects.toMatchObject({ kind: "credentials" });
});
