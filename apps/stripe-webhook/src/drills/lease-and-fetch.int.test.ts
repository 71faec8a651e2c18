import { withCustomerLease } from "@headroom/service/customer-leases";
import { refreshCustomer, syncCustomer } from "@headroom/service/customer-sync";
import type { CustomerState, StripeGateway } from "@headroom/service/stripe/gateway";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { arrived, openShop, type Shop, toldOf } from "../testing/drill.ts";
import { createWebhookBench, type WebhookBench } from "../testing/webhook-bench.ts";

let bench: WebhookBench;
beforeAll(async () => {
  bench = await createWebhookBench({}, { settling: false });
});
afterEach(() => bench.up());
afterAll(() => bench?.close());

/** A process whose answer from Stripe is on its way until it is let in: Stripe has said what it had then. */
function slowProcess() {
  const { stripe } = bench.worker as { stripe: StripeGateway };
  const fetched = Promise.withResolvers<void>();
  const letIn = Promise.withResolvers<void>();
  const fetchCustomer = async (customerId: string): Promise<CustomerState | null> => {
    const state = await stripe.fetchCustomer(customerId);
    fetched.resolve();
    await letIn.promise;
    return state;
  };
  const gateway: StripeGateway = { ...stripe, fetchCustomer };
  return { context: { ...bench.worker, stripe: gateway }, fetched: fetched.promise, letIn: letIn.resolve };
}

/** The process stands still for longer than its lease: nobody prolongs it. */
const expire = ({ customerId }: Shop) =>
  bench.rows(
    "update headroom.stripe_customer_sync set lease_until = clock_timestamp() - interval '1 second' where customer_id = $1",
    customerId,
  );
const inboxOf = ({ customerId }: Shop) =>
  bench.rows(
    "select event_id, status, attempts, last_error from headroom.stripe_inbox where customer_id = $1 order by seq",
    customerId,
  );
const syncOf = async ({ customerId }: Shop) =>
  (
    await bench.rows(
      "select synced_seq, checked_at, last_error, lease_token from headroom.stripe_customer_sync where customer_id = $1",
      customerId,
    )
  )[0];
/** An event that came and that nobody has applied: the webhook app is down, and the test applies. */
async function waiting(shop: Shop): Promise<void> {
  await bench.rows(
    `insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, payload, secret_index)
     values (gen_random_uuid()::text, false, 'customer.updated', $1, now(), '{}', 0)`,
    shop.customerId,
  );
}

test("5. Two workers and one lease: the one that lost it writes nothing", async () => {
  const shop = await openShop(bench);
  await bench.down();
  const slow = slowProcess();
  await waiting(shop);
  const first = syncCustomer(slow.context, shop.customerId);
  await slow.fetched;
  // While the lease is held, nobody else works on the customer.
  expect(await syncCustomer(bench.webhook, shop.customerId)).toBe("busy");
  await shop.setSeatsAtStripe(6);
  await expire(shop);
  expect(await syncCustomer(bench.webhook, shop.customerId)).toBe("applied");
  const [billing, told, inbox, sync] = [
    await shop.billing(),
    await toldOf(bench, shop.id),
    await inboxOf(shop),
    await syncOf(shop),
  ];
  expect(billing.seatsPurchased).toBe(6);

  slow.letIn();
  expect(await first).toBe("put_off");
  expect(await shop.billing()).toEqual(billing);
  expect(await toldOf(bench, shop.id)).toEqual(told);
  expect(await inboxOf(shop)).toEqual(inbox);
  expect(await syncOf(shop)).toEqual(sync);
});

test("6. An old fetch that finishes last does not overwrite the newer one", async () => {
  const shop = await openShop(bench);
  await bench.down();
  const [before, sweeping] = [slowProcess(), slowProcess()];
  // A webhook's fetch and a sweep's, both of when there was one seat; the newer one is written in between and given back.
  await waiting(shop);
  const event = syncCustomer(before.context, shop.customerId);
  await before.fetched;
  await expire(shop);
  const sweep = withCustomerLease(bench.worker, shop.customerId, (lease) =>
    refreshCustomer(sweeping.context, lease, shop.id),
  );
  const refused = expect(sweep).rejects.toThrow(/lease of customer .* was lost/);
  await sweeping.fetched;
  await shop.setSeatsAtStripe(8);
  await expire(shop);
  expect(await syncCustomer(bench.webhook, shop.customerId)).toBe("applied");
  expect(await syncOf(shop)).toMatchObject({ lease_token: null });
  const [billing, sync] = [await shop.billing(), await syncOf(shop)];
  expect(billing.seatsPurchased).toBe(8);

  sweeping.letIn();
  await refused;
  before.letIn();
  await event;
  expect(await shop.billing()).toEqual(billing);
  expect(await syncOf(shop)).toEqual(sync);
  expect(await toldOf(bench, shop.id)).toEqual([
    "subscription.started",
    "subscription.state_changed",
    "subscription.seats_changed",
    "subscription.seats_changed",
  ]);
  await bench.up();
  await arrived(bench);
  expect((await shop.billing()).seatsPurchased).toBe(8);
});
