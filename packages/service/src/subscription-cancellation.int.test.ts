import type { JobPayloads } from "@headroom/db/jobs";
import type { Policies } from "@headroom/domain/configuration";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCheckout } from "./checkout.ts";
import type { ServiceContext } from "./context.ts";
import { syncCustomer } from "./customer-sync.ts";
import { describeCustomer } from "./customers.ts";
import { setMaxOverages } from "./max-overages.ts";
import { deleteOrganization, purgeOrganizations } from "./organization-deletion.ts";
import { changeOrganization } from "./organizations.ts";
import { closeDuePeriods, reportOverage } from "./overage-reporting.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { cancelSubscriptions } from "./subscription-cancellation.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";
import { outcomeOf } from "./testing/world.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench();
});
afterAll(() => bench?.close());

type Policy = Policies["organizations"]["deleteWithSubscription"];

function under(context: ServiceContext, deleteWithSubscription: Policy): ServiceContext {
  const { policies } = context.configuration;
  const organizations = { ...policies.organizations, deleteWithSubscription };
  return {
    ...context,
    configuration: { ...context.configuration, policies: { ...policies, organizations } },
  };
}

/** An organization that pays for pro, and has used 20 jobs more than it includes. */
async function subscribed() {
  const { id, access } = await bench.organization();
  const { checkoutUrl } = await startCheckout(bench.api, await access("billing.manage"), { planId: "pro" });
  await bench.pay(checkoutUrl);
  const customerId = await sync(id);
  await setMaxOverages(bench.api, await access("billing.manage"), { units: 50 });
  expect(await bench.consume(id, "jobs", 120)).toBe(120);
  const [row] = await bench.rows(
    "select stripe_subscription_id as id from headroom.subscription where organization_id = $1",
    id,
  );
  const remove = async (policy: Policy) =>
    deleteOrganization(under(bench.api, policy), await access("organization.delete"), { slug: id });
  return { id, access, customerId, subscriptionId: String(row?.id), remove };
}

/** What a webhook would bring about. */
async function sync(organizationId: string): Promise<string> {
  const [row] = await bench.rows(
    "select customer_id from headroom.stripe_customer where organization_id = $1",
    organizationId,
  );
  const customerId = String(row?.customer_id);
  await bench.rows(
    `insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, payload, secret_index)
     values (gen_random_uuid()::text, false, 'customer.updated', $1, now(), '{}', 0)`,
    customerId,
  );
  await syncCustomer(bench.webhook, customerId);
  return customerId;
}

/** The cancellation jobs that wait for an organization. */
const jobs = (organizationId: string) =>
  bench.rows(
    `select task_identifier as task from graphile_worker.jobs j where key = 'cancel_subscriptions:' || $1`,
    organizationId,
  );
const forgetJobs = () => bench.rows("delete from graphile_worker._private_jobs");

const subscriptionRow = async (organizationId: string) =>
  (
    await bench.rows(
      "select state, stripe_status as status, cancel_at from headroom.subscription where organization_id = $1",
      organizationId,
    )
  )[0];

/** The overage lines that Stripe has for a customer. */
async function billed(customerId: string) {
  const { data } = await bench.stripe.invoices.list({ customer: customerId, limit: 100 });
  return data.flatMap((invoice) =>
    invoice.lines.data
      .filter((line) => line.description?.startsWith("jobs:"))
      .map((line) => ({ reason: invoice.billing_reason, quantity: line.quantity, amount: line.amount })),
  );
}

const twenty = [{ reason: expect.stringMatching(/manual|subscription_update/), quantity: 20, amount: 50 }];
const nextSecond = () => bench.advance("PT2S");

test("block: 409 while a subscription lives, whatever its state; without one the organization goes", async () => {
  const { id, subscriptionId, remove } = await subscribed();
  await expect(remove("block")).rejects.toMatchObject({
    code: "active_subscription",
    details: { planId: "pro", status: "active" },
  });
  await nextSecond();
  await bench.stripe.subscriptions.cancel(subscriptionId);
  await sync(id);
  expect(await outcomeOf(remove("block"))).toBe("ok");
  await closeDuePeriods(bench.worker);
  expect(await reportOverage(bench.worker)).toMatchObject({ sent: 1, failed: 0 });
}, 60_000);

test("cancel_now: the running period is billed, Stripe ends the subscription, webhooks still apply", async () => {
  const { id, customerId, subscriptionId, remove } = await subscribed();
  await nextSecond();
  await forgetJobs();
  await remove("cancel_now");
  expect(await jobs(id)).toEqual([{ task: "cancel_subscriptions" }]);
  await closeDuePeriods(bench.worker);
  const worker = under(bench.worker, "cancel_now");
  expect(await cancelSubscriptions(worker, { organizationId: id })).toEqual({ cancelled: 1 });
  expect((await bench.stripe.subscriptions.retrieve(subscriptionId)).status).toBe("canceled");
  expect(await cancelSubscriptions(worker, { organizationId: id })).toEqual({ cancelled: 0 });
  await sync(id);
  expect(await subscriptionRow(id)).toMatchObject({ state: "ended", status: "canceled" });
  await closeDuePeriods(bench.worker);
  expect(await reportOverage(bench.worker)).toMatchObject({ sent: 1, failed: 0 });
  expect(await billed(customerId)).toEqual(twenty);
}, 60_000);

test("cancel_at_period_end: overage is billed now, the subscription runs out", async () => {
  const { id, customerId, subscriptionId, remove } = await subscribed();
  await remove("cancel_at_period_end");
  await closeDuePeriods(bench.worker);
  expect(await reportOverage(bench.worker)).toMatchObject({ sent: 1, failed: 0 });
  expect(await billed(customerId)).toEqual(twenty);
  const worker = under(bench.worker, "cancel_at_period_end");
  expect(await cancelSubscriptions(worker, { organizationId: id })).toEqual({ cancelled: 1 });
  expect(await cancelSubscriptions(worker, { organizationId: id })).toEqual({ cancelled: 0 });
  expect(await bench.stripe.subscriptions.retrieve(subscriptionId)).toMatchObject({
    status: "active",
    cancel_at_period_end: true,
  });
  await forgetJobs();
  await sync(id);
  expect(await subscriptionRow(id)).toMatchObject({ state: "active", cancel_at: expect.any(Date) });
  expect(await jobs(id)).toEqual([]);
}, 60_000);

describe("what Stripe and processes do in between", () => {
  test("a call that fails, or whose answer is lost, is made again to one end", async () => {
    const { id, subscriptionId, remove } = await subscribed();
    await remove("cancel_now");
    const real = bench.worker.stripe as StripeGateway;
    const dying: StripeGateway = {
      ...real,
      async cancelSubscription(subscription, when, key) {
        await real.cancelSubscription(subscription, when, key);
        throw new StripeFault("unavailable", "killed");
      },
    };
    const worker = under({ ...bench.worker, stripe: dying }, "cancel_now");
    await expect(cancelSubscriptions(worker, { organizationId: id })).rejects.toThrow("killed");
    await real.cancelSubscription(subscriptionId, "now", "again");
    await cancelSubscriptions(under(bench.worker, "cancel_now"), { organizationId: id });
    expect((await bench.stripe.subscriptions.retrieve(subscriptionId)).status).toBe("canceled");
  }, 60_000);

  test("a checkout that is open at the deletion can not be paid any more", async () => {
    const { id, access } = await bench.organization();
    const manage = await access("billing.manage");
    const { checkoutUrl } = await startCheckout(bench.api, manage, { planId: "pro" });
    await deleteOrganization(bench.api, await access("organization.delete"), { slug: id });
    await cancelSubscriptions(bench.worker, { organizationId: id });
    await expect(bench.pay(checkoutUrl)).rejects.toThrow();
  }, 60_000);

  test("one that is paid in that moment is cancelled, under block too", async () => {
    const { id, access } = await bench.organization();
    const manage = await access("billing.manage");
    const { checkoutUrl } = await startCheckout(bench.api, manage, { planId: "pro" });
    await deleteOrganization(bench.api, await access("organization.delete"), { slug: id });
    await bench.pay(checkoutUrl);
    await forgetJobs();
    const customerId = await sync(id);
    expect(await subscriptionRow(id)).toMatchObject({ state: "active" });
    expect(await jobs(id)).toEqual([{ task: "cancel_subscriptions" }]);
    expect(await cancelSubscriptions(bench.worker, { organizationId: id })).toEqual({ cancelled: 1 });
    const { data } = await bench.stripe.subscriptions.list({ customer: customerId, status: "all" });
    expect(data.map(({ status }) => status)).toEqual(["canceled"]);
  }, 60_000);

  test("another product's subscription of the same customer is left alone", async () => {
    const { id, customerId, remove } = await subscribed();
    const product = await bench.stripe.products.create({ name: "Something else" });
    const price = await bench.stripe.prices.create({
      product: product.id,
      currency: "usd",
      unit_amount: 500,
      recurring: { interval: "month" },
    });
    const paid = await bench.stripe.subscriptions.list({ customer: customerId });
    const card = String(paid.data[0]?.default_payment_method);
    const foreign = await bench.stripe.subscriptions.create({
      customer: customerId,
      items: [{ price: price.id }],
      default_payment_method: card,
    });
    await remove("cancel_now");
    const worker = under(bench.worker, "cancel_now");
    expect(await cancelSubscriptions(worker, { organizationId: id })).toEqual({ cancelled: 1 });
    expect((await bench.stripe.subscriptions.retrieve(foreign.id)).status).toBe("active");
  }, 60_000);

  test("the purge waits for the ledger; later webhooks of the customer change nothing", async () => {
    const { id, customerId, remove } = await subscribed();
    await nextSecond();
    await remove("cancel_now");
    await cancelSubscriptions(under(bench.worker, "cancel_now"), { organizationId: id });
    await sync(id);
    await closeDuePeriods(bench.worker);
    await bench.rows("update headroom.organization set purge_at = now() where id = $1", id);
    const left = () => bench.rows("select from headroom.organization where id = $1", id);
    await purgeOrganizations(bench.worker);
    expect(await left()).toHaveLength(1);
    await reportOverage(bench.worker);
    await purgeOrganizations(bench.worker);
    expect(await left()).toHaveLength(0);
    expect(await billed(customerId)).toEqual(twenty);
    await bench.rows(
      `insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, payload, secret_index)
       values ('late', false, 'customer.updated', $1, now(), '{}', 0)`,
      customerId,
    );
    expect(await syncCustomer(bench.webhook, customerId)).toBe("ignored");
  }, 60_000);
});

test("a new billing e-mail or name reaches the customer at Stripe, and null takes the address away, no other", async () => {
  const { id, access, customerId } = await subscribed();
  const change = async (...inputs: Parameters<typeof changeOrganization>[2][]) => {
    for (const input of inputs) {
      await changeOrganization(bench.api, await access("organization.update"), input);
    }
    const jobs = await bench.rows(
      `delete from graphile_worker._private_jobs where key like 'describe_customer:' || $1 || '%' returning payload`,
      id,
    );
    for (const { payload } of jobs) {
      await describeCustomer(bench.worker, payload as JobPayloads["describe_customer"]);
    }
    const customer = await bench.stripe.customers.retrieve(customerId);
    return customer.deleted ? null : { name: customer.name, email: customer.email };
  };
  // Whoever pays gives an address on the checkout's page: Stripe writes it to a customer that has none.
  await bench.stripe.customers.update(customerId, { email: "buyer@kiwi.example" });
  expect(await change({ name: "Kiwi" })).toEqual({ name: "Kiwi", email: "buyer@kiwi.example" });
  expect(await change({ settings: { billingEmail: "pay@kiwi.example" } })).toEqual({
    name: "Kiwi",
    email: "pay@kiwi.example",
  });
  expect(await change({ settings: { billingEmail: null } }, { name: "Kea" })).toEqual({
    name: "Kea",
    email: null,
  });
}, 60_000);
