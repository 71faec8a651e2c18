import { keepEvents } from "@headroom/db/inbox";
import { withSystem } from "@headroom/db/tenancy";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { startCheckout } from "./checkout.ts";
import { sweepInbox, syncCustomer } from "./customer-sync.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
let real: StripeGateway;
beforeAll(async () => {
  bench = await createStripeBench();
  real = bench.webhook.stripe as StripeGateway;
});
afterAll(() => bench?.close());
beforeEach(() => bench.rows("delete from headroom.stripe_inbox"));

type Organization = Awaited<ReturnType<StripeBench["organization"]>>;

/** An organization that has paid, of which no event has come yet. */
async function paid(seats = 1): Promise<{ organization: Organization; customerId: string }> {
  const organization = await bench.organization();
  const access = await organization.access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, access, { planId: "pro", seats });
  await bench.pay(checkoutUrl);
  const [row] = await bench.rows(
    "select customer_id from headroom.stripe_customer where organization_id = $1",
    organization.id,
  );
  return { organization, customerId: String(row?.customer_id) };
}

/** An event for a customer is in the inbox; what it says does not matter. */
async function arrive(
  customerId: string,
  object: object = {},
  type = "customer.subscription.updated",
): Promise<string> {
  const eventId = `evt_${uuidv7()}`;
  const event = {
    eventId,
    style: "snapshot" as const,
    twinId: null,
    account: "",
    livemode: false,
    type,
    apiVersion: null,
    objectId: "x",
    customerId,
  };
  const payload = Buffer.from(JSON.stringify({ data: { object } }));
  await withSystem(bench.webhook.db, (tx) =>
    keepEvents(tx, [{ ...event, createdAt: new Date(), payload, secretIndex: 0, status: "pending" }]),
  );
  return eventId;
}

const stateOf = async (eventId: string) =>
  (
    await bench.rows(
      "select status, attempts, last_error from headroom.stripe_inbox where event_id = $1",
      eventId,
    )
  )[0];
const billing = async (organization: Organization) =>
  getBilling(bench.api, await organization.access("billing.view"));
const seatItemOf = async ({ id }: Organization) =>
  String(
    (await bench.rows("select seat_item_id from headroom.subscription where organization_id = $1", id))[0]
      ?.seat_item_id,
  );
const due = () => bench.rows("update headroom.stripe_inbox set next_attempt_at = now()");

test("a hundred events of one customer cost one fetch", async () => {
  const { organization, customerId } = await paid();
  await Promise.all(Array.from({ length: 100 }, () => arrive(customerId)));
  let fetches = 0;
  const counting: StripeGateway = {
    ...real,
    fetchCustomer: (id) => {
      fetches += 1;
      return real.fetchCustomer(id);
    },
  };
  expect(await syncCustomer({ ...bench.webhook, stripe: counting }, customerId)).toBe("applied");
  expect(fetches).toBe(1);
  expect(await billing(organization)).toMatchObject({ plan: { id: "pro" }, seatsPurchased: 1 });
});

test("who fetched and then lost the lease writes nothing: the newer state stays", async () => {
  const { organization, customerId } = await paid();
  await arrive(customerId);
  await syncCustomer(bench.webhook, customerId);
  const seatItem = await seatItemOf(organization);

  const fetched = Promise.withResolvers<void>();
  const resume = Promise.withResolvers<void>();
  const slow: StripeGateway = {
    ...real,
    async fetchCustomer(id) {
      const stale = await real.fetchCustomer(id);
      fetched.resolve();
      await resume.promise;
      return stale;
    },
  };
  await arrive(customerId);
  const first = syncCustomer({ ...bench.webhook, stripe: slow }, customerId);
  await fetched.promise;
  await bench.stripe.subscriptionItems.update(seatItem, { quantity: 7 });
  const second = await arrive(customerId);
  expect(await syncCustomer(bench.worker, customerId)).toBe("busy");
  await bench.rows("update headroom.stripe_customer_sync set lease_until = now() - interval '1 second'");
  expect(await syncCustomer(bench.worker, customerId)).toBe("applied");
  resume.resolve();
  expect(await first).toBe("put_off");
  expect((await billing(organization)).seatsPurchased).toBe(7);
  expect(await stateOf(second)).toMatchObject({ status: "applied" });
});

test("an event that comes while another is applied is not left behind", async () => {
  const { organization, customerId } = await paid();
  await arrive(customerId);
  await syncCustomer(bench.webhook, customerId);
  const seatItem = await seatItemOf(organization);
  let late = "";
  const busy: StripeGateway = {
    ...real,
    async fetchCustomer(id) {
      const stale = await real.fetchCustomer(id);
      if (late === "") {
        await bench.stripe.subscriptionItems.update(seatItem, { quantity: 5 });
        late = await arrive(customerId);
        expect(await syncCustomer(bench.worker, customerId)).toBe("busy");
      }
      return stale;
    },
  };
  await arrive(customerId);
  expect(await syncCustomer({ ...bench.webhook, stripe: busy }, customerId)).toBe("applied");
  expect(await stateOf(late)).toMatchObject({ status: "applied" });
  expect((await billing(organization)).seatsPurchased).toBe(5);
});

test("while Stripe is down events wait, and are never given up", async () => {
  const { organization, customerId } = await paid();
  const eventId = await arrive(customerId);
  const down: StripeGateway = {
    ...real,
    fetchCustomer: () => Promise.reject(new StripeFault("unavailable", "down")),
  };
  for (let attempt = 0; attempt < 14; attempt++) {
    await due();
    expect(await syncCustomer({ ...bench.webhook, stripe: down }, customerId)).toBe("put_off");
  }
  expect(await stateOf(eventId)).toEqual({ status: "pending", attempts: 11, last_error: "down" });
  expect((await billing(organization)).plan.id).toBe("free");
  await due();
  expect(await sweepInbox(bench.worker)).toEqual({ customers: 1, putOff: 0 });
  expect((await billing(organization)).plan.id).toBe("pro");
});

test("a fault of our own is dead after twelve attempts, and says why", async () => {
  const { customerId } = await paid();
  const eventId = await arrive(customerId);
  const broken: StripeGateway = { ...real, fetchCustomer: () => Promise.reject(new Error("cannot read")) };
  for (let attempt = 0; attempt < 12; attempt++) {
    await due();
    await syncCustomer({ ...bench.webhook, stripe: broken }, customerId);
  }
  expect(await stateOf(eventId)).toEqual({ status: "dead", attempts: 12, last_error: "cannot read" });
});

test("a customer that we never linked is found by the checkout that it paid", async () => {
  const { organization, customerId } = await paid();
  await bench.rows("delete from headroom.stripe_customer where customer_id = $1", customerId);
  const access = await organization.access("billing.view");
  await bench.stripe.customers.update(customerId, { metadata: { headroom_organization: "" } });
  const reference = `org_${access.organizationId}`;
  await arrive(customerId, { client_reference_id: reference }, "checkout.session.completed");
  expect(await syncCustomer(bench.webhook, customerId)).toBe("applied");
  expect((await billing(organization)).plan.id).toBe("pro");
});

test("customers of somebody else on the same Stripe account are ignored", async () => {
  const customer = await bench.stripe.customers.create({});
  const eventId = await arrive(customer.id);
  expect(await syncCustomer(bench.webhook, customer.id)).toBe("ignored");
  expect(await stateOf(eventId)).toMatchObject({ status: "ignored" });
});

test("a customer that Stripe deleted has ended", async () => {
  const { organization, customerId } = await paid();
  await arrive(customerId);
  await syncCustomer(bench.webhook, customerId);
  await bench.stripe.customers.del(customerId);
  await arrive(customerId);
  await syncCustomer(bench.webhook, customerId);
  expect(await billing(organization)).toMatchObject({ plan: { id: "free" }, status: "ended" });
});
