import { afterAll, beforeAll, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { previewChange } from "./change-previews.ts";
import { changePlan } from "./plan-changes.ts";
import { setSeats } from "./seat-purchases.ts";
import { subscribe as subscribeOn, withLadder } from "./testing/plan-ladder.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench({ configure: withLadder });
});
afterAll(() => bench?.close());

type Subscribed = Awaited<ReturnType<typeof subscribeOn>>;
const subscribe = (planId: string, seats?: number) => subscribeOn(bench, { planId, seats });
const buy = ({ access }: Subscribed, seats: number) => setSeats(bench.api, access, { seats });
const billing = ({ access }: Subscribed) => getBilling(bench.api, access);
/** What waits for the next invoice. */
const pending = async ({ customerId }: Subscribed) => {
  const { data } = await bench.stripe.invoiceItems.list({ customer: customerId, pending: true, limit: 100 });
  return data.reduce((sum, item) => sum + item.amount, 0);
};
const near = (amount: number) => expect.toSatisfy((value: number) => Math.abs(value - amount) <= 10);

test("the first seat adds an item, the last one given back removes it", async () => {
  const one = await subscribe("pro");
  expect(await buy(one, 3)).toEqual({ seatsPurchased: 3, changed: true, overLimit: null });
  expect(await one.items()).toEqual([
    ["headroom_pro_v1_plan_month_usd", 1],
    ["headroom_pro_v1_seat_month_usd", 3],
  ]);
  expect(await pending(one)).toEqual(near(2_700));
  expect(await buy(one, 3)).toMatchObject({ changed: false });
  expect(await buy(one, 0)).toMatchObject({ seatsPurchased: 0, changed: true });
  expect(await one.items()).toEqual([["headroom_pro_v1_plan_month_usd", 1]]);
  expect(await pending(one)).toEqual(near(0));
  await one.deliver();
  expect(await billing(one)).toMatchObject({ seatsPurchased: 0, seats: { limit: 5 } });
});

test("fewer seats than members: explained, and nobody is removed", async () => {
  const one = await subscribe("pro", 2);
  for (let i = 0; i < 6; i += 1) {
    await bench.make.member(one.id, "member");
  }
  const answer = await buy(one, 1);
  expect(answer.overLimit).toEqual({ limit: 6, members: 7, pending: 0, used: 7 });
  expect(await billing(one)).toMatchObject({ seatsPurchased: 1, seats: { members: 7, overLimit: true } });
});

test("billed at once where the plan says so, and 402 when the card declines", async () => {
  const one = await subscribe("atonce");
  await buy(one, 2);
  const [latest] = await one.invoices();
  expect([latest?.billing_reason, latest?.status]).toEqual(["subscription_update", "paid"]);
  expect(latest?.total).toEqual(near(2_000));
  await one.breakCard();
  await expect(buy(one, 5)).rejects.toMatchObject({ code: "payment_failed" });
  expect((await billing(one)).seatsPurchased).toBe(2);
  expect((await one.items())[1]).toEqual(["headroom_atonce_v1_seat_month_usd", 2]);
});

test("a high-water mark: what was paid in this period costs nothing again, and brings nothing back", async () => {
  const one = await subscribe("mark", 5);
  await buy(one, 0);
  expect(await pending(one)).toBe(0);
  expect((await billing(one)).seatsPurchased).toBe(0);
  await buy(one, 4);
  expect(await pending(one)).toBe(0);
  await buy(one, 7);
  expect(await pending(one)).toEqual(near(2_000));
  await buy(one, 1);
  await buy(one, 7);
  expect(await pending(one)).toEqual(near(2_000));
  await bench.advance("P1MT2H");
  await one.deliver();
  await buy(one, 2);
  await bench.advance("P1MT2H");
  await one.deliver();
  // A new period: its own mark.
  await buy(one, 3);
  expect(await pending(one)).toEqual(near(1_000));
}, 60_000);

test("while a cheaper plan waits, its seats are sold, and those bought hold now and afterwards", async () => {
  const one = await subscribe("pro", 1);
  await changePlan(bench.api, one.access, { planId: "starter" });
  await buy(one, 4);
  // 4 × 500 − 900: a credit is of what was debited for the seat, which was the price of the plan that was paid.
  expect(await pending(one)).toEqual(near(1_100));
  await one.deliver();
  expect(await billing(one)).toMatchObject({
    plan: { id: "pro" },
    seatsPurchased: 4,
    pendingPlan: { planId: "starter" },
    seats: { limit: 9 },
  });
  await changePlan(bench.api, one.access, { planId: "mini" });
  await expect(buy(one, 5)).rejects.toMatchObject({ code: "validation_failed" });
});

test("changePlan of the plan in force with other seats buys seats", async () => {
  const one = await subscribe("pro", 1);
  const preview = await previewChange(bench.api, one.access, { planId: "pro", seats: 3 });
  expect(preview).toMatchObject({ planId: "pro", dueNow: 0, next: { total: near(2_900 + 2_700 + 1_800) } });
  expect(await changePlan(bench.api, one.access, { planId: "pro", seats: 3 })).toMatchObject({
    planId: "pro",
    changed: false,
  });
  expect((await billing(one)).seatsPurchased).toBe(3);
});

test("refused: no subscription, plans that sell no seats ahead, past due", async () => {
  const { access } = await bench.organization();
  const nobody = setSeats(bench.api, await access("billing.manage"), { seats: 1 });
  await expect(nobody).rejects.toMatchObject({ code: "no_subscription" });
  await expect(buy(await subscribe("grow"), 1)).rejects.toMatchObject({ code: "validation_failed" });
  await expect(buy(await subscribe("mini"), 1)).rejects.toMatchObject({ code: "validation_failed" });
  const one = await subscribe("pro", 1);
  await one.breakCard();
  await bench.advance("P1MT2H");
  await one.deliver();
  await expect(buy(one, 2)).rejects.toMatchObject({
    code: "active_subscription",
    details: { status: "past_due" },
  });
});
