import { injectFault, requestsSince } from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { backfillEvents } from "./backfill.ts";
import { startCheckout } from "./checkout.ts";
import { sweepInbox } from "./customer-sync.ts";
import { receiveEvent } from "./stripe/events.ts";
import { StripeFault } from "./stripe/faults.ts";
import { withoutChanges } from "./stripe/read-only.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";
import { resolveThinEvents } from "./thin-events.ts";

let bench: StripeBench;
let acme: { id: string; checkoutUrl: string };
beforeAll(async () => {
  bench = await createStripeBench();
});
afterAll(() => bench?.close());

beforeEach(async () => {
  const { id, access } = await bench.organization();
  const { checkoutUrl } = await startCheckout(bench.api, await access("billing.manage"), { planId: "pro" });
  await bench.pay(checkoutUrl);
  acme = { id, checkoutUrl };
});

type Json = Record<string, unknown> & { id: string; type: string };

const take = (event: Json) =>
  receiveEvent({ ...bench.webhook, livemode: false }, JSON.parse(JSON.stringify(event)), 0);

/** What Stripe sent when the subscription began, in both styles; the thin one as it is delivered. */
async function twins(type = "customer.subscription.created"): Promise<{ snapshot: Json; thin: Json }> {
  const [snapshot] = (await bench.stripe.events.list({ type, limit: 1 })).data;
  const { data } = await bench.stripe.v2.core.events.list({ types: [`v1.${type}`], limit: 1 });
  const { data: _, fetchRelatedObject: __, ...thin } = data[0] as unknown as Json;
  return { snapshot: snapshot as unknown as Json, thin: thin as Json };
}

const statusOf = async (...events: Json[]) => {
  const rows = await bench.rows(
    "select event_id as id, status from headroom.stripe_inbox where event_id = any($1)",
    events.map(({ id }) => id),
  );
  return events.map(({ id }) => rows.find((row) => row.id === id)?.status);
};

const planOf = async () => {
  const [row] = await bench.rows(
    "select plan_id from headroom.subscription where organization_id = $1",
    acme.id,
  );
  return row?.plan_id;
};

test("a thin event alone changes the plan: Stripe is asked whose it is, and its customer is fetched", async () => {
  const { thin } = await twins();
  expect(await take(thin)).toEqual({ outcome: "new", customerId: null, unresolved: true });
  expect(await planOf()).toBeNull();
  await sweepInbox(bench.webhook);
  expect(await planOf()).toBe("pro");
  expect(await statusOf(thin)).toEqual(["applied"]);
});

test("while billing is not live, Stripe is asked about a thin event all the same", async () => {
  const { thin } = await twins();
  await take(thin);
  const { stripe } = bench.webhook;
  if (stripe === null) throw new Error("the bench has Stripe");
  await sweepInbox({ ...bench.webhook, stripe: withoutChanges(stripe) });
  expect(await planOf()).toBe("pro");
  expect(await statusOf(thin)).toEqual(["applied"]);
});

test("a thin event of a checkout closes it, as the snapshot one does", async () => {
  const { thin } = await twins("checkout.session.completed");
  await take(thin);
  await sweepInbox(bench.webhook);
  const open = await bench.rows(
    "select status from headroom.stripe_intent where organization_id = $1 and kind = 'checkout'",
    acme.id,
  );
  expect(open).toEqual([{ status: "completed" }]);
});

test.each([true, false])("the snapshot first: the thin one is ignored, naming it: %s", async (names) => {
  const { snapshot, thin } = await twins();
  const { snapshot_event: _, ...unnamed } = thin;
  await take(snapshot);
  await take(names ? thin : (unnamed as Json));
  await sweepInbox(bench.webhook);
  expect(await statusOf(snapshot, thin)).toEqual(["applied", "ignored"]);
});

test.each([
  ["applied", sweepInbox],
  ["resolved", (webhook: StripeBench["webhook"]) => resolveThinEvents(webhook)],
] as const)("the thin one first, and %s: the snapshot is ignored", async (_state, go) => {
  const { snapshot, thin } = await twins();
  await take(thin);
  await go(bench.webhook);
  expect(await take(snapshot)).toMatchObject({ outcome: "new" });
  await sweepInbox(bench.webhook);
  expect(await statusOf(thin, snapshot)).toEqual(["applied", "ignored"]);
});

test("the thin one first, and Stripe not asked yet: the snapshot, which says whose it is, is applied", async () => {
  const { snapshot, thin } = await twins();
  await take(thin);
  expect(await take(snapshot)).toMatchObject({ customerId: expect.stringMatching(/^cus_/) });
  await sweepInbox(bench.webhook);
  expect(await statusOf(thin, snapshot)).toEqual(["ignored", "applied"]);
  expect(await planOf()).toBe("pro");
});

test("a fault of Stripe's puts the question off, and loses nothing", async () => {
  const { thin } = await twins();
  await take(thin);
  await injectFault(bench.sandboxUrl, { kind: "status", path: "/v2/core/events/*", status: 500, times: 3 });
  expect(await resolveThinEvents(bench.webhook)).toEqual([]);
  expect(await statusOf(thin)).toEqual(["pending"]);
  await bench.rows("update headroom.stripe_inbox set next_attempt_at = now() where status = 'pending'");
  await sweepInbox(bench.webhook);
  expect(await statusOf(thin)).toEqual(["applied"]);
});

test("prices and products in both styles are the catalogue's; what concerns nobody is ignored", async () => {
  const price = await twins("price.created");
  await take(price.thin);
  await take(price.snapshot);
  const odd = { ...price.thin, id: "evt_test_odd", type: "v1.coupon.created", snapshot_event: undefined };
  expect(await take(odd)).toMatchObject({ unresolved: false, customerId: null });
  await sweepInbox(bench.worker);
  expect(await statusOf(price.thin, price.snapshot, odd)).toEqual(["applied", "ignored", "ignored"]);
});

test("a report of meter events that are none of ours is applied, and changes nothing", async () => {
  await bench.stripe.billing.meterEvents.create({ event_name: "nothing", payload: { value: "1" } });
  await bench.advance("PT5S");
  const { data } = await bench.stripe.v2.core.events.list({ types: ["v1.billing.meter.no_meter_found"] });
  const report = data[0] as unknown as Json;
  expect(await take(report)).toMatchObject({ unresolved: true });
  await sweepInbox(bench.webhook);
  expect(await statusOf(report)).toEqual(["applied"]);
});

/** Copies of a thin event, each about itself alone: a flood of them. */
async function flood(thin: Json, many: number): Promise<Json[]> {
  const copies = [];
  for (let n = 0; n < many; n += 1) {
    const { snapshot_event: _, ...rest } = thin;
    copies.push({ ...rest, id: `${thin.id}${n}` } as Json);
  }
  for (const copy of copies) await take(copy);
  return copies;
}

test("a flood of thin events keeps no customer waiting: a sweep asks about ten, then applies who is due", async () => {
  await bench.rows("delete from headroom.stripe_inbox");
  const { snapshot, thin } = await twins();
  const copies = await flood(thin, 25);
  await take(snapshot);
  const before = (await requestsSince(bench.sandboxUrl)).length;
  await sweepInbox(bench.webhook);
  const asked = (await requestsSince(bench.sandboxUrl)).slice(before).map(({ path }) => path);
  const customer = asked.findIndex((path) => path.startsWith("/v1/customers/"));
  expect(asked.slice(0, customer).filter((path) => path.startsWith("/v2/core/events/"))).toHaveLength(10);
  expect(await planOf()).toBe("pro");
  // Stripe knows none of the copies: each is put off, and those behind it have their turn.
  for (let round = 0; round < 2; round += 1) await sweepInbox(bench.webhook);
  const tried = await bench.rows(
    "select count(*)::int as many from headroom.stripe_inbox where event_id = any($1) and attempts > 0",
    copies.map(({ id }) => id),
  );
  expect(tried).toEqual([{ many: 25 }]);
});

test("when Stripe is slow, nothing more is begun than what was claimed, and the rest is everybody's", async () => {
  await bench.rows("delete from headroom.stripe_inbox");
  const { thin } = await twins();
  const copies = await flood(thin, 12);
  await resolveThinEvents(bench.webhook, { most: 50, withinMs: 0 });
  const rows = await bench.rows(
    `select attempts, next_attempt_at <= clock_timestamp() as due from headroom.stripe_inbox
     where event_id = any($1) order by seq`,
    copies.map(({ id }) => id),
  );
  expect(rows.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
  expect(rows.slice(5).every(({ due }) => due)).toBe(true);
  await bench.rows(
    "delete from headroom.stripe_inbox where event_id = any($1)",
    copies.map(({ id }) => id),
  );
});

async function destination(events: string[]): Promise<string> {
  const { id } = await bench.stripe.v2.core.eventDestinations.create({
    name: "Headroom",
    type: "webhook_endpoint",
    event_payload: "thin",
    enabled_events: events,
    webhook_endpoint: { url: "http://127.0.0.1:9/stripe" },
  });
  return id;
}

const kept = async (style: string) => {
  const rows = await bench.rows("select type from headroom.stripe_inbox where style = $1", style);
  return rows.map(({ type }) => type);
};

test("a backfill takes thin events that a destination should have told, and none that was told by its twin", async () => {
  await bench.rows("delete from headroom.stripe_inbox");
  expect((await backfillEvents(bench.worker)).missing).toEqual({});
  const id = await destination(["v1.customer.subscription.created", "v1.billing.meter.no_meter_found"]);
  await bench.stripe.billing.meterEvents.create({ event_name: "nobody", payload: { value: "1" } });
  await bench.advance("PT5S");
  const since = new Date(0);
  const dry = await backfillEvents(bench.worker, { since, dryRun: true });
  expect(await kept("thin")).toEqual([]);
  const found = await backfillEvents(bench.worker, { since });
  expect(found).toMatchObject({
    missing: dry.missing,
    kept: Object.values(dry.missing).reduce((a, b) => a + b),
  });
  expect(new Set(Object.keys(found.missing))).toEqual(
    new Set(["v1.customer.subscription.created", "v1.billing.meter.no_meter_found"]),
  );
  expect(await backfillEvents(bench.worker, { since })).toMatchObject({ missing: {}, kept: 0 });
  for (let round = 0; round < 4; round += 1) await sweepInbox(bench.worker);
  expect(await planOf()).toBe("pro");
  await bench.rows("delete from headroom.stripe_inbox");
  const both = await backfillEvents(bench.worker, { since, delivered: true });
  expect(both.missing["customer.subscription.created"]).toBeGreaterThan(0);
  expect(await kept("thin")).toEqual(
    (await kept("thin")).filter((type) => type === "v1.billing.meter.no_meter_found"),
  );
  expect(await kept("thin")).not.toEqual([]);
  await bench.stripe.v2.core.eventDestinations.del(id);
});

test("a key that may not read event destinations backfills snapshot events all the same", async () => {
  await bench.rows("delete from headroom.stripe_inbox");
  const { stripe } = bench.worker;
  if (stripe === null) throw new Error("the bench has Stripe");
  const listThinTypes = () => Promise.reject(new StripeFault("credentials", "lacks a right"));
  const worker = { ...bench.worker, stripe: { ...stripe, listThinTypes } };
  const found = await backfillEvents(worker, { since: new Date(0), delivered: true });
  expect(found.kept).toBeGreaterThan(0);
  expect(await kept("thin")).toEqual([]);
});
