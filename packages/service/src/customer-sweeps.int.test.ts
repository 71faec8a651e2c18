import { readBillingSignals } from "@headroom/db/billing-signals";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { startCheckout } from "./checkout.ts";
import { withCustomerLease } from "./customer-leases.ts";
import { sweepCustomers } from "./customer-sweeps.ts";
import { refreshCustomer, syncCustomer } from "./customer-sync.ts";
import { receiveEvent } from "./stripe/events.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
let real: StripeGateway;
beforeAll(async () => {
  bench = await createStripeBench();
  real = bench.worker.stripe as StripeGateway;
});
afterAll(() => bench?.close());

type Organization = Awaited<ReturnType<StripeBench["organization"]>>;
interface Subscriber {
  organization: Organization;
  customerId: string;
}

const pace = { most: 100, forMs: 10_000, everyMs: 0 };
const sweep = (stripe: StripeGateway = real) => sweepCustomers({ ...bench.worker, stripe }, pace);

/** The only one whom sweeps look at: paid, and read from Stripe just now. */
async function subscribed(): Promise<Subscriber> {
  const organization = await bench.organization();
  const access = await organization.access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, access, { planId: "pro", seats: 1 });
  await bench.pay(checkoutUrl);
  const [row] = await bench.rows(
    "select customer_id from headroom.stripe_customer where organization_id = $1",
    organization.id,
  );
  const customerId = String(row?.customer_id);
  const stripe = real;
  await withCustomerLease(bench.worker, customerId, (lease) =>
    refreshCustomer({ ...bench.worker, stripe }, lease, organization.id),
  );
  return { organization, customerId };
}

const subscriptionOf = async ({ organization }: Subscriber) =>
  (await bench.rows("select * from headroom.subscription where organization_id = $1", organization.id))[0] ??
  {};
const setSeats = async (subscriber: Subscriber, quantity: number) => {
  const { seat_item_id: item } = await subscriptionOf(subscriber);
  await bench.stripe.subscriptionItems.update(String(item), { quantity });
};
const syncOf = async ({ customerId }: Subscriber) =>
  (await bench.rows("select * from headroom.stripe_customer_sync where customer_id = $1", customerId))[0];
const billing = async ({ organization }: Subscriber) =>
  getBilling(bench.api, await organization.access("billing.view"));
const clock = (at: Date) => bench.make.setClock(at.toISOString());

beforeEach(async () => {
  await bench.rows("update headroom.dev_clock set clock_offset = '0'");
  await bench.rows("delete from headroom.stripe_inbox");
  await bench.rows("delete from headroom.stripe_customer");
  await bench.rows("delete from headroom.stripe_customer_sync");
});

test("every customer once a day: what no event brought is written, counted and named", async () => {
  const subscriber = await subscribed();
  expect(await sweep()).toEqual({ swept: 0, drifted: 0, failed: 0 });
  await setSeats(subscriber, 7);
  await bench.rows("update headroom.stripe_customer_sync set checked_at = checked_at - interval '25 hours'");
  expect(await sweep()).toEqual({ swept: 1, drifted: 1, failed: 0 });
  expect((await billing(subscriber)).seatsPurchased).toBe(7);
  expect(await syncOf(subscriber)).toMatchObject({ drift_count: "1", drift: ["seatsPurchased"] });
  expect(await readBillingSignals(bench.worker.db)).toMatchObject({
    drift: 1,
    driftedAgo: expect.any(Number),
  });
  await bench.rows("update headroom.stripe_customer_sync set checked_at = checked_at - interval '25 hours'");
  expect(await sweep()).toEqual({ swept: 1, drifted: 0, failed: 0 });
  expect(await sweep()).toEqual({ swept: 0, drifted: 0, failed: 0 });
});

test("what an event is about to bring is no drift, nor what one brings a moment later", async () => {
  const subscriber = await subscribed();
  const day = () =>
    bench.rows("update headroom.stripe_customer_sync set checked_at = checked_at - interval '25 hours'");
  const events = async () => (await bench.stripe.events.list({ type: "customer.subscription.updated" })).data;
  await setSeats(subscriber, 3);
  const [before] = await events();
  await receiveEvent({ ...bench.webhook, livemode: false }, before, 0);
  await day();
  expect(await sweep()).toMatchObject({ swept: 1, drifted: 0 });

  await bench.rows("update headroom.stripe_inbox set status = 'applied'");
  await setSeats(subscriber, 4);
  await day();
  expect(await sweep()).toMatchObject({ swept: 1, drifted: 1 });
  const [late] = await events();
  await receiveEvent({ ...bench.webhook, livemode: false }, late, 0);
  expect(await syncCustomer(bench.webhook, subscriber.customerId)).toBe("applied");
  expect(await syncOf(subscriber)).toMatchObject({ drift_count: "0", drifted_at: null });
});

test.each([
  ["the end of a trial", "trial_end", 0],
  ["two hours after the period", "current_period_end", 2 * 3_600_000],
  ["the scheduled end", "cancel_at", 0],
])("%s is looked at when it comes, and once", async (_, column, laterMs) => {
  const subscriber = await subscribed();
  const at = new Date(Date.now() + 7_200_000);
  await bench.rows(
    `update headroom.subscription set ${column} = $2 where organization_id = $1`,
    subscriber.organization.id,
    new Date(at.getTime() - laterMs),
  );
  await clock(new Date(at.getTime() - 60_000));
  expect(await sweep()).toMatchObject({ swept: 0 });
  await clock(new Date(at.getTime() + 1_000));
  expect(await sweep()).toMatchObject({ swept: 1 });
  expect(await sweep()).toMatchObject({ swept: 0 });
});

test("the end of a grace time is looked at", async () => {
  const subscriber = await subscribed();
  const at = new Date(Date.now() + 3_600_000);
  await bench.rows(
    "update headroom.subscription set state = 'past_due', limits_until = $2 where organization_id = $1",
    subscriber.organization.id,
    at,
  );
  expect(await sweep()).toMatchObject({ swept: 0 });
  await clock(new Date(at.getTime() + 1_000));
  expect(await sweep()).toMatchObject({ swept: 1 });
});

const daysOn = (days: number) => clock(new Date(Date.now() + days * 86_400_000));

test("a customer that is gone at Stripe has ended; the link stays, and is looked at no more", async () => {
  const subscriber = await subscribed();
  await bench.stripe.customers.del(subscriber.customerId);
  await daysOn(2);
  expect(await sweep()).toEqual({ swept: 1, drifted: 1, failed: 0 });
  expect(await billing(subscriber)).toMatchObject({ plan: { id: "free" }, status: "ended" });
  expect(await bench.rows("select customer_id from headroom.stripe_customer")).toEqual([
    { customer_id: subscriber.customerId },
  ]);
  await daysOn(4);
  expect(await sweep()).toMatchObject({ swept: 0 });
});

test("a customer whose subscription has ended is looked at for 35 days and once more", async () => {
  const subscriber = await subscribed();
  const { stripe_subscription_id: id } = await subscriptionOf(subscriber);
  await bench.stripe.subscriptions.cancel(String(id));
  await bench.rows("update headroom.stripe_customer set created_at = now() - interval '1 year'");
  await daysOn(2);
  expect(await sweep()).toEqual({ swept: 1, drifted: 1, failed: 0 });
  expect(await billing(subscriber)).toMatchObject({ plan: { id: "free" }, status: "ended" });
  await daysOn(34);
  expect(await sweep()).toMatchObject({ swept: 1 });
  // Once more when they are over, however much later: an outage may have lain in between.
  await daysOn(80);
  expect(await sweep()).toMatchObject({ swept: 1 });
  await daysOn(82);
  expect(await sweep()).toMatchObject({ swept: 0 });
});

test("a paid checkout of which no event ever came is found", async () => {
  const organization = await bench.organization();
  const access = await organization.access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, access, { planId: "pro" });
  await bench.pay(checkoutUrl);
  expect(await sweep()).toMatchObject({ swept: 1, drifted: 1 });
  expect(await getBilling(bench.api, await organization.access("billing.view"))).toMatchObject({
    plan: { id: "pro" },
  });
});

test("one that fails keeps no other from it and waits ten minutes", async () => {
  const first = await subscribed();
  const second = await subscribed();
  await bench.rows("update headroom.stripe_customer_sync set checked_at = checked_at - interval '25 hours'");
  const half: StripeGateway = {
    ...real,
    fetchCustomer: (id) =>
      id === first.customerId
        ? Promise.reject(new StripeFault("unavailable", "down"))
        : real.fetchCustomer(id),
  };
  expect(await sweep(half)).toEqual({ swept: 1, drifted: 0, failed: 1 });
  expect(await syncOf(first)).toMatchObject({ last_error: "down" });
  expect(await readBillingSignals(bench.worker.db)).toMatchObject({ failing: 1 });
  expect(await sweep(half)).toEqual({ swept: 0, drifted: 0, failed: 0 });
  await bench.rows("update headroom.stripe_customer_sync set sweep_after = now()");
  expect(await sweep()).toEqual({ swept: 1, drifted: 0, failed: 0 });
  expect(await syncOf(second)).toMatchObject({ last_error: null });
});

test("it keeps its pace, waits for nobody who took longer, and begins nobody whose turn were too late", async () => {
  for (let more = 0; more < 4; more += 1) await subscribed();
  await bench.rows("update headroom.stripe_customer_sync set checked_at = checked_at - interval '25 hours'");
  let now = 0;
  const took = [100, 650, 50];
  const starts: number[] = [];
  const timed: StripeGateway = {
    ...real,
    fetchCustomer: (id) => {
      now += took[starts.push(now) - 1] ?? 0;
      return real.fetchCustomer(id);
    },
  };
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      now += ms;
    },
  };
  const swept = await sweepCustomers(
    { ...bench.worker, stripe: timed },
    { most: 10, forMs: 1_800, everyMs: 400 },
    clock,
  );
  expect(starts).toEqual([0, 400, 1_050]);
  expect(swept).toEqual({ swept: 3, drifted: 0, failed: 0 });
});
