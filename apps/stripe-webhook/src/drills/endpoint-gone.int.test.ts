import { backfillEvents } from "@headroom/service/backfill";
import { getBilling } from "@headroom/service/billing";
import { readBillingHealth } from "@headroom/service/billing-health";
import { startCheckout } from "@headroom/service/checkout";
import { sweepCustomers } from "@headroom/service/customer-sweeps";
import { withLadder } from "@headroom/service/testing/plan-ladder";
import { deliveriesSince, setDeliveryProgram } from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { applyAll, openShop, toldOf } from "../testing/drill.ts";
import { createWebhookBench, type WebhookBench } from "../testing/webhook-bench.ts";

// Nothing of ours runs while the endpoint is gone but the api: neither the webhook app nor the worker.
let bench: WebhookBench;
beforeAll(async () => {
  bench = await createWebhookBench({}, { settling: false, configure: withLadder });
});
afterEach(() => bench.up());
afterAll(() => bench?.close());

/** Buys while nobody listens: the api opens the checkout, and Stripe alone knows that it was paid. */
async function buy(interval: "month" | "year") {
  const organization = await bench.organization();
  const access = await organization.access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, access, { planId: "pro", interval });
  await bench.pay(checkoutUrl);
  return { ...organization, billing: () => getBilling(bench.api, access) };
}

/** What Stripe has given up since then: those of our endpoint that failed for three days. */
const givenUpSince = async (seq: number) =>
  (await deliveriesSince(bench.sandboxUrl, seq)).filter(({ state }) => state === "failed");
const lastDelivery = async () => (await deliveriesSince(bench.sandboxUrl)).at(-1)?.seq ?? 0;
const sweep = () => sweepCustomers(bench.worker, { most: 100, forMs: 10_000, everyMs: 0 });

test("1a. The endpoint is gone for four days: Stripe gives up, and a backfill makes everything right", async () => {
  const [growing, leaving] = [await openShop(bench), await openShop(bench)];
  await setDeliveryProgram(bench.sandboxUrl, { seed: 1, retry: "virtual" });
  const seq = await lastDelivery();
  await bench.down();
  await growing.setSeatsAtStripe(7);
  await bench.stripe.subscriptions.cancel(leaving.subscriptionId);
  const buyer = await buy("month");
  await bench.advance("P4D");
  expect((await givenUpSince(seq)).length).toBeGreaterThan(5);

  // What customers have meanwhile: what they had.
  expect(await growing.billing()).toMatchObject({ plan: { id: "pro" }, seatsPurchased: 1 });
  expect(await leaving.billing()).toMatchObject({ plan: { id: "pro" }, status: "active" });
  expect(await buyer.billing()).toMatchObject({ plan: { id: "free" } });

  await bench.up();
  const { listed, kept } = await backfillEvents(bench.worker);
  expect(kept).toBeGreaterThan(5);
  await applyAll(bench);
  expect(await growing.billing()).toMatchObject({ seatsPurchased: 7 });
  expect(await leaving.billing()).toMatchObject({ plan: { id: "free" }, status: "ended" });
  expect(await buyer.billing()).toMatchObject({ plan: { id: "pro" }, status: "active" });
  expect(await toldOf(bench, leaving.id)).toEqual([
    "subscription.started",
    "subscription.state_changed",
    "subscription.seats_changed",
    "subscription.ended",
    "subscription.state_changed",
    "subscription.seats_changed",
  ]);
  // Again: nothing is new, and sweeps find nothing that events had not brought.
  expect(await backfillEvents(bench.worker)).toMatchObject({ kept: 0 });
  await sweep();
  expect((await readBillingHealth(bench.worker)).readings.drift).toBe(0);
  expect(listed).toBeGreaterThanOrEqual(kept);
});

test("1b. It is gone for forty days, longer than Stripe lists events: sweeps make everything right", async () => {
  const [growing, leaving] = [await openShop(bench), await openShop(bench)];
  const before = (await readBillingHealth(bench.worker)).readings.drift;
  await setDeliveryProgram(bench.sandboxUrl, { seed: 1, retry: "virtual" });
  await bench.down();
  await bench.stripe.subscriptions.cancel(leaving.subscriptionId);
  const buyer = await buy("year");
  await growing.setSeatsAtStripe(4);
  await bench.advance("P40D");

  await bench.up();
  await backfillEvents(bench.worker);
  await applyAll(bench);
  // Stripe lists nothing of these two any more.
  expect(await leaving.billing()).toMatchObject({ plan: { id: "pro" } });
  expect(await buyer.billing()).toMatchObject({ plan: { id: "free" } });

  expect(await sweep()).toMatchObject({ failed: 0 });
  expect(await leaving.billing()).toMatchObject({ plan: { id: "free" }, status: "ended" });
  expect(await buyer.billing()).toMatchObject({ plan: { id: "pro" }, status: "active", interval: "year" });
  const { period, seatsPurchased } = await growing.billing();
  const { items } = await bench.stripe.subscriptions.retrieve(growing.subscriptionId);
  expect(seatsPurchased).toBe(4);
  expect(Date.parse(String(period?.end)) / 1000).toBe(items.data[0]?.current_period_end);
  // The metric says that webhooks did not work.
  expect((await readBillingHealth(bench.worker)).readings.drift).toBeGreaterThanOrEqual(before + 2);
});
