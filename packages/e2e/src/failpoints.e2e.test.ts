import path from "node:path";
import { type Failpoint, failpoints } from "@headroom/platform/failpoints";
import { startCheckout } from "@headroom/service/checkout";
import { setMaxOverages } from "@headroom/service/max-overages";
import type { PlanWish } from "@headroom/service/plan-change-terms";
import { requestsSince } from "@headroom/stripe-sandbox/testing/controls";
import { describe, expect, type TestContext, test } from "vitest";
import { type Lane, meterSink, openLane } from "./inbound-lane.ts";
import { until } from "./people.ts";

/** Some thirty times what a quiet machine needs for one. */
const timeout = 300_000;

const named = (area: string): Failpoint[] => failpoints.filter((name) => name.startsWith(`${area}.`));

// The running test, and not the one that happens to be looked at: they run side by side.
async function lane(context: Pick<TestContext, "onTestFinished">, configurationFile?: string): Promise<Lane> {
  const opened = await openLane(configurationFile);
  context.onTestFinished(() => opened.close());
  return opened;
}

/** An organization pays for a plan; default: `pro` and three seats. */
async function subscribe({ bench }: Lane, wish: PlanWish = { planId: "pro", seats: 3 }) {
  const organization = await bench.organization();
  const access = await organization.access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, access, wish);
  await bench.pay(checkoutUrl);
  return organization;
}

const lastRequest = async ({ bench }: Lane) => (await requestsSince(bench.sandboxUrl)).at(-1)?.seq ?? 0;

/** What was changed at Stripe since, as often as it really was. */
const changesSince = async ({ bench }: Lane, seq: number) =>
  (await requestsSince(bench.sandboxUrl, seq))
    .filter(({ method, replayed, status }) => method !== "GET" && !replayed && status === 200)
    .map(({ method, path }) => `${method} ${path}`);

/**
 * What was billed at Stripe since. Beside it the draft may be held until it has everything, and is given back its own hour
 * then.
 */
const billedSince = async (opened: Lane, seq: number) =>
  (await changesSince(opened, seq)).filter((change) => !/^POST \/v1\/invoices\/in_\w+$/.test(change));

/** Uses 30 jobs more than the plan includes, lets the month end, and answers Stripe's last request by then. */
async function overBy30(
  opened: Lane,
  { id, access }: Awaited<ReturnType<typeof subscribe>>,
): Promise<number> {
  const { bench } = opened;
  await setMaxOverages(bench.api, await access("billing.manage"), { meter: "jobs", units: 50 });
  expect(await bench.consume(id, "jobs", 130)).toBe(130);
  await bench.advance("P1MT10M");
  return lastRequest(opened);
}

/** The plan is there, told once, and nothing was asked of Stripe but to say what it has. */
async function expectSubscribed(opened: Lane, organizationId: string, seq: number): Promise<void> {
  const { rows } = opened.bench;
  const [facts] = await rows(
    "select plan_id, state, seats_purchased from headroom.subscription where organization_id = $1",
    organizationId,
  );
  expect(facts).toEqual({ plan_id: "pro", state: "active", seats_purchased: 3 });
  const audit = await rows(
    "select action from headroom.audit_entry where organization_id = $1 and actor_kind = 'system' order by seq",
    organizationId,
  );
  expect(audit.map((row) => row.action)).toEqual([
    "subscription.started",
    "subscription.state_changed",
    "subscription.seats_changed",
  ]);
  const events = await rows(
    "select count(*)::int as many from headroom.event where organization_id = $1 and name = 'entitlements.changed'",
    organizationId,
  );
  expect(events).toEqual([{ many: 1 }]);
  expect(await rows("select status from headroom.stripe_intent")).toEqual([{ status: "completed" }]);
  expect(await changesSince(opened, seq)).toEqual([]);
}

describe.concurrent("the webhook app, killed at", { timeout }, () => {
  test.for([...named("inbox"), ...named("sync")])(
    "%s, loses nothing and does nothing twice",
    async (name, context) => {
      const opened = await lane(context);
      await opened.start("stripe-webhook", name);
      const { id } = await subscribe(opened);
      const seq = await lastRequest(opened);
      await opened.died("stripe-webhook");
      await Promise.all([opened.start("stripe-webhook"), opened.start("worker")]);
      await opened.settled();
      await expectSubscribed(opened, id, seq);
    },
  );
});

describe.concurrent("the worker, killed at", { timeout }, () => {
  test.for(named("sync"))("%s while the webhook app is down, too", async (name, context) => {
    const opened = await lane(context);
    const { id } = await subscribe(opened);
    const seq = await lastRequest(opened);
    await opened.start("worker", name);
    await opened.died("worker");
    await opened.start("worker");
    await opened.settled();
    await expectSubscribed(opened, id, seq);
  });

  test.for(named("overage"))("%s puts the overage on the invoice once", async (name, context) => {
    const opened = await lane(context);
    const { bench } = opened;
    await opened.start("stripe-webhook");
    const organization = await subscribe(opened);
    await opened.applied();
    const seq = await overBy30(opened, organization);
    await opened.start("worker", name);
    await opened.died("worker");
    await opened.start("worker");
    const read = () => bench.rows("select status, quantity::int from headroom.overage");
    await until(read, (rows) => rows.length === 1 && rows[0]?.status === "sent", 90);
    expect(await read()).toEqual([{ status: "sent", quantity: 30 }]);
    expect(await billedSince(opened, seq)).toEqual(["POST /v1/invoiceitems"]);
    const items = await bench.stripe.invoiceItems.list({ limit: 10 });
    expect(items.data.map(({ amount }) => amount)).toEqual([75]);
    await opened.settled();
    const draft = async () => (await bench.stripe.invoices.list({ limit: 1 })).data[0];
    await until(draft, (now) => now?.automatically_finalizes_at === (now?.created ?? 0) + 3_600, 90);
  });

  test.for(named("push"))("%s tells the billing meter the overage once", async (name, context) => {
    const opened = await lane(context, meterSink);
    const { bench } = opened;
    await opened.start("stripe-webhook");
    const organization = await subscribe(opened, { planId: "pro" });
    await opened.applied();
    const seq = await overBy30(opened, organization);
    await opened.start("worker", name);
    await opened.died("worker");
    await opened.start("worker");
    const read = () => bench.rows("select state, value::int from headroom.usage_push");
    await until(read, (rows) => rows.length === 1 && rows[0]?.state === "sent", 90);
    expect(await read()).toEqual([{ state: "sent", value: 30 }]);
    expect(await billedSince(opened, seq)).toEqual(["POST /v1/billing/meter_events"]);
    await opened.settled();
    const newest = async () => (await bench.stripe.invoices.list({ limit: 1 })).data[0];
    await until(newest, (now) => now?.automatically_finalizes_at === (now?.created ?? 0) + 3_600, 90);
    await bench.advance("PT2H");
    const invoice = await newest();
    expect(invoice?.lines.data.map(({ amount }) => amount)).toEqual([75, 2900]);
  });

  test.for(named("seats"))("%s tells Stripe the seats once", async (name, context) => {
    const opened = await lane(context, path.join(import.meta.dirname, "year-plans.config.ts"));
    const { bench } = opened;
    await opened.start("stripe-webhook");
    // Three seats are included, and the members take them all.
    const { id } = await subscribe(opened, { planId: "team", interval: "month" });
    await opened.applied();
    for (let more = 0; more < 4; more += 1) await bench.make.member(id);
    const seq = await lastRequest(opened);
    await opened.start("worker", name);
    await opened.died("worker");
    await opened.start("worker");
    const read = () =>
      bench.rows("select pushed_version = version as told, quantity, edits, sent from headroom.seat_target");
    await until(read, (rows) => rows[0]?.told === true, 90);
    expect(await read()).toEqual([{ told: true, quantity: 2, edits: 0, sent: null }]);
    const [row] = await bench.rows(
      "select stripe_subscription_id as id, seats_purchased as seats from headroom.subscription where organization_id = $1",
      id,
    );
    expect(row?.seats).toBe(2);
    expect(await changesSince(opened, seq)).toEqual([`POST /v1/subscriptions/${row?.id}`]);
    const { items } = await bench.stripe.subscriptions.retrieve(String(row?.id));
    expect(items.data.map(({ quantity }) => quantity).sort()).toEqual([1, 2]);
    await opened.settled();
  });
});

test("the webhook app comes back after a day: everything is right at once", { timeout }, async (context) => {
  const opened = await lane(context);
  const { bench } = opened;
  await opened.start("stripe-webhook");
  const { id } = await subscribe(opened);
  await opened.applied();
  await opened.kill("stripe-webhook");
  const [row] = await bench.rows(
    "select stripe_subscription_id as id, seat_item_id as seats from headroom.subscription where organization_id = $1",
    id,
  );
  await bench.stripe.subscriptionItems.update(String(row?.seats), { quantity: 8 });
  await bench.advance("P1D");
  await bench.stripe.subscriptions.update(String(row?.id), { cancel_at_period_end: true });
  // Stripe tries again when an hour has passed; nobody waits for that.
  await Promise.all([opened.start("stripe-webhook"), opened.start("worker")]);
  await opened.settled();
  const [facts] = await bench.rows(
    "select seats_purchased, cancel_at is not null as leaving from headroom.subscription where organization_id = $1",
    id,
  );
  expect(facts).toEqual({ seats_purchased: 8, leaving: true });
});
