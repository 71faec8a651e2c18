import { DomainError } from "@headroom/domain/errors";
import { changePlan } from "@headroom/service/plan-changes";
import { setSeats } from "@headroom/service/seat-purchases";
import { cancelSubscription, resumeSubscription } from "@headroom/service/subscription-endings";
import { withLadder } from "@headroom/service/testing/plan-ladder";
import {
  endDeliveryProgram,
  faultsOf,
  type ProgramRequest,
  requestsSince,
  setDeliveryProgram,
} from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { arrived, openShop, type Shop } from "../testing/drill.ts";
import { createWebhookBench, type WebhookBench } from "../testing/webhook-bench.ts";

let bench: WebhookBench;
beforeAll(async () => {
  bench = await createWebhookBench({}, { settling: false, configure: withLadder });
});
afterAll(() => bench?.close());

/** Three of ten requests fail, in every way that leaves a doubt or none. */
const ill: ProgramRequest = {
  seed: 4,
  duplicate: { probability: 0.2 },
  reorder: { probability: 0.2, window: 3 },
  faults: [
    { kind: "status", status: 429, probability: 0.08 },
    { kind: "status", status: 500, probability: 0.06 },
    { kind: "status_after_commit", status: 500, probability: 0.06 },
    { kind: "reset", probability: 0.05 },
    { kind: "reset_after_commit", probability: 0.05 },
  ],
};

/** Asks until it is done, as somebody does who is told that the payment provider did not answer. */
async function insist(act: () => Promise<unknown>): Promise<number> {
  for (let asked = 1; ; asked += 1) {
    try {
      await act();
      return asked;
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== "unavailable" || asked === 20) throw error;
    }
  }
}

/** An hour of one organization, and what it comes to: each of these has one effect at Stripe. */
async function hourOf({ access }: Shop): Promise<number> {
  const wishes = [
    () => setSeats(bench.api, access, { seats: 3 }),
    () => changePlan(bench.api, access, { planId: "team" }),
    () => cancelSubscription(bench.api, access, { when: "period_end" }),
    () => resumeSubscription(bench.api, access),
    () => setSeats(bench.api, access, { seats: 5 }),
  ];
  let asked = 0;
  for (const wish of wishes) asked += await insist(wish);
  return asked - wishes.length;
}

test("4. Stripe fails three of ten requests for an hour: all converges, and no money moves twice", async () => {
  const shops = await Promise.all([1, 1, 1].map((seats) => openShop(bench, seats)));
  const seq = (await requestsSince(bench.sandboxUrl)).at(-1)?.seq ?? 0;
  const paidBefore = await Promise.all(shops.map(paidBy));
  await setDeliveryProgram(bench.sandboxUrl, ill);
  const again = await Promise.all(shops.map(hourOf));
  await bench.advance("1 hour");
  const faults = await faultsOf(bench.sandboxUrl);
  await endDeliveryProgram(bench.sandboxUrl);
  // What could not be applied waits up to an hour before it is tried again: that hour is over.
  await bench.rows("update headroom.stripe_inbox set next_attempt_at = now() where status = 'pending'");
  await arrived(bench);

  // The drill was one: answers were lost before and after the work, and somebody had to ask again.
  const hits = (afterCommit: boolean) =>
    faults
      .filter(({ kind }) => kind.endsWith("after_commit") === afterCommit)
      .reduce((sum, one) => sum + one.hits, 0);
  expect(hits(true)).toBeGreaterThan(0);
  expect(hits(false)).toBeGreaterThan(0);
  const requests = await requestsSince(bench.sandboxUrl, seq);
  expect(requests.filter(({ fault }) => fault !== null).length / requests.length).toBeGreaterThan(0.15);
  expect(again.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(0);

  const effects = requests.filter(
    ({ method, path, status, replayed }) =>
      method === "POST" && status === 200 && !replayed && !path.includes("create_preview"),
  );
  expect(effects.filter(({ idempotencyKey }) => idempotencyKey === null)).toEqual([]);
  const keys = effects.map(({ idempotencyKey }) => idempotencyKey);
  expect(new Set(keys).size).toBe(keys.length);
  for (const [at, shop] of shops.entries()) {
    const changes = effects.filter(({ path }) => path === `/v1/subscriptions/${shop.subscriptionId}`);
    expect(changes).toHaveLength(5);
    const billing = await shop.billing();
    expect(billing).toMatchObject({
      plan: { id: "team" },
      seatsPurchased: 5,
      cancelAt: null,
      attention: null,
    });
    const { items } = await bench.stripe.subscriptions.retrieve(shop.subscriptionId);
    expect(items.data.map(({ quantity }) => quantity).sort()).toEqual([1, 5]);
    // The same hour costs each the same, but for the seconds between them.
    const [own, first] = [await paidBy(shop), await paidBy(shops[0] as Shop)];
    const difference = own - Number(paidBefore[at]) - (first - Number(paidBefore[0]));
    expect(Math.abs(difference)).toBeLessThan(10);
  }
  const intents = await bench.rows("select status from headroom.stripe_intent where status = 'pending'");
  expect(intents).toEqual([]);
}, 60_000);

/** Cents that Stripe has taken or will take from a customer: invoices, and lines that wait for the next one. */
async function paidBy({ customerId }: Shop): Promise<number> {
  const invoices = await bench.stripe.invoices.list({ customer: customerId, limit: 100 });
  const pending = await bench.stripe.invoiceItems.list({ customer: customerId, pending: true, limit: 100 });
  const sum = (amounts: number[]) => amounts.reduce((total, one) => total + one, 0);
  return sum(invoices.data.map(({ total }) => total)) + sum(pending.data.map(({ amount }) => amount));
}
