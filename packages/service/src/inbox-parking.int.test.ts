import { linkCustomer } from "@headroom/db/customers";
import { keepEvents } from "@headroom/db/inbox";
import { withOrganization, withSystem } from "@headroom/db/tenancy";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { startCheckout } from "./checkout.ts";
import { sweepInbox, syncCustomer } from "./customer-sync.ts";
import { pushPlans } from "./plans.ts";
import { receiveEvent } from "./stripe/events.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench();
});
afterAll(() => bench?.close());
beforeEach(() => bench.rows("delete from headroom.stripe_inbox"));

type Organization = Awaited<ReturnType<StripeBench["organization"]>>;

/** An organization that has paid and of which everything is applied. */
async function subscribed(): Promise<{ organization: Organization; customerId: string }> {
  const organization = await bench.organization();
  const access = await organization.access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, access, { planId: "pro" });
  await bench.pay(checkoutUrl);
  const [row] = await bench.rows(
    "select customer_id from headroom.stripe_customer where organization_id = $1",
    organization.id,
  );
  const customerId = String(row?.customer_id);
  await arrive(customerId);
  await syncCustomer(bench.webhook, customerId);
  await bench.rows("delete from headroom.stripe_inbox");
  return { organization, customerId };
}

async function arrive(customerId: string, type = "customer.subscription.updated"): Promise<string> {
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
  await withSystem(bench.webhook.db, (tx) =>
    keepEvents(tx, [
      { ...event, createdAt: new Date(), payload: Buffer.from("{}"), secretIndex: 0, status: "pending" },
    ]),
  );
  return eventId;
}

const states = () => bench.rows("select type, status, reason from headroom.stripe_inbox order by seq");
const billing = async (organization: Organization) =>
  getBilling(bench.api, await organization.access("billing.view"));
const itemOf = async ({ id }: Organization) =>
  String(
    (await bench.rows("select plan_item_id from headroom.subscription where organization_id = $1", id))[0]
      ?.plan_item_id,
  );
const settled = async () => (await bench.rows("select headroom.is_settled(false) as settled"))[0]?.settled;

/** Puts a price that nobody knows onto the subscription. */
async function estrange(
  organization: Organization,
): Promise<{ item: string; ours: string; strange: string }> {
  const item = await itemOf(organization);
  const ours = (await bench.stripe.subscriptionItems.retrieve(item)).price.id;
  const strange = await bench.stripe.prices.create({
    product: "headroom_pro_plan",
    currency: "usd",
    unit_amount: 1,
    recurring: { interval: "month" },
  });
  await bench.stripe.subscriptionItems.update(item, { price: strange.id, quantity: 1 });
  return { item, ours, strange: strange.id };
}

test("an unknown price parks the events: they hold nothing up and are not tried in vain", async () => {
  const { organization, customerId } = await subscribed();
  await estrange(organization);
  await arrive(customerId);
  expect(await syncCustomer(bench.webhook, customerId)).toBe("parked");
  expect(await states()).toMatchObject([{ status: "parked", reason: "unknown_price" }]);
  expect(await billing(organization)).toMatchObject({ plan: { id: "pro" }, attention: "unknown_price" });
  expect(await settled()).toBe(true);
  expect(await sweepInbox(bench.worker)).toEqual({ customers: 0, putOff: 0 });
});

test("a price that gets its metadata wakes what was parked for it", async () => {
  const { organization, customerId } = await subscribed();
  const { strange } = await estrange(organization);
  await arrive(customerId);
  await syncCustomer(bench.webhook, customerId);
  await bench.stripe.prices.update(strange, {
    metadata: { headroom_role: "plan", headroom_plan: "pro", headroom_plan_version: "1" },
  });
  const { data } = await bench.stripe.events.list({ type: "price.updated", limit: 1 });
  const received = await receiveEvent({ ...bench.webhook, livemode: false }, data[0], 0);
  expect(received).toEqual({ outcome: "new", customerId: null, unresolved: false });
  expect(await settled()).toBe(false);
  await sweepInbox(bench.worker);
  expect(await states()).toEqual([
    { type: "customer.subscription.updated", status: "applied", reason: null },
    { type: "price.updated", status: "applied", reason: null },
  ]);
  expect(await billing(organization)).toMatchObject({ attention: null });
});

test("a push of the plans wakes it, too, and an event that can be read closes it", async () => {
  const { organization, customerId } = await subscribed();
  const { item, ours } = await estrange(organization);
  await arrive(customerId);
  await syncCustomer(bench.webhook, customerId);
  await pushPlans(bench.worker, { dryRun: false });
  expect(await states()).toMatchObject([{ status: "pending", reason: "unknown_price" }]);
  await sweepInbox(bench.worker);
  expect(await states()).toMatchObject([{ status: "parked" }]);
  await bench.stripe.subscriptionItems.update(item, { price: ours, quantity: 1 });
  await arrive(customerId);
  expect(await syncCustomer(bench.webhook, customerId)).toBe("applied");
  expect(await states()).toMatchObject([{ status: "applied" }, { status: "applied" }]);
});

test("an hour later it is looked at again without anybody's doing", async () => {
  const { organization, customerId } = await subscribed();
  const { item, ours } = await estrange(organization);
  await arrive(customerId);
  await syncCustomer(bench.webhook, customerId);
  await bench.stripe.subscriptionItems.update(item, { price: ours, quantity: 1 });
  await sweepInbox(bench.worker);
  expect(await states()).toMatchObject([{ status: "parked" }]);
  await bench.rows("update headroom.stripe_inbox set next_attempt_at = now() - interval '1 second'");
  await sweepInbox(bench.worker);
  expect(await states()).toMatchObject([{ status: "applied", reason: null }]);
});

/** A customer with our prices whom nobody linked. */
async function unlinked(): Promise<{ organization: Organization; customerId: string }> {
  const { organization, customerId } = await subscribed();
  await bench.rows("delete from headroom.stripe_customer where customer_id = $1", customerId);
  await bench.stripe.customers.update(customerId, { metadata: { headroom_organization: "" } });
  return { organization, customerId };
}

test("a customer with our prices and no organization is parked until somebody links them", async () => {
  const { organization, customerId } = await unlinked();
  await arrive(customerId);
  expect(await syncCustomer(bench.webhook, customerId)).toBe("parked");
  expect(await states()).toMatchObject([{ status: "parked", reason: "unlinked" }]);
  await withOrganization(bench.api.db, organization.id, (tx) =>
    linkCustomer(tx, organization.id, customerId, new Date()),
  );
  expect(await sweepInbox(bench.worker)).toEqual({ customers: 1, putOff: 0 });
  expect(await states()).toMatchObject([{ status: "applied" }]);
});

test("an unlinked one is dead after a day, and says of what", async () => {
  const { customerId } = await unlinked();
  await arrive(customerId);
  await syncCustomer(bench.webhook, customerId);
  const age = (interval: string) =>
    bench.rows(
      `update headroom.stripe_inbox set parked_at = parked_at - interval '${interval}', next_attempt_at = now()`,
    );
  await age("23 hours");
  await sweepInbox(bench.worker);
  expect(await states()).toMatchObject([{ status: "parked" }]);
  await age("61 minutes");
  await sweepInbox(bench.worker);
  expect(await states()).toMatchObject([{ status: "dead", reason: "unlinked" }]);
});
