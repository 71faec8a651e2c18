import { readFileSync } from "node:fs";
import { enqueue } from "@headroom/db/jobs";
import { withSystem } from "@headroom/db/tenancy";
import { startCheckout } from "@headroom/service/checkout";
import { sweepInbox, syncCustomer } from "@headroom/service/customer-sync";
import { pruneInbox } from "@headroom/service/inbox-upkeep";
import { receiveEvent } from "@headroom/service/stripe/events";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { headroomOn } from "./testing/headroom.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench();
  // An address that nobody listens at: what Stripe cannot deliver there is what a backfill brings.
  await bench.stripe.webhookEndpoints.create({ url: "http://127.0.0.1:9/none", enabled_events: ["*"] });
});
afterAll(() => bench?.close());
beforeEach(() => bench.rows("delete from headroom.stripe_inbox"));

const headroom = (...parameters: string[]) =>
  headroomOn(() => bench.scratch.url, {
    STRIPE_SECRET_KEY: "sk_test_bench",
    STRIPE_API_BASE: bench.sandboxUrl,
  })(...parameters);
const json = async (...parameters: string[]) => {
  const { code, out, err } = await headroom(...parameters, "--json");
  expect(err).toBe("");
  return { code, ...JSON.parse(out) };
};

/** An organization that has paid while nobody listened. */
async function paid(): Promise<{ id: string; customerId: string }> {
  const organization = await bench.organization();
  const access = await organization.access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, access, { planId: "pro" });
  await bench.pay(checkoutUrl);
  const [row] = await bench.rows(
    "select customer_id from headroom.stripe_customer where organization_id = $1",
    organization.id,
  );
  return { id: organization.id, customerId: String(row?.customer_id) };
}

const planOf = async ({ id }: { id: string }) =>
  (await bench.rows("select plan_id from headroom.subscription where organization_id = $1", id))[0]?.plan_id;
const actsOf = async () => {
  const { acts } = await json("audit", "operators");
  return acts.map(({ action, actor }: { action: string; actor: string }) => `${action} by ${actor}`);
};

test("a backfill takes in what was never delivered, by the same insert, and says where it ended", async () => {
  const subscriber = await paid();
  const dry = await json("stripe", "backfill", "--dry-run");
  expect(dry).toMatchObject({ code: 0, dryRun: true, kept: 0 });
  expect(dry.missing).toMatchObject({ "checkout.session.completed": 1, "customer.subscription.created": 1 });
  expect(await bench.rows("select 1 from headroom.stripe_inbox")).toEqual([]);

  const first = await json("stripe", "backfill");
  expect(first.kept).toBe(Object.values(first.missing as object).reduce((sum, count) => sum + count, 0));
  const again = await json("stripe", "backfill", "--since", new Date(0).toISOString());
  expect(again).toMatchObject({ missing: {}, kept: 0, listed: first.listed });
  const [row] = await bench.rows("select distinct secret_index from headroom.stripe_inbox");
  expect(row).toEqual({ secret_index: null });
  expect(await planOf(subscriber)).toBeNull();
  await sweepInbox(bench.worker);
  expect(await planOf(subscriber)).toBe("pro");

  const { readings } = await json("stripe", "status");
  expect(readings.backfill).toMatchObject({ listed: first.listed, kept: 0 });
  const next = await json("stripe", "backfill");
  expect(new Date(next.since).getTime()).toBeGreaterThan(new Date(first.since).getTime());
});

test("kept events are applied again by id, customer, type and time; each is an audited act", async () => {
  const subscriber = await paid();
  await headroom("stripe", "backfill", "--since", new Date(0).toISOString());
  await sweepInbox(bench.worker);
  const [{ event_id: id } = {}] = await bench.rows(
    "select event_id from headroom.stripe_inbox where customer_id = $1 and type = 'customer.subscription.created'",
    subscriber.customerId,
  );
  expect(await json("stripe", "replay", String(id))).toMatchObject({ code: 0, replayed: [id] });
  await sweepInbox(bench.worker);
  const type = await json("stripe", "replay", "--type", "customer.subscription.created");
  expect(type.replayed).toContain(id);
  const customer = await json("stripe", "replay", "--customer", subscriber.customerId);
  expect(customer.replayed.length).toBeGreaterThan(3);
  expect(await json("stripe", "replay", "--since", "2999-01-01")).toMatchObject({ code: 1, replayed: [] });
  expect(await json("stripe", "replay", "evt_nobody")).toMatchObject({ code: 1, replayed: [] });
  const nobody = {
    code: 1,
    out: expect.stringMatching(/^no event that is kept is chosen by that: headroom stripe/),
  };
  expect(await headroom("stripe", "replay", "evt_nobody")).toMatchObject(nobody);
  expect(await headroom("stripe", "replay")).toMatchObject({ code: 2 });
  expect((await actsOf()).filter((act: string) => act === "stripe.replayed by kim")).toHaveLength(3);
  await sweepInbox(bench.worker);
  expect(await bench.rows("select 1 from headroom.stripe_inbox where status = 'pending'")).toEqual([]);
});

test("an event of the other mode is shown and never applied", async () => {
  const { customerId } = await paid();
  const { data } = await bench.stripe.events.list({ type: "customer.subscription.created", limit: 1 });
  const live = { ...data[0], livemode: true };
  await receiveEvent({ ...bench.webhook, livemode: false }, live, 0);
  const status = await json("stripe", "status");
  expect(status).toMatchObject({
    code: 1,
    state: "warning",
    readings: { quarantined: 1 },
    held: [{ status: "quarantined" }],
  });
  expect(await json("stripe", "replay", "--customer", customerId)).toMatchObject({ replayed: [] });
  const { out } = await headroom("stripe", "status");
  expect(out).toMatch(/events_quarantined +warning +1\n/);
  expect(out).toContain("docs/runbooks.md#events-quarantined");
});

test("dead events, jobs and deliveries are listed and tried again", async () => {
  const { id: organizationId, customerId } = await paid();
  await headroom("stripe", "backfill", "--since", new Date(0).toISOString());
  await sweepInbox(bench.worker);
  expect(await json("dead-letters", "list")).toMatchObject({ code: 0, deadLetters: [] });
  const [{ event_id: eventId } = {}] = await bench.rows(
    `update headroom.stripe_inbox set status = 'dead', last_error = 'cannot read'
     where customer_id = $1 and type = 'customer.subscription.created' returning event_id`,
    customerId,
  );
  await withSystem(bench.worker.db, (tx) => enqueue(tx, "describe_customer", { organizationId }));
  const [{ id: jobId } = {}] = await bench.rows(
    `update graphile_worker._private_jobs set attempts = max_attempts, last_error = 'fell'
     where task_id = (select id from graphile_worker._private_tasks where identifier = 'describe_customer')
     returning id`,
  );
  const [{ id: endpoint } = {}] = await bench.rows(
    `insert into headroom.webhook_endpoint (organization_id, id, url, events, secret, created_at, updated_at)
     values ($1, gen_random_uuid(), 'https://example.com', '{*}', '\\x00', now(), now()) returning id`,
    organizationId,
  );
  await bench.rows(
    `insert into headroom.webhook_delivery (organization_id, endpoint_id, event_seq, status)
     select $1, $2, max(seq), 'failed' from headroom.event where organization_id = $1`,
    organizationId,
    endpoint,
  );
  const listed = await json("dead-letters", "list");
  expect(listed.code).toBe(1);
  expect(listed.deadLetters).toMatchObject([
    { kind: "stripe_event", id: eventId, about: customerId, error: "cannot read" },
    { kind: "job", id: `job_${jobId}`, type: "describe_customer", error: "fell" },
    { kind: "webhook_delivery", id: expect.stringMatching(/^whk_.*\/evt_/), about: `org_${organizationId}` },
  ]);
  expect(await json("dead-letters", "replay", `job_${jobId}`)).toMatchObject({
    code: 0,
    replayed: [{ kind: "job" }],
  });
  expect(await json("dead-letters", "replay", "--type", "customer.subscription.created")).toMatchObject({
    replayed: [{ id: eventId }],
  });
  expect((await json("dead-letters", "replay", "--all")).replayed).toMatchObject([
    { kind: "webhook_delivery" },
  ]);
  expect(await json("dead-letters", "list")).toMatchObject({ code: 0, deadLetters: [] });
  expect(await json("dead-letters", "replay", "--all")).toMatchObject({ code: 1, replayed: [] });
  expect(await headroom("dead-letters", "replay")).toMatchObject({ code: 2 });
  expect((await actsOf()).filter((act: string) => act === "dead_letters.replayed by kim")).toHaveLength(3);
  const [delivery] = await bench.rows("select status from headroom.webhook_delivery");
  expect(delivery).toEqual({ status: "pending" });
  expect(await syncCustomer(bench.worker, customerId)).toBe("applied");
});

test("the commands on the page of Stripe's events work as they stand there", async () => {
  const page = readFileSync(new URL("../../../docs/stripe.md", import.meta.url), "utf8");
  const [, block = ""] = /^```sh\n([\s\S]+?)^```$/m.exec(page) ?? [];
  const lines = block.trim().split("\n");
  expect(lines).toHaveLength(4);
  for (const line of lines) {
    expect({ line, ...(await headroom(...line.split(" ").slice(1))) }).toMatchObject({
      line,
      code: 0,
      err: "",
    });
  }
});

test("what events say is kept for 35 days and their ids for 90, but for what still waits", async () => {
  const { customerId } = await paid();
  await headroom("stripe", "backfill", "--since", new Date(0).toISOString());
  await syncCustomer(bench.worker, customerId);
  const age = (days: number) =>
    bench.rows("update headroom.stripe_inbox set received_at = now() - make_interval(days => $1)", days);
  const [{ count: all } = {}] = await bench.rows("select count(*)::int as count from headroom.stripe_inbox");
  const [{ count: waiting } = {}] = await bench.rows(
    "select count(*)::int as count from headroom.stripe_inbox where status = 'pending'",
  );
  const done = Number(all) - Number(waiting);
  expect(done).toBeGreaterThan(3);
  await age(34);
  expect(await pruneInbox(bench.worker)).toEqual({ payloads: 0, events: 0 });
  await age(36);
  expect(await pruneInbox(bench.worker)).toEqual({ payloads: done, events: 0 });
  await age(91);
  expect(await pruneInbox(bench.worker)).toEqual({ payloads: 0, events: done });
});
