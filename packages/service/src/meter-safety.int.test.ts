import { clearFaults, injectFault } from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readBillingHealth } from "./billing-health.ts";
import { settlePushes } from "./meter-reconciliation.ts";
import { reconcileOverage } from "./overage-reconciliation.ts";
import { closeDuePeriods, reportOverage } from "./overage-reporting.ts";
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
afterEach(async () => {
  await clearFaults(bench.sandboxUrl);
  await counting({ held: false });
});
afterAll(() => bench?.close());

const events = { method: "POST", path: "/v1/billing/meter_events" } as const;

/** Whether Stripe counts what its meters take, or lets it wait. */
async function counting(how: { held: boolean }): Promise<void> {
  const answer = await fetch(`${bench.sandboxUrl}/_sandbox/meters`, {
    method: "POST",
    body: JSON.stringify(how),
  });
  expect(answer.status).toBe(200);
}

async function turn(): Promise<void> {
  await bench.advance("P1MT1M");
  await bench.deliver();
}

/** Twenty units are told to the meter, which counts them too late for the invoice. */
async function missed(): Promise<void> {
  await acme.take(120);
  await counting({ held: true });
  await turn();
  await bench.work();
  await bench.advance("PT2H");
  expect(await charged()).toEqual([]);
}

const charged = () => chargedTo(bench, acme.customerId);
const pushes = () =>
  bench.rows(
    "select state, reason, counted::int from headroom.usage_push where organization_id = $1 order by seq",
    acme.id,
  );
const rows = () =>
  bench.rows(
    "select status, sent_at is not null as sent from headroom.overage where organization_id = $1",
    acme.id,
  );
const signal = async (wanted: string) =>
  (await readBillingHealth(bench.worker)).signals.find(({ name }) => name === wanted);
const differences = async () =>
  (await reconcileOverage(bench.worker, { organizationId: acme.id })).differences.map(({ kind }) => kind);

/** What a worker of the release before usage_push does to find and to take its work, word for word. */
async function oldWorkerTakes(): Promise<unknown[]> {
  const old = await bench.worker.db.pool.connect();
  try {
    await old.query("begin");
    await old.query("select set_config('headroom.organization_id', $1, true)", [acme.id]);
    const due = await old.query(
      'select organization_id as "organizationId", id from due_overages($1)',
      [100],
    );
    const all = await bench.rows("select id from headroom.overage where organization_id = $1", acme.id);
    const claimed = await old.query(
      `update "overage" set "attempts" = attempts + 1, "next_attempt_at" = clock_timestamp() + interval '10 seconds'
       where "organization_id" = $1 and "id" = $2 and "status" = $3 and "next_attempt_at" <= clock_timestamp()
       returning "id", "stripe_invoice_id"`,
      [acme.id, all[0]?.id, "pending"],
    );
    await old.query("commit");
    return [...due.rows.filter(({ organizationId }) => organizationId === acme.id), ...claimed.rows];
  } finally {
    old.release();
  }
}

test("a worker of the release before finds its work by the same statements, but nothing that a meter is told", async () => {
  await acme.take(120);
  await turn();
  await closeDuePeriods(bench.worker);
  await bench.due();
  expect(await oldWorkerTakes()).toHaveLength(2);
  await injectFault(bench.sandboxUrl, { ...events, kind: "status", status: 500 });
  await bench.due();
  await reportOverage(bench.worker);
  await bench.due();
  expect(await pushes()).toMatchObject([{ state: "sending" }]);
  expect(await rows()).toEqual([{ status: "metered", sent: false }]);
  expect(await oldWorkerTakes()).toEqual([]);
  await clearFaults(bench.sandboxUrl);
  await bench.work();
  expect(await rows()).toEqual([{ status: "metered", sent: true }]);
  expect(await oldWorkerTakes()).toEqual([]);
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
}, 60_000);

test("what a release that left such rows pending has written down is put out of reach, and billed once", async () => {
  await acme.take(120);
  await turn();
  await injectFault(bench.sandboxUrl, { ...events, kind: "status", status: 500 });
  await closeDuePeriods(bench.worker);
  await bench.due();
  await reportOverage(bench.worker);
  await clearFaults(bench.sandboxUrl);
  await bench.rows("update headroom.overage set status = 'pending' where organization_id = $1", acme.id);
  await bench.work();
  expect(await rows()).toEqual([{ status: "metered", sent: true }]);
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
}, 60_000);

test("an open push is unsettled overage: the draft waits for it, and the organization is not purged", async () => {
  await acme.take(120);
  await turn();
  await injectFault(bench.sandboxUrl, { ...events, kind: "status", status: 500 });
  await closeDuePeriods(bench.worker);
  await bench.due();
  await reportOverage(bench.worker);
  await clearFaults(bench.sandboxUrl);
  const open = await bench.rows("select headroom.overage_is_open($1) as open", acme.id);
  expect(open).toEqual([{ open: true }]);
  const [before] = await bench.rows("select unsettled::int from headroom.billing_signals()");
  await bench.work();
  expect(await bench.rows("select headroom.overage_is_open($1) as open", acme.id)).toEqual([{ open: false }]);
  const [after] = await bench.rows("select unsettled::int from headroom.billing_signals()");
  expect(Number(before?.unsettled) - Number(after?.unsettled)).toBe(1);
}, 60_000);

test("a push without an answer that Stripe's sum says nothing of is shown, and alerted once its invoice must be final", async () => {
  await acme.take(120);
  await turn();
  await closeDuePeriods(bench.worker);
  await bench.due();
  await injectFault(bench.sandboxUrl, { ...events, kind: "status", status: 500 });
  await reportOverage(bench.worker);
  await clearFaults(bench.sandboxUrl);
  const age = (hours: number) =>
    bench.rows(
      `update headroom.usage_push set state = 'ambiguous', sent_at = headroom.clock_now() - $2::integer * interval '1 hour'
       where organization_id = $1`,
      acme.id,
      hours,
    );
  await age(21);
  expect(await signal("pushes_ambiguous")).toMatchObject({ state: "warning", count: 1 });
  await age(27);
  expect(await signal("pushes_ambiguous")).toMatchObject({ state: "alert", count: 1 });
  await bench.work();
  expect(await signal("pushes_ambiguous")).toMatchObject({ state: "ok", count: 0 });
}, 60_000);

test("Stripe's sum that turns up after it was carried changes nothing: a final line is what was billed", async () => {
  await missed();
  await settlePushes(bench.worker);
  expect((await signal("pushes_rejected"))?.state).toBe("warning");
  await bench.rows("update headroom.usage_push set rejected_at = rejected_at - interval '2 days'");
  expect((await signal("pushes_rejected"))?.state).toBe("ok");
  await counting({ held: false });
  await bench.advance("PT1H");
  await settlePushes(bench.worker);
  await bench.work();
  await turn();
  await bench.work();
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
  expect(await differences()).toEqual([]);
}, 60_000);

test("while the invoice is a draft Stripe may still count it: nothing is carried, by the night or by a repair", async () => {
  await acme.take(120);
  await counting({ held: true });
  await turn();
  await bench.work();
  await bench.advance("PT30M");
  expect(await settlePushes(bench.worker)).toMatchObject({ given_up: 0 });
  const { differences: left } = await reconcileOverage(bench.worker, {
    organizationId: acme.id,
    repair: true,
  });
  expect(left.map(({ kind }) => kind)).toEqual(["meter_differs"]);
  expect(await pushes()).toEqual([{ state: "sent", reason: null, counted: null }]);
  await counting({ held: false });
  await bench.advance("PT2H");
  await settlePushes(bench.worker);
  expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
  expect(await pushes()).toEqual([{ state: "sent", reason: null, counted: 20 }]);
}, 60_000);

test("a process that dies after the ledger says so, or an answer of Stripe's that never comes: carried once", async () => {
  await missed();
  const { stripe } = bench.worker;
  if (stripe === null) throw new Error("the bench has Stripe");
  const dead = () => Promise.reject(new Error("killed"));
  const read = await settlePushes({ ...bench.worker, stripe: { ...stripe, usageBilled: dead } });
  expect(read).toMatchObject({ failed: 1, given_up: 0 });
  expect(await pushes()).toMatchObject([{ state: "sent" }]);
  await settlePushes({ ...bench.worker, stripe: { ...stripe, createInvoiceItem: dead } });
  expect(await pushes()).toMatchObject([{ state: "rejected" }]);
  expect(await rows()).toEqual([{ status: "pending", sent: false }]);
  await injectFault(bench.sandboxUrl, {
    kind: "reset_after_commit",
    method: "POST",
    path: "/v1/invoiceitems",
    times: 3,
  });
  await bench.work();
  await bench.work();
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 50, status: "paid" }]);
}, 60_000);

test.each([
  ["a part", 8, -12],
  ["more", 27, 7],
])(
  "%s of it that the invoice bills stays billed, and the difference goes by an adjustment",
  async (_name, units, difference) => {
    await acme.take(120);
    await counting({ held: true });
    await turn();
    await bench.work();
    // Somebody else's usage, in place of ours.
    const [told] = await bench.rows("select at from headroom.usage_push where organization_id = $1", acme.id);
    await counting({ held: false });
    await bench.advance("PT1M");
    const more = units - 20;
    await bench.stripe.billing.meterEvents.create({
      event_name: "headroom_jobs",
      payload: { stripe_customer_id: acme.customerId, value: String(more) },
      timestamp: Math.floor(Number(told?.at) / 1000),
    });
    await bench.advance("PT2H");
    expect(await charged()).toEqual([{ total: units * 2.5 + (units % 2) / 2, status: "paid" }]);
    expect(await differences()).toEqual(["meter_differs"]);
    await Promise.all([settlePushes(bench.worker), settlePushes(bench.worker)]);
    await bench.work();
    expect(await pushes()).toEqual([{ state: "sent", reason: null, counted: units }]);
    const ledger = await acme.ledger();
    expect(ledger.map(({ kind, quantity }) => [kind, quantity])).toEqual([
      ["charge", units],
      ["adjustment", -difference],
    ]);
    expect(ledger.reduce((sum, { amount }) => sum + amount, 0)).toBe(50);
    expect(await differences()).toEqual([]);
    const { items } = await bench.stripe.subscriptions.retrieve(acme.subscriptionId);
    await bench.advanceTo((items.data[0]?.current_period_end ?? 0) + 60);
    await bench.deliver();
    await bench.work();
    await bench.advance("PT2H");
    expect((await charged()).reduce((sum, { total }) => sum + total, 0)).toBe(50);
  },
  60_000,
);
