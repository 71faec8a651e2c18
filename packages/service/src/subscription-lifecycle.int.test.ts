import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { getOperatorOrganization } from "./operator-organizations.ts";
import { changePlan } from "./plan-changes.ts";
import { setSeats } from "./seat-purchases.ts";
import { cancelSubscription, resumeSubscription } from "./subscription-endings.ts";
import { subscribe as subscribeOn, withLadder } from "./testing/plan-ladder.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench({ configure: withLadder, settling: false });
});
afterAll(() => bench?.close());

type Subscribed = Awaited<ReturnType<typeof subscribeOn>>;
const subscribe = (planId: string, seats?: number) => subscribeOn(bench, { planId, seats });
const billing = ({ access }: Subscribed) => getBilling(bench.api, access);

async function priceOf(key: string): Promise<string> {
  const { data } = await bench.stripe.prices.list({ lookup_keys: [`headroom_${key}_month_usd`] });
  return String(data[0]?.id);
}

/** Somebody plans at Stripe that the next period is on another plan. */
async function schedule(one: Subscribed, planId: string): Promise<Stripe.SubscriptionSchedule> {
  const made = await bench.stripe.subscriptionSchedules.create({ from_subscription: one.subscriptionId });
  const [running] = made.phases;
  const items = (running?.items ?? []).map(({ price, quantity = 1 }) => ({ price: String(price), quantity }));
  const { start_date = 0, end_date = 0 } = running ?? {};
  const next = [{ price: await priceOf(`${planId}_v1_plan`), quantity: 1 }];
  return bench.stripe.subscriptionSchedules.update(made.id, {
    phases: [
      { start_date, end_date, items },
      { items: next, duration: { interval: "month" } },
    ],
  });
}

describe("a schedule at Stripe", () => {
  test("that upgrades waits, and takes over by the clock when its phase begins, before any event", async () => {
    const one = await subscribe("starter");
    const before = await billing(one);
    await schedule(one, "team");
    await one.deliver();
    expect(await billing(one)).toEqual({
      ...before,
      pendingPlan: { planId: "team", planVersion: 1 },
      effectiveAt: before.period?.end,
    });
    await bench.advance("P1M");
    expect(await billing(one)).toMatchObject({ plan: { id: "team" }, seats: { limit: 10 } });
    await one.deliver();
    expect(await billing(one)).toMatchObject({
      plan: { id: "team" },
      status: "active",
      pendingPlan: null,
      seats: { limit: 10 },
    });
    const [renewal] = await one.invoices();
    expect([renewal?.billing_reason, renewal?.total]).toEqual(["subscription_cycle", 9_900]);
  });

  test("that is released brings nothing", async () => {
    const one = await subscribe("starter");
    const { id } = await schedule(one, "team");
    await one.deliver();
    await bench.stripe.subscriptionSchedules.release(id);
    await one.deliver();
    expect(await billing(one)).toMatchObject({ pendingPlan: null, effectiveAt: null });
    await bench.advance("P1M");
    await one.deliver();
    expect(await billing(one)).toMatchObject({ plan: { id: "starter" }, status: "active" });
  });

  test("leaves seats to the plan that holds, and the plan to whoever made it", async () => {
    const one = await subscribe("starter", 1);
    await schedule(one, "team");
    await one.deliver();
    await setSeats(bench.api, one.access, { seats: 3 });
    expect(await one.items()).toEqual([
      ["headroom_starter_v1_plan_month_usd", 1],
      ["headroom_starter_v1_seat_month_usd", 3],
    ]);
    for (const planId of ["pro", "starter"]) {
      await expect(changePlan(bench.api, one.access, { planId })).rejects.toMatchObject({
        code: "active_subscription",
      });
    }
    expect(await changePlan(bench.api, one.access, { planId: "team" })).toMatchObject({ changed: false });
    expect((await one.subscription()).schedule).not.toBeNull();
  });

  test("is taken back by a cancellation", async () => {
    const one = await subscribe("starter");
    const { id } = await schedule(one, "team");
    await one.deliver();
    await cancelSubscription(bench.api, one.access, { when: "period_end" });
    expect((await bench.stripe.subscriptionSchedules.retrieve(id)).status).toBe("released");
    const { cancelAt, period } = await billing(one);
    expect(cancelAt).toBe(period?.end);
    await bench.advance("P1M");
    await one.deliver();
    expect(await billing(one)).toMatchObject({ plan: { id: "free" }, status: "ended" });
  });

  test.each([
    ["resuming", (one: Subscribed) => resumeSubscription(bench.api, one.access)],
    ["wanting the plan that runs", (one: Subscribed) => changePlan(bench.api, one.access, { planId: "pro" })],
    ["a plan that costs more", (one: Subscribed) => changePlan(bench.api, one.access, { planId: "team" })],
  ])("that ends the subscription is told not to by %s", async (_, act) => {
    const one = await subscribe("pro");
    const { id } = await bench.stripe.subscriptionSchedules.create({ from_subscription: one.subscriptionId });
    await bench.stripe.subscriptionSchedules.update(id, { end_behavior: "cancel" });
    await one.deliver();
    const { period, cancelAt } = await billing(one);
    expect(cancelAt).toBe(period?.end);
    await act(one);
    expect(await billing(one)).toMatchObject({ cancelAt: null, pendingPlan: null });
    expect(await bench.stripe.subscriptionSchedules.retrieve(id)).toMatchObject({
      status: "active",
      end_behavior: "release",
    });
    await bench.advance("P1M");
    await one.deliver();
    expect(await billing(one)).toMatchObject({ status: "active", cancelAt: null });
  });

  test("stands behind a cheaper plan of ours that waits", async () => {
    const one = await subscribe("pro");
    await changePlan(bench.api, one.access, { planId: "starter" });
    await schedule(one, "team");
    await one.deliver();
    expect(await billing(one)).toMatchObject({ plan: { id: "pro" }, pendingPlan: { planId: "starter" } });
    await bench.advance("P1M");
    await one.deliver();
    expect(await billing(one)).toMatchObject({ plan: { id: "team" }, pendingPlan: null });
  });
});

describe("a pause", () => {
  test("suspends to the default plan's limits, says why, and its end brings all of them back", async () => {
    const one = await subscribe("pro", 1);
    const before = await billing(one);
    await bench.stripe.subscriptions.pause(one.subscriptionId);
    await one.deliver();
    expect(await billing(one)).toMatchObject({ plan: { id: "free" }, status: "suspended" });
    const { stripe } = await getOperatorOrganization(bench.api, one.access);
    expect(stripe).toMatchObject({ status: "paused", pausedFor: "pause_requested" });
    const told = await bench.rows(
      "select data from headroom.audit_entry where organization_id = $1 and action = 'subscription.state_changed'",
      one.id,
    );
    expect(told.at(-1)?.data).toEqual({ from: "active", to: "suspended", reason: "pause_requested" });
    await bench.stripe.subscriptions.resume(one.subscriptionId, {
      payment_behavior: "resume_on_payment_success",
    });
    await one.deliver();
    const after = await billing(one);
    expect(after).toMatchObject({ plan: { id: "pro" }, status: "active", seats: before.seats });
    expect((await getOperatorOrganization(bench.api, one.access)).stripe).toMatchObject({ pausedFor: null });
  });

  test("of the collection alone changes nothing", async () => {
    const one = await subscribe("pro", 1);
    const before = await billing(one);
    const pause_collection = { behavior: "void" } as const;
    await bench.stripe.subscriptions.update(one.subscriptionId, { pause_collection });
    await one.deliver();
    expect(await billing(one)).toEqual(before);
    await bench.advance("P1MT2H");
    await one.deliver();
    expect(await billing(one)).toMatchObject({ plan: { id: "pro" }, status: "active" });
    expect((await one.invoices())[0]?.status).toBe("void");
  });
});

describe("an update that is pending at Stripe", () => {
  async function pending() {
    const one = await subscribe("pro", 1);
    await one.breakCard();
    const item = (await one.subscription()).items.data.find(
      ({ price }) => price.metadata.headroom_role === "plan",
    );
    const waiting = await bench.stripe.subscriptions.update(one.subscriptionId, {
      items: [{ id: String(item?.id), price: await priceOf("team_v1_plan"), quantity: 1 }],
      payment_behavior: "pending_if_incomplete",
      proration_behavior: "always_invoice",
    });
    await one.deliver();
    return { one, invoice: String(waiting.latest_invoice) };
  }

  test("raises the limits when it is paid, and not before", async () => {
    const { one, invoice } = await pending();
    expect(await billing(one)).toMatchObject({ plan: { id: "pro" }, status: "active", seats: { limit: 6 } });
    await bench.stripe.invoices.pay(invoice, { payment_method: "pm_card_visa" });
    await one.deliver();
    expect(await billing(one)).toMatchObject({
      plan: { id: "team" },
      status: "active",
      seats: { limit: 11 },
    });
  });

  test("leaves them as they were when it expires", async () => {
    const { one } = await pending();
    await bench.advance("P1D");
    await one.deliver();
    expect(await billing(one)).toMatchObject({ plan: { id: "pro" }, status: "active", seats: { limit: 6 } });
    expect((await one.subscription()).pending_update).toBeNull();
  });
});
