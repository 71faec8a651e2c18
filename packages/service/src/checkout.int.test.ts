import { afterAll, beforeAll, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { startCheckout } from "./checkout.ts";
import { changePlan } from "./plan-changes.ts";
import { pushPlans } from "./plans.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
let real: StripeGateway;
beforeAll(async () => {
  bench = await createStripeBench();
  real = bench.api.stripe as StripeGateway;
});
afterAll(() => bench?.close());

async function organization() {
  const { id, access } = await bench.organization();
  return { id, access: await access("billing.manage") };
}

const statuses = async (id: string) =>
  (
    await bench.rows("select status from headroom.stripe_intent where organization_id = $1 order by id", id)
  ).map((row) => row.status);
const customers = async (id: string) => {
  const { data } = await bench.stripe.customers.list({ limit: 100 });
  return data.filter((customer) => customer.metadata.headroom_organization === `org_${id}`);
};
const sessions = async (id: string) => {
  const { data } = await bench.stripe.checkout.sessions.list({ limit: 100 });
  return data.filter((session) => session.client_reference_id === `org_${id}`);
};

test("the same wish, again and at once, is one customer and one session", async () => {
  const { id, access } = await organization();
  const wish = { planId: "pro", seats: 2 };
  const first = await Promise.all(Array.from({ length: 5 }, () => startCheckout(bench.api, access, wish)));
  const again = await startCheckout(bench.api, access, wish);
  expect(new Set([...first, again].map((one) => one.checkoutUrl)).size).toBe(1);
  expect([await customers(id), await sessions(id)].map((list) => list.length)).toEqual([1, 1]);
  expect(await statuses(id)).toEqual(["done"]);
});

test("the session carries plan, seats and the organization", async () => {
  const { id, access } = await organization();
  await startCheckout(bench.api, access, {
    planId: "pro",
    seats: 2,
    successUrl: "https://app.example.com/thanks",
  });
  const [session] = await sessions(id);
  const { data: items } = await bench.stripe.checkout.sessions.listLineItems(session?.id ?? "");
  expect(items.map((item) => [item.price?.lookup_key, item.quantity])).toEqual([
    ["headroom_pro_v1_plan_month_usd", 1],
    ["headroom_pro_v1_seat_month_usd", 2],
  ]);
  expect(session?.metadata).toEqual({ headroom_organization: `org_${id}` });
  expect(session?.success_url).toBe("https://app.example.com/thanks");
  expect((await customers(id))[0]?.name).toBe("Acme");
});

test("another wish closes the session that was open", async () => {
  const { id, access } = await organization();
  await startCheckout(bench.api, access, { planId: "pro" });
  await startCheckout(bench.api, access, { planId: "pro", seats: 1 });
  expect((await sessions(id)).map((session) => session.status).sort()).toEqual(["expired", "open"]);
  expect(await statuses(id)).toEqual(["expired", "done"]);
});

test("two wishes at once leave one session open", async () => {
  const { id, access } = await organization();
  const wishes = [1, 2, 3, 4].map((seats) => startCheckout(bench.api, access, { planId: "pro", seats }));
  const outcomes = await Promise.allSettled(wishes);
  expect(outcomes.some((one) => one.status === "fulfilled")).toBe(true);
  await startCheckout(bench.api, access, { planId: "pro", seats: 5 });
  expect((await sessions(id)).filter((session) => session.status === "open")).toHaveLength(1);
});

test("a call that is repeated under its key is answered with its own checkout, whatever was opened since", async () => {
  const { id, access } = await organization();
  const keyed = (key: string, seats: number) =>
    startCheckout(bench.api, access, { planId: "pro", seats }, { idempotencyKey: key });
  const first = await keyed("one", 1);
  expect(await keyed("one", 1)).toEqual(first);
  expect(await keyed("two", 1)).toEqual(first);
  await expect(keyed("one", 2)).rejects.toMatchObject({ code: "idempotency_mismatch" });
  const newer = await keyed("three", 2);
  expect(newer).not.toEqual(first);
  // It was late: what is open by now stays open.
  expect(await keyed("one", 1)).toEqual(first);
  expect(await keyed("two", 1)).toEqual(first);
  expect(await keyed("three", 2)).toEqual(newer);
  expect(await statuses(id)).toEqual(["expired", "done"]);
  expect((await sessions(id)).filter((session) => session.status === "open")).toHaveLength(1);
  await bench.pay(newer.checkoutUrl);
  await bench.deliver();
  expect(await keyed("three", 2)).toEqual(newer);
  await expect(keyed("four", 2)).rejects.toMatchObject({ code: "active_subscription" });
});

test("a checkout that was paid is not opened again before the webhook is here", async () => {
  const { id, access } = await organization();
  const { checkoutUrl } = await startCheckout(bench.api, access, { planId: "pro" });
  await bench.pay(checkoutUrl);
  const again = startCheckout(bench.api, access, { planId: "pro" });
  await expect(again).rejects.toMatchObject({ code: "active_subscription" });
  const other = startCheckout(bench.api, access, { planId: "pro", seats: 3 });
  await expect(other).rejects.toMatchObject({ code: "active_subscription" });
  expect(await sessions(id)).toHaveLength(1);
});

test("a call whose answer was lost is 503, and the next try finds the same session", async () => {
  const { id, access } = await organization();
  const lost: StripeGateway = {
    ...real,
    async createCheckout(checkout, key) {
      await real.createCheckout(checkout, key);
      throw new StripeFault("unavailable", "lost");
    },
  };
  const first = startCheckout({ ...bench.api, stripe: lost }, access, { planId: "pro" });
  await expect(first).rejects.toMatchObject({ code: "unavailable" });
  expect(await statuses(id)).toEqual(["pending"]);
  await startCheckout(bench.api, access, { planId: "pro" });
  expect(await sessions(id)).toHaveLength(1);
  expect(await statuses(id)).toEqual(["done"]);
});

test("a customer whose answer was lost is found again", async () => {
  const { id, access } = await organization();
  const lost: StripeGateway = {
    ...real,
    async createCustomer(organizationId, key) {
      await real.createCustomer(organizationId, key);
      throw new StripeFault("unavailable", "lost");
    },
  };
  const first = startCheckout({ ...bench.api, stripe: lost }, access, { planId: "pro" });
  await expect(first).rejects.toMatchObject({ code: "unavailable" });
  await startCheckout(bench.api, access, { planId: "pro" });
  expect(await customers(id)).toHaveLength(1);
});

test("a session that ran out is followed by a new one", async () => {
  const { id, access } = await organization();
  await startCheckout(bench.api, access, { planId: "pro" });
  await bench.stripe.checkout.sessions.expire((await sessions(id))[0]?.id ?? "");
  await startCheckout(bench.api, access, { planId: "pro" });
  expect((await sessions(id)).map((session) => session.status).sort()).toEqual(["expired", "open"]);
});

test("free plans are changed at once, private and inactive ones not at all", async () => {
  const { free, pro } = bench.configuration.plans;
  const other = { ...free, default: false };
  const plans = {
    free,
    pro,
    community: {
      ...other,
      meters: { ...free?.meters, pages: { dailyLimit: 5, included: null, overage: null } },
    },
    secret: { ...other, public: false },
    old: { ...other, active: false },
  } as never;
  await pushPlans({ ...bench.worker, configuration: { ...bench.configuration, plans } }, { dryRun: false });
  const { id, access } = await organization();
  expect(await bench.consume(id, "pages", 6)).toBe(6);
  const api = { ...bench.api, stripe: null };
  expect(await changePlan(api, access, { planId: "community" })).toMatchObject({
    planId: "community",
    changed: true,
  });
  expect(await bench.consume(id, "pages", 1)).toBe(0);
  expect(await changePlan(api, access, { planId: "community" })).toMatchObject({ changed: false });
  expect(await getBilling(api, access)).toMatchObject({ plan: { id: "community" }, status: "none" });
  for (const planId of ["secret", "old"]) {
    await expect(changePlan(api, access, { planId })).rejects.toMatchObject({ code: "plan_not_available" });
  }
  await expect(changePlan(api, access, { planId: "none" })).rejects.toMatchObject({ code: "plan_not_found" });
  const audit = await bench.rows("select data from headroom.audit_entry where organization_id = $1", id);
  expect(audit).toEqual([{ data: { from: "free", to: "community", version: 1 } }]);
});

test("while Stripe has a subscription whose price nobody knows, none is sold beside it", async () => {
  const { id, access } = await organization();
  await startCheckout(bench.api, access, { planId: "pro" });
  const [customer] = await customers(id);
  const { id: card } = await bench.stripe.paymentMethods.attach("pm_card_visa", {
    customer: customer?.id ?? "",
  });
  const { id: strange } = await bench.stripe.prices.create({
    ...{ product: "headroom_pro_plan", currency: "usd", unit_amount: 123_000 },
    recurring: { interval: "month" },
  });
  await bench.stripe.subscriptions.create({
    ...{ customer: customer?.id ?? "", default_payment_method: card, items: [{ price: strange }] },
    metadata: { headroom_organization: `org_${id}` },
  });
  await bench.deliver();
  expect(await getBilling(bench.api, access)).toMatchObject({
    plan: { id: "free" },
    attention: "unknown_price",
  });
  const refused = { code: "active_subscription", details: { status: "none" } };
  await expect(startCheckout(bench.api, access, { planId: "pro", seats: 1 })).rejects.toMatchObject(refused);
  await expect(changePlan(bench.api, access, { planId: "pro" })).rejects.toMatchObject(refused);
});
