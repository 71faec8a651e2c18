import { createMetrics } from "@headroom/platform/metrics";
import { sweepCustomers } from "@headroom/service/customer-sweeps";
import { exposeStripe } from "@headroom/service/stripe/metrics";
import {
  deliveriesSince,
  endDeliveryProgram,
  requestsSince,
  rollSecret,
  setDeliveryProgram,
} from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { arrived, openShop, toldOf } from "../testing/drill.ts";
import { createWebhookBench, type WebhookBench } from "../testing/webhook-bench.ts";

let bench: WebhookBench;
beforeAll(async () => {
  bench = await createWebhookBench({}, { settling: false });
});
afterEach(() => endDeliveryProgram(bench.sandboxUrl));
afterAll(() => bench?.close());

const lastDelivery = async () => (await deliveriesSince(bench.sandboxUrl)).at(-1)?.seq ?? 0;

test("2. The secret is rotated under load: nothing is refused, lost or applied twice", async () => {
  const shops = [await openShop(bench), await openShop(bench)];
  const seq = await lastDelivery();
  await setDeliveryProgram(bench.sandboxUrl, { seed: 2, retry: "virtual", duplicate: { probability: 0.5 } });
  let seats = 1;
  const change = async () => {
    seats += 1;
    await Promise.all(shops.map((shop) => shop.setSeatsAtStripe(seats)));
  };
  /** A step of the rotation, and changes at Stripe before and beside it. */
  const meanwhile = async <Result>(step: () => Promise<Result>): Promise<Result> => {
    await change();
    const [result] = await Promise.all([step(), change()]);
    return result;
  };

  // With an overlap, in which Stripe signs with both: any order of steps is right.
  const roll = { overlap: "2h" };
  const first = await meanwhile(() => rollSecret(bench.sandboxUrl, bench.endpoint, roll));
  await meanwhile(() => bench.up([first.secret, bench.secret]));
  await meanwhile(() => bench.advance("3 hours"));
  await meanwhile(() => bench.up([first.secret]));
  // At once: the new one is there before Stripe has it, and the old one while what it signed is under way.
  const secret = "whsec_next";
  await meanwhile(() => bench.up([secret, first.secret]));
  await meanwhile(() => rollSecret(bench.sandboxUrl, bench.endpoint, { overlap: 0, secret }));
  await bench.advance("1 hour");
  await meanwhile(() => bench.up([secret]));
  await bench.advance("1 hour");
  await arrived(bench);

  const sent = (await deliveriesSince(bench.sandboxUrl, seq)).filter(
    (one) => one.endpoint === bench.endpoint,
  );
  const answers = new Set(sent.flatMap(({ attempts }) => attempts.map(({ result }) => result)));
  // Between two processes there is nobody at the address, and Stripe sends it again.
  expect([...answers].filter((answer) => /^\d+$/.test(answer))).toEqual(["200"]);
  expect(sent.some(({ copy }) => copy > 0)).toBe(true);
  const kept = await bench.rows("select event_id, secret_index from headroom.stripe_inbox");
  const ids = kept.map(({ event_id: id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(sent.filter(({ event }) => !ids.includes(event))).toEqual([]);
  // Both secrets have been needed: the one at the second place, too.
  expect(new Set(kept.map(({ secret_index: index }) => index))).toEqual(new Set([0, 1]));
  for (const shop of shops) {
    expect((await shop.billing()).seatsPurchased).toBe(seats);
    const changes = await bench.rows(
      `select (data ->> 'from')::int as before, (data ->> 'to')::int as after from headroom.audit_entry
       where organization_id = $1 and action = 'subscription.seats_changed' order by seq`,
      shop.id,
    );
    const after = changes.map((row) => Number(row.after));
    expect(after).toEqual([...new Set(after)].sort((a, b) => a - b));
  }
});

test("3. An endpoint of the other mode: 200, put aside, counted, and nothing else happens", async () => {
  const shop = await openShop(bench);
  const told = await toldOf(bench, shop.id);
  const { seatsPurchased } = await shop.billing();
  const [before] = await bench.rows(
    "select count(*)::int as n from headroom.stripe_inbox where status = 'quarantined'",
  );
  const seq = await lastDelivery();
  await setDeliveryProgram(bench.sandboxUrl, { seed: 3, wrongMode: {} });
  await shop.setSeatsAtStripe(9);
  await bench.stripe.customers.update(shop.customerId, { name: "Other mode" });
  const asked = (await requestsSince(bench.sandboxUrl)).at(-1)?.seq ?? 0;
  await arrived(bench);

  const sent = await deliveriesSince(bench.sandboxUrl, seq);
  expect(sent.length).toBeGreaterThan(1);
  expect(sent.flatMap(({ attempts }) => attempts.map(({ result }) => result))).toEqual(sent.map(() => "200"));
  const rows = await bench.rows(
    "select status, count(*)::int as n from headroom.stripe_inbox where event_id = any($1) group by 1",
    sent.map(({ event }) => event),
  );
  expect(rows).toEqual([{ status: "quarantined", n: sent.length }]);
  const metrics = createMetrics("drill");
  exposeStripe(bench.webhook, metrics);
  const gauge = metrics.registry.getSingleMetric("headroom_stripe_quarantined_events");
  expect((await gauge?.get())?.values).toMatchObject([{ value: Number(before?.n) + sent.length }]);
  expect((await shop.billing()).seatsPurchased).toBe(seatsPurchased);
  expect(await toldOf(bench, shop.id)).toEqual(told);
  expect(await requestsSince(bench.sandboxUrl, asked)).toEqual([]);

  // Once the endpoint is put right, a sweep brings what the events had told.
  await endDeliveryProgram(bench.sandboxUrl);
  await bench.advance("25 hours");
  await sweepCustomers(bench.worker, { most: 100, forMs: 10_000, everyMs: 0 });
  expect((await shop.billing()).seatsPurchased).toBe(9);
});
