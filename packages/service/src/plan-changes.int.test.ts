import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { changePlan } from "./plan-changes.ts";
import { setSeats } from "./seat-purchases.ts";
import { cancelSubscription } from "./subscription-endings.ts";
import { subscribe as subscribeOn, withLadder } from "./testing/plan-ladder.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench({ configure: withLadder });
});
afterAll(() => bench?.close());

type Subscribed = Awaited<ReturnType<typeof subscribeOn>>;
const subscribe = (planId: string, seats?: number, interval?: "month" | "year") =>
  subscribeOn(bench, { planId, seats, interval });
const change = ({ access }: Subscribed, planId: string, more: object = {}) =>
  changePlan(bench.api, access, { planId, ...more });
const billing = ({ access }: Subscribed) => getBilling(bench.api, access);
/** What our row says once the webhook has been here is what it said before: the answer was read back. */
async function settledAs(one: Subscribed) {
  const before = await billing(one);
  await one.deliver();
  expect(await billing(one)).toEqual(before);
  return before;
}

describe("to a dearer plan", () => {
  test("at once, by item ids, with a seat item only where seats are sold; settled on the next invoice", async () => {
    const one = await subscribe("starter", 3);
    const answer = await change(one, "pro");
    expect(answer).toEqual({
      planId: "pro",
      planVersion: 1,
      changed: true,
      checkoutUrl: null,
      pendingPlan: null,
      effectiveAt: null,
      overLimit: null,
    });
    expect(await one.items()).toEqual([
      ["headroom_pro_v1_plan_month_usd", 1],
      ["headroom_pro_v1_seat_month_usd", 3],
    ]);
    expect((await one.invoices()).map((invoice) => invoice.total)).toEqual([2_500]);
    expect(await settledAs(one)).toMatchObject({
      plan: { id: "pro" },
      seatsPurchased: 3,
      pendingPlan: null,
      seats: { limit: 8, members: 1 },
    });
  });

  test("proration now bills the difference at once", async () => {
    const one = await subscribe("pro");
    await change(one, "team");
    const [latest] = await one.invoices();
    expect(latest?.billing_reason).toBe("subscription_update");
    expect(latest?.status).toBe("paid");
    expect(latest?.total).toBeGreaterThan(6_990);
    expect(latest?.total).toBeLessThanOrEqual(7_000);
  });

  test("proration now with a card that declines is 402, and nothing has changed", async () => {
    const one = await subscribe("pro", 1);
    await one.breakCard();
    await expect(change(one, "team")).rejects.toMatchObject({ code: "payment_failed" });
    expect(await one.items()).toEqual([
      ["headroom_pro_v1_plan_month_usd", 1],
      ["headroom_pro_v1_seat_month_usd", 1],
    ]);
    expect(await settledAs(one)).toMatchObject({ plan: { id: "pro" }, status: "active" });
    expect(await one.invoices()).toHaveLength(1);
    // Another card, the same wish: it is a new try.
    await bench.stripe.subscriptions.update(one.subscriptionId, { default_payment_method: "pm_card_visa" });
    expect(await change(one, "team")).toMatchObject({ planId: "team", changed: true });
  });

  test("seats may come with it", async () => {
    const one = await subscribe("starter");
    await change(one, "pro", { seats: 4 });
    expect((await billing(one)).seatsPurchased).toBe(4);
  });

  test("to a plan whose seats follow the members", async () => {
    const one = await subscribe("pro", 2);
    await bench.make.member(one.id, "member");
    await bench.make.member(one.id, "member");
    await change(one, "grow");
    expect(await one.items()).toEqual([
      ["headroom_grow_v1_plan_month_usd", 1],
      ["headroom_grow_v1_seat_month_usd", 2],
    ]);
  });
});

describe("to a cheaper plan", () => {
  test("waits for the end of the paid period, and the renewal bills it", async () => {
    const one = await subscribe("pro", 2);
    const { period } = await billing(one);
    const answer = await change(one, "starter");
    expect(answer).toMatchObject({
      planId: "pro",
      changed: false,
      pendingPlan: { planId: "starter", planVersion: 1 },
      effectiveAt: period?.end,
    });
    expect(await settledAs(one)).toMatchObject({
      plan: { id: "pro" },
      pendingPlan: { planId: "starter", planVersion: 1 },
      effectiveAt: period?.end,
      seatsPurchased: 2,
      seats: { limit: 7 },
    });
    expect(await change(one, "starter")).toMatchObject({ changed: false, effectiveAt: period?.end });
    await bench.advance("P1MT2H");
    const [renewal] = await one.invoices();
    expect([renewal?.billing_reason, renewal?.total]).toEqual(["subscription_cycle", 2_000]);
    await one.deliver();
    expect(await billing(one)).toMatchObject({
      plan: { id: "starter" },
      pendingPlan: null,
      seatsPurchased: 2,
    });
  });

  test.each([
    ["subscription", (one: Subscribed) => cancelSubscription(bench.api, one.access, { when: "period_end" })],
    ["plan", (one: Subscribed) => change(one, "free")],
  ])(
    "keeps the seats that were bought for it while it waited, when an end of the %s is taken back by asking for it again",
    async (_, end) => {
      const one = await subscribe("grow");
      await change(one, "pro");
      await setSeats(bench.api, one.access, { seats: 4 });
      await end(one);
      expect(await change(one, "pro")).toMatchObject({ pendingPlan: { planId: "pro" }, overLimit: null });
      expect(await one.items()).toEqual([
        ["headroom_pro_v1_plan_month_usd", 1],
        ["headroom_pro_v1_seat_month_usd", 4],
      ]);
      expect(await settledAs(one)).toMatchObject({ plan: { id: "grow" }, seatsPurchased: 4, cancelAt: null });
    },
  );

  test("seats that were paid for are kept until then, also where the next plan sells none", async () => {
    const one = await subscribe("pro", 2);
    for (let i = 0; i < 5; i += 1) {
      await bench.make.member(one.id, "member");
    }
    const answer = await change(one, "mini");
    expect(answer).toMatchObject({
      pendingPlan: { planId: "mini" },
      overLimit: { limit: 1, members: 6, used: 6 },
    });
    expect(await one.items()).toEqual([
      ["headroom_mini_v1_plan_month_usd", 1],
      ["headroom_pro_v1_seat_month_usd", 0],
    ]);
    expect(await settledAs(one)).toMatchObject({ seatsPurchased: 2, seats: { limit: 7, overLimit: false } });
    await bench.advance("P1MT2H");
    await one.deliver();
    expect(await billing(one)).toMatchObject({
      plan: { id: "mini" },
      seatsPurchased: 0,
      seats: { limit: 1, members: 6, overLimit: true },
    });
  });

  test("the plan in force asked for again takes it back; the renewal bills what it did", async () => {
    const one = await subscribe("pro", 2);
    await change(one, "mini");
    expect(await change(one, "pro")).toMatchObject({ planId: "pro", changed: false, pendingPlan: null });
    expect(await settledAs(one)).toMatchObject({ pendingPlan: null, seatsPurchased: 2 });
    await bench.advance("P1MT2H");
    const [renewal] = await one.invoices();
    expect(renewal?.total).toBe(4_700);
  });

  test("another cheaper plan takes its place, and what was paid holds on", async () => {
    const one = await subscribe("pro", 2);
    await change(one, "mini");
    await change(one, "starter");
    expect(await one.items()).toEqual([
      ["headroom_starter_v1_plan_month_usd", 1],
      ["headroom_starter_v1_seat_month_usd", 2],
    ]);
    expect(await settledAs(one)).toMatchObject({
      plan: { id: "pro" },
      pendingPlan: { planId: "starter" },
      seatsPurchased: 2,
    });
  });

  test("a dearer plan then is settled against what was paid, not against the one that waited", async () => {
    const one = await subscribe("pro", 2);
    await change(one, "mini");
    expect(await change(one, "team")).toMatchObject({ planId: "team", changed: true, pendingPlan: null });
    const [latest] = await one.invoices();
    // 9900 + 2 × 800 − 2900 − 2 × 900, of a period that has just begun.
    expect(latest?.total).toBeGreaterThan(6_790);
    expect(latest?.total).toBeLessThanOrEqual(6_800);
    expect(await settledAs(one)).toMatchObject({
      plan: { id: "team" },
      pendingPlan: null,
      seatsPurchased: 2,
    });
  });

  test("when that is declined, the cheaper one waits as before", async () => {
    const one = await subscribe("pro", 2);
    await change(one, "mini");
    const before = await billing(one);
    const items = await one.items();
    await one.breakCard();
    await expect(change(one, "team")).rejects.toMatchObject({ code: "payment_failed" });
    expect(await settledAs(one)).toEqual(before);
    expect(await one.items()).toEqual(items);
  });

  test("downgrade now is at once, with credit on the next invoice", async () => {
    const one = await subscribe("pro");
    expect(await change(one, "quick")).toMatchObject({ planId: "quick", changed: true, pendingPlan: null });
    expect(await settledAs(one)).toMatchObject({ plan: { id: "quick" }, pendingPlan: null });
  });
});

describe("another interval", () => {
  test("starts at once, is billed at once, and keeps the version", async () => {
    const one = await subscribe("pro");
    expect(await change(one, "pro", { interval: "year" })).toMatchObject({ planId: "pro", changed: true });
    expect(await settledAs(one)).toMatchObject({ interval: "year", plan: { id: "pro" } });
    const [latest] = await one.invoices();
    expect(latest?.total).toBeGreaterThanOrEqual(26_100);
    expect(latest?.total).toBeLessThan(26_110);
    expect(await change(one, "pro")).toMatchObject({ changed: false });
    expect(await change(one, "starter")).toMatchObject({ pendingPlan: { planId: "starter" } });
  });

  test("a cheaper plan by another interval does not wait; declined it is 402", async () => {
    const one = await subscribe("pro", undefined, "year");
    expect(await change(one, "starter", { interval: "month" })).toMatchObject({
      planId: "starter",
      changed: true,
      pendingPlan: null,
    });
    const other = await subscribe("starter");
    await other.breakCard();
    const wish = change(other, "starter", { interval: "year" });
    await expect(wish).rejects.toMatchObject({ code: "payment_failed" });
    expect(await settledAs(other)).toMatchObject({ interval: "month", status: "active" });
  });
});

describe("to a free plan", () => {
  test("when the paid period ends; asked for again nothing changes; the paid one takes it back", async () => {
    const one = await subscribe("pro", 1);
    const { period } = await billing(one);
    const waiting = { pendingPlan: { planId: "community", planVersion: 1 }, effectiveAt: period?.end };
    expect(await change(one, "community")).toMatchObject({ planId: "pro", changed: false, ...waiting });
    expect(await settledAs(one)).toMatchObject({ plan: { id: "pro" }, cancelAt: period?.end, ...waiting });
    expect(await change(one, "community")).toMatchObject({ changed: false, ...waiting });
    expect(await change(one, "free")).toMatchObject({ pendingPlan: { planId: "free" } });
    expect(await change(one, "pro")).toMatchObject({ changed: false, pendingPlan: null, effectiveAt: null });
    expect(await settledAs(one)).toMatchObject({ cancelAt: null, pendingPlan: null });
    await change(one, "community");
    await bench.advance("P1MT2H");
    await one.deliver();
    expect(await billing(one)).toMatchObject({
      plan: { id: "community" },
      status: "ended",
      pendingPlan: null,
    });
  });

  test("at once where the subscription has ended and no event has told", async () => {
    const one = await subscribe("pro");
    await bench.stripe.subscriptions.cancel(one.subscriptionId);
    const answer = await change(one, "community");
    expect(answer).toMatchObject({ planId: "community", changed: true, pendingPlan: null });
    expect(await billing(one)).toMatchObject({ plan: { id: "community" }, status: "ended" });
  });

  test("another paid plan takes a cancellation back", async () => {
    const one = await subscribe("starter");
    await change(one, "free");
    expect(await change(one, "pro")).toMatchObject({ planId: "pro", changed: true, pendingPlan: null });
    expect(await settledAs(one)).toMatchObject({ plan: { id: "pro" }, cancelAt: null });
  });
});

describe("in a trial", () => {
  test("every plan is at once and free until the trial ends", async () => {
    const one = await subscribe("trial", 1);
    const { trialEnd } = await billing(one);
    expect(await change(one, "starter")).toMatchObject({ planId: "starter", changed: true });
    expect(await change(one, "team")).toMatchObject({ planId: "team", changed: true });
    expect(await settledAs(one)).toMatchObject({ status: "trialing", trialEnd, plan: { id: "team" } });
    expect((await one.invoices()).map((invoice) => invoice.total)).toEqual([0]);
  });
});

describe("refused", () => {
  test("unknown, private and retired plans, another currency, intervals that are not sold", async () => {
    const one = await subscribe("pro");
    const refusal = (planId: string, more?: object) => expect(change(one, planId, more)).rejects;
    await refusal("none").toMatchObject({ code: "plan_not_found" });
    await refusal("private").toMatchObject({ code: "plan_not_available" });
    await refusal("retired").toMatchObject({ code: "plan_not_available" });
    await refusal("team", { interval: "year" }).toMatchObject({ code: "plan_not_available" });
    await refusal("team", { currency: "eur" }).toMatchObject({ code: "currency_fixed" });
    await refusal("mini", { seats: 2 }).toMatchObject({ code: "validation_failed" });
  });

  test("past due: 409 until it is paid, but a free plan can be chosen", async () => {
    const one = await subscribe("pro");
    await one.breakCard();
    await bench.advance("P1MT2H");
    await one.deliver();
    await expect(change(one, "team")).rejects.toMatchObject({
      code: "active_subscription",
      details: { status: "past_due" },
    });
    expect(await change(one, "free")).toMatchObject({ pendingPlan: { planId: "free" } });
  });

  test("an assigned plan is the operator's to change", async () => {
    const { id, access } = await bench.organization();
    const manage = await access("billing.manage");
    await bench.rows(
      `update headroom.subscription set source = 'operator', state = 'active', plan_id = 'private', plan_version = 1
       where organization_id = $1`,
      id,
    );
    for (const planId of ["pro", "free"]) {
      await expect(changePlan(bench.api, manage, { planId })).rejects.toMatchObject({
        code: "active_subscription",
      });
    }
    expect(await changePlan(bench.api, manage, { planId: "private" })).toMatchObject({ changed: false });
  });
});
