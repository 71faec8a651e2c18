import { afterEach, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { startCheckout } from "./checkout.ts";
import { syncCustomer } from "./customer-sync.ts";
import { listInvoices } from "./invoices.ts";
import { reconcileOverage } from "./overage-reconciliation.ts";
import { changePlan } from "./plan-changes.ts";
import { openPortal } from "./portal.ts";
import { receiveEvent } from "./stripe/events.ts";
import { createOverageBench, type OverageBench, type Subscriber } from "./testing/overage-bench.ts";

let bench: OverageBench;
afterEach(() => bench?.close());

const aSecond = () => new Promise((resolve) => setTimeout(resolve, 1_100));
const links = (id: string) =>
  bench.rows(
    `select customer_id as customer, deleted_at is not null as gone from headroom.stripe_customer
     where organization_id = $1 order by created_at`,
    id,
  );
const madeFor = async (id: string) => {
  const { data } = await bench.stripe.customers.list({ limit: 100 });
  return data.filter((one) => one.metadata.headroom_organization === `org_${id}`).map((one) => one.id);
};

/** Buys the plan again, for whoever is the customer now; answers the customer. */
async function buyAgain(acme: Subscriber, input: { planId: string; currency?: string } = { planId: "pro" }) {
  const { checkoutUrl } = await startCheckout(bench.api, await acme.access("billing.manage"), input);
  await bench.pay(checkoutUrl);
  await bench.deliver();
  return String((await links(acme.id)).find(({ gone }) => !gone)?.customer);
}

/** Not told: the subscription had ended before, and no event says that its customer is gone. */
async function lost(told: boolean): Promise<Subscriber> {
  bench = await createOverageBench();
  const acme = await bench.subscriber();
  if (!told) {
    await bench.stripe.subscriptions.cancel(acme.subscriptionId);
    await bench.deliver();
  }
  await bench.stripe.customers.del(acme.customerId);
  if (told) {
    await bench.deliver();
  }
  return acme;
}

test.each([true, false])(
  "after its customer was deleted at Stripe an organization buys again, for one new customer (told: %s)",
  async (told) => {
    const acme = await lost(told);
    const access = await acme.access("billing.manage");
    const wishes = Array.from({ length: 4 }, () => startCheckout(bench.api, access, { planId: "pro" }));
    expect(new Set((await Promise.all(wishes)).map((one) => one.checkoutUrl)).size).toBe(1);
    const [second, ...more] = await madeFor(acme.id);
    expect(more).toEqual([]);
    expect(await links(acme.id)).toEqual([
      { customer: acme.customerId, gone: true },
      { customer: second, gone: false },
    ]);
    expect(await buyAgain(acme)).toBe(second);
    expect(await getBilling(bench.api, access)).toMatchObject({ plan: { id: "pro" }, status: "active" });
  },
  60_000,
);

test("a checkout that was open for the former customer is not offered again", async () => {
  bench = await createOverageBench();
  const acme = await bench.subscriber();
  const access = await acme.access("billing.manage");
  await bench.stripe.subscriptions.cancel(acme.subscriptionId);
  await bench.deliver();
  const { checkoutUrl: dead } = await startCheckout(bench.api, access, { planId: "pro" });
  await bench.stripe.customers.del(acme.customerId);
  await bench.deliver();
  expect((await startCheckout(bench.api, access, { planId: "pro" })).checkoutUrl).not.toBe(dead);
  await buyAgain(acme);
  expect(await getBilling(bench.api, access)).toMatchObject({ plan: { id: "pro" } });
}, 60_000);

test("what comes late of the former customer does not touch the new one", async () => {
  const acme = await lost(true);
  const access = await acme.access("billing.manage");
  await buyAgain(acme);
  const before = await bench.rows("select * from headroom.subscription where organization_id = $1", acme.id);
  const event = {
    id: "evt_late",
    object: "event",
    api_version: "2026-10-28.endive",
    created: 1,
    livemode: false,
    type: "customer.subscription.updated",
    data: { object: { id: acme.subscriptionId, object: "subscription", customer: acme.customerId } },
  };
  await receiveEvent({ ...bench.webhook, livemode: false }, event, 0);
  expect(await syncCustomer(bench.webhook, acme.customerId)).toBe("ignored");
  expect(await getBilling(bench.api, access)).toMatchObject({ plan: { id: "pro" }, status: "active" });
  expect(await bench.rows("select * from headroom.subscription where organization_id = $1", acme.id)).toEqual(
    before,
  );
}, 60_000);

test.each([true, false])(
  "the portal says that there is no customer (told: %s)",
  async (told) => {
    const acme = await lost(told);
    const access = await acme.access("billing.manage");
    await expect(openPortal(bench.api, access, {})).rejects.toMatchObject({
      code: "no_subscription",
      message: expect.stringContaining("no customer at the payment provider any more"),
    });
    expect(await changePlan(bench.api, access, { planId: "pro" })).toMatchObject({
      checkoutUrl: expect.any(String),
    });
  },
  60_000,
);

test("a new customer chooses the currency anew, and the invoices of both are listed", async () => {
  bench = await createOverageBench({
    configure: (shipped) => ({
      ...shipped,
      plans: Object.fromEntries(
        Object.entries(shipped.plans).map(([id, plan]) => [
          id,
          { ...plan, prices: plan.prices.flatMap((price) => [price, { ...price, currency: "eur" }]) },
        ]),
      ),
    }),
  });
  const acme = await bench.subscriber({ planId: "pro", currency: "usd" });
  const access = await acme.access("billing.manage");
  await bench.stripe.customers.del(acme.customerId);
  await bench.deliver();
  expect(await getBilling(bench.api, access)).toMatchObject({ plan: { id: "free" }, status: "ended" });
  await buyAgain(acme, { planId: "pro", currency: "eur" });
  const first = await listInvoices(bench.api, access, { limit: 10 });
  expect(first.invoices.map(({ currency }) => currency)).toEqual(["eur"]);
  const second = await listInvoices(bench.api, access, { limit: 10, cursor: String(first.nextCursor) });
  expect(second).toMatchObject({ invoices: [{ currency: "usd" }], nextCursor: null });
  const other = listInvoices(bench.api, access, { limit: 10, cursor: "cus_foreign" });
  await expect(other).rejects.toMatchObject({ code: "validation_failed" });
}, 60_000);

test("what the former customer owes is written off, never billed to the new one, and said by the comparison", async () => {
  bench = await createOverageBench();
  const acme = await bench.subscriber();
  await acme.take(120);
  await aSecond();
  await bench.stripe.customers.del(acme.customerId);
  await bench.deliver();
  await aSecond();
  const customerId = await buyAgain(acme);
  await acme.take(105);
  await bench.work();
  await bench.advance("P1MT4H");
  await bench.work();
  expect(await acme.ledger()).toMatchObject([
    { quantity: 20, status: "written_off", fixed: true },
    { quantity: 5, status: "sent" },
  ]);
  const items = await bench.stripe.invoiceItems.list({ customer: customerId, limit: 100 });
  expect(items.data.filter((one) => "headroom_overage" in (one.metadata ?? {}))).toHaveLength(1);
  const found = await reconcileOverage(bench.worker, { organizationId: acme.id, repair: true });
  expect(found).toMatchObject({ differences: [], repaired: [] });
  expect(found.writtenOff).toMatchObject([{ quantity: 20, reason: expect.stringContaining("deleted") }]);
}, 120_000);

test("what stands on a draft of the former customer is written off too, what was billed stays billed", async () => {
  bench = await createOverageBench();
  const acme = await bench.subscriber();
  await acme.take(120);
  await bench.advance("P1MT3H");
  await acme.take(110);
  const { items } = await bench.stripe.subscriptions.retrieve(acme.subscriptionId);
  await bench.advanceTo((items.data[0]?.current_period_end ?? 0) + 1_800);
  await bench.work();
  expect(await acme.billed()).toMatchObject([{ status: "paid" }, { status: "draft" }]);
  await bench.stripe.customers.del(acme.customerId);
  await bench.deliver();
  await bench.work();
  expect(await acme.ledger()).toMatchObject([
    { quantity: 20, status: "sent" },
    { quantity: 10, status: "written_off", fixed: true },
  ]);
  await buyAgain(acme);
  expect(await reconcileOverage(bench.worker, { organizationId: acme.id, repair: true })).toMatchObject({
    differences: [],
    repaired: [],
    writtenOff: [{ quantity: 10 }],
  });
}, 120_000);
