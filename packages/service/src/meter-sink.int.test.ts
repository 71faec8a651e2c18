import { clearFaults, injectFault, requestsSince } from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { sweepInbox } from "./customer-sync.ts";
import { reconcileOverage } from "./overage-reconciliation.ts";
import { closeDuePeriods, reportOverage } from "./overage-reporting.ts";
import { changePlan } from "./plan-changes.ts";
import { pushPlans } from "./plans.ts";
import { receiveEvent } from "./stripe/events.ts";
import { byMeter, chargedTo } from "./testing/meter-plans.ts";
import { createOverageBench, type OverageBench, type Subscriber } from "./testing/overage-bench.ts";

let bench: OverageBench;
let acme: Subscriber;
beforeAll(async () => {
  bench = await createOverageBench({ settling: false, configure: byMeter });
});
beforeEach(async () => {
  acme = await bench.subscriber();
});
afterEach(() => clearFaults(bench.sandboxUrl));
afterAll(() => bench.close());

/** The worker does what it can once. */
async function round(): Promise<void> {
  await closeDuePeriods(bench.worker);
  await bench.due();
  await reportOverage(bench.worker);
}

const pushes = () =>
  bench.rows(
    `select value::int, state, reason, (at >= period_start and at < period_end) as inside
     from headroom.usage_push where organization_id = $1 order by seq`,
    acme.id,
  );

const sent = (value: number) => ({ value, state: "sent", reason: null, inside: true });

const charged = () => chargedTo(bench, acme.customerId);

/** The period ends, and its draft is told. */
async function turn(): Promise<void> {
  await bench.advance("P1MT1M");
  await bench.deliver();
}

/** Feeds Stripe's thin events to the inbox and applies them. */
async function deliverThin(): Promise<void> {
  for await (const event of bench.stripe.v2.core.events.list({ limit: 100 })) {
    if (!event.type.startsWith("v1.billing.meter")) continue;
    await receiveEvent({ ...bench.webhook, livemode: false }, JSON.parse(JSON.stringify(event)), 0);
  }
  await sweepInbox(bench.webhook);
}

const differences = async () =>
  (await reconcileOverage(bench.worker, { organizationId: acme.id })).differences.map(({ kind }) => kind);

const events = { method: "POST", path: "/v1/billing/meter_events" } as const;

test("a period's overage is told to the meter once, and the renewal bills it to the cent", async () => {
  await acme.take(111);
  await turn();
  await bench.work();
  await bench.work();
  expect(await pushes()).toEqual([sent(11)]);
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 28, status: "paid" }]);
  expect(await acme.ledger()).toMatchObject([{ quantity: 11, amount: 28, status: "metered", fixed: true }]);
  expect(await differences()).toEqual([]);
  const made = (await requestsSince(bench.sandboxUrl)).filter(
    ({ path, status }) => path === events.path && status === 200,
  );
  expect(made).toHaveLength(1);
  expect(made[0]?.idempotencyKey).toMatch(/^hr1:[0-9a-f]{32}:jobs:\d+:1$/);
}, 60_000);

test.each([
  ["an answer that never came", { kind: "reset_after_commit", times: 3 }],
  ["500 after it was taken", { kind: "status_after_commit", status: 500, times: 3 }],
  ["500 that Stripe keeps for a day", { kind: "status_kept", status: 500, times: 1 }],
] as const)(
  "%s: billed once",
  async (_name, fault) => {
    await acme.take(120);
    await turn();
    await injectFault(bench.sandboxUrl, { ...events, ...fault });
    await round();
    await round();
    expect(await pushes()).toEqual([sent(20)]);
    await bench.advance("PT2H");
    expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
  },
  60_000,
);

test.each([
  ["it had arrived", { kind: "reset_after_commit" }],
  ["it had not", { kind: "status", status: 500 }],
] as const)(
  "an answer that is lost for 20 hours, and %s: Stripe's sum decides, billed once",
  async (_name, fault) => {
    await acme.take(120);
    await turn();
    const [draft] = (await bench.stripe.invoices.list({ customer: acme.customerId, limit: 1 })).data;
    const later = (draft?.created ?? 0) + 23 * 3600;
    await bench.stripe.invoices.update(String(draft?.id), { automatically_finalizes_at: later });
    await injectFault(bench.sandboxUrl, { ...events, ...fault });
    await round();
    expect(await pushes()).toMatchObject([{ state: "sending" }]);
    await clearFaults(bench.sandboxUrl);
    await bench.advance("PT21H");
    const { length } = await requestsSince(bench.sandboxUrl);
    await round();
    const asked = (await requestsSince(bench.sandboxUrl)).slice(length).map(({ path }) => path);
    expect(asked.some((path) => path.endsWith("/event_summaries"))).toBe(true);
    expect(await pushes()).toEqual([sent(20)]);
    await bench.advance("PT3H");
    expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
  },
  60_000,
);

test("a draft that was finalized before its usage arrived: the overage is on an invoice of our own", async () => {
  await acme.take(120);
  await turn();
  await injectFault(bench.sandboxUrl, { ...events, kind: "status", status: 500 });
  await round();
  await clearFaults(bench.sandboxUrl);
  await bench.advance("PT2H");
  await bench.work();
  expect(await pushes()).toMatchObject([{ state: "rejected", reason: "not_billed" }]);
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
  expect(await differences()).toEqual([]);
}, 60_000);

test("usage that Stripe took and does not count is reported, and billed by an invoice item", async () => {
  await acme.take(120);
  const [meter] = (await bench.stripe.billing.meters.list({ status: "active" })).data;
  await bench.stripe.billing.meters.deactivate(String(meter?.id));
  await turn();
  await bench.work();
  expect(await pushes()).toEqual([sent(20)]);
  await bench.advance("PT1M");
  await deliverThin();
  await bench.stripe.billing.meters.reactivate(String(meter?.id));
  expect(await pushes()).toMatchObject([{ state: "rejected", reason: "archived_meter" }]);
  await bench.work();
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
  expect(await differences()).toEqual([]);
}, 60_000);

test("usage that is missing in Stripe's sums without a report is found by comparing, and repaired once the invoice is final", async () => {
  await acme.take(120);
  const [meter] = (await bench.stripe.billing.meters.list({ status: "active" })).data;
  await bench.stripe.billing.meters.deactivate(String(meter?.id));
  await turn();
  await bench.work();
  await bench.advance("PT30M");
  await bench.stripe.billing.meters.reactivate(String(meter?.id));
  expect(await differences()).toEqual(["meter_differs"]);
  await bench.advance("PT2H");
  const repaired = await reconcileOverage(bench.worker, { organizationId: acme.id, repair: true });
  expect(repaired.repaired.map(({ kind }) => kind)).toEqual(["meter_differs"]);
  expect(repaired.differences).toEqual([]);
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
}, 60_000);

test("a void after the push is made good by a credit line on the same draft", async () => {
  const event = await acme.take(7);
  await acme.take(113);
  await turn();
  await bench.work();
  await acme.takeBack(event);
  await bench.work();
  expect(await pushes()).toEqual([sent(20)]);
  expect(await acme.ledger()).toMatchObject([
    { kind: "charge", quantity: 20, amount: 50 },
    { kind: "adjustment", quantity: -7, amount: -17 },
  ]);
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 33, status: "paid" }]);
  expect(await differences()).toEqual([]);
}, 60_000);

test("a cancellation in mid-period is billed on an invoice of our own: no renewal would bill the meter", async () => {
  await acme.take(120);
  await bench.advance("PT2S");
  await bench.stripe.subscriptions.cancel(acme.subscriptionId);
  await bench.deliver();
  await bench.work();
  expect(await pushes()).toEqual([]);
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
}, 60_000);

test("a change of plan takes the metered items along, and the new price bills the whole period", async () => {
  await acme.take(120);
  await bench.advance("P3D");
  const manage = await acme.access("billing.manage");
  await changePlan(bench.api, manage, { planId: "max" });
  const { items } = await bench.stripe.subscriptions.retrieve(acme.subscriptionId);
  expect(
    items.data.map(({ price }) => [price.metadata.headroom_role, price.metadata.headroom_plan]).sort(),
  ).toEqual([
    ["overage:jobs", "max"],
    ["plan", "max"],
  ]);
  const [ends] = items.data.map((item) => item.current_period_end);
  await bench.advanceTo((ends ?? 0) + 60);
  await bench.deliver();
  await bench.work();
  expect(await pushes()).toEqual([sent(20)]);
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 25, status: "paid" }]);
}, 60_000);

test("a metered item that came while the draft waited bills nothing of the period before: an invoice item does", async () => {
  await acme.take(120);
  const { items } = await bench.stripe.subscriptions.retrieve(acme.subscriptionId);
  const item = items.data.find(({ price }) => price.metadata.headroom_role === "overage:jobs");
  const { stripe } = bench.worker;
  await stripe?.setUsagePrices(acme.subscriptionId, [], "off before");
  await turn();
  await stripe?.setUsagePrices(acme.subscriptionId, [String(item?.price.id)], "on after");
  await bench.work();
  await bench.advance("PT2H");
  await bench.work();
  expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
  expect(await pushes()).toEqual([]);
}, 60_000);

test("plans are pushed with a meter and a metered price, once; a subscription's metered items can be taken off and put on", async () => {
  const again = await pushPlans(bench.worker, { dryRun: false });
  expect(again.prices?.filter(({ change }) => change !== "unchanged")).toEqual([]);
  expect(again.stripeMeters).toEqual([{ eventName: "headroom_jobs", change: "unchanged" }]);
  const [made] = (await bench.stripe.billing.meters.list()).data;
  await bench.stripe.billing.meters.deactivate(String(made?.id));
  const dry = await pushPlans(bench.worker, { dryRun: true });
  expect(dry.stripeMeters).toEqual([{ eventName: "headroom_jobs", change: "reactivated" }]);
  expect((await bench.stripe.billing.meters.retrieve(String(made?.id))).status).toBe("inactive");
  expect((await pushPlans(bench.worker, { dryRun: false })).stripeMeters).toEqual(dry.stripeMeters);
  expect((await bench.stripe.billing.meters.list()).data.map(({ event_name }) => event_name)).toEqual([
    "headroom_jobs",
  ]);
  const roles = async () =>
    (await bench.stripe.subscriptions.retrieve(acme.subscriptionId)).items.data
      .map(({ price, quantity }) => [price.metadata.headroom_role, quantity])
      .sort();
  expect(await roles()).toEqual([
    ["overage:jobs", undefined],
    ["plan", 1],
  ]);
  const [item] = (await bench.stripe.subscriptions.retrieve(acme.subscriptionId)).items.data.filter(
    ({ price }) => price.metadata.headroom_role === "overage:jobs",
  );
  const { setUsagePrices } = bench.worker.stripe ?? {};
  await setUsagePrices?.(acme.subscriptionId, [], "off");
  expect(await roles()).toEqual([["plan", 1]]);
  await setUsagePrices?.(acme.subscriptionId, [String(item?.price.id)], "on");
  await setUsagePrices?.(acme.subscriptionId, [String(item?.price.id)], "on again");
  expect(await roles()).toHaveLength(2);
}, 60_000);
