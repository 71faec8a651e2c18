import type Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openScene, type Scene } from "./testing/golden/scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await openScene("2031-04-01T00:00:00Z");
});
afterEach(() => scene.close());

const at = (text: string) => Date.parse(text) / 1000;
const april = at("2031-04-01T00:00:00Z");
const may = at("2031-05-01T00:00:00Z");
const month = { interval: "month", interval_count: 1 } as const;

const read = (id: string) => scene.stripe.subscriptions.retrieve(id, { expand: ["latest_invoice"] });
const schedule = (id: string) => scene.stripe.subscriptionSchedules.retrieve(id);
const pricesOf = ({ items }: Stripe.Subscription) => items.data.map((item) => [item.price.id, item.quantity]);

async function types(count: number): Promise<string[]> {
  const { data } = await scene.stripe.events.list({ limit: count });
  return data.map(({ type }) => type as string).reverse();
}

/** A monthly subscription on a small price whose schedule moves it to a big one when the month ends. */
async function upgrading(end_behavior: "release" | "cancel" = "release") {
  const customer = await scene.customer();
  const [small, big] = [await scene.price("Small", 3000), await scene.price("Big", 9000)];
  const { id, items } = await scene.subscribe(customer, [[small, 1]]);
  const made = await scene.stripe.subscriptionSchedules.create({ from_subscription: id });
  const updated = await scene.stripe.subscriptionSchedules.update(made.id, {
    end_behavior,
    phases: [
      { start_date: april, end_date: may, items: [{ price: small, quantity: 1 }] },
      { items: [{ price: big, quantity: 2 }], duration: month, metadata: { tier: "big" } },
    ],
  });
  return { customer, small, big, id, item: items.data[0]?.id, made, updated };
}

describe("from a subscription", () => {
  test("the schedule is what the subscription is, for its running period", async () => {
    const { id, small, made, customer } = await upgrading();
    expect(made).toMatchObject({
      status: "active",
      subscription: id,
      customer,
      end_behavior: "release",
      current_phase: { start_date: april, end_date: may },
      phases: [{ start_date: april, end_date: may, items: [{ price: small, quantity: 1 }] }],
    });
    expect((await read(id)).schedule).toBe(made.id);
    const again = scene.stripe.subscriptionSchedules.create({ from_subscription: id });
    await expect(again).rejects.toMatchObject({ statusCode: 400, param: "from_subscription" });
  });

  test("a phase begins before the period that it bills: no prorations, the new price, the same item", async () => {
    const { id, big, item, made } = await upgrading();
    await scene.at("2031-04-30T23:59:59Z");
    expect((await read(id)).metadata).toEqual({});
    await scene.at("2031-05-01T00:00:00Z");
    const entered = await read(id);
    expect(pricesOf(entered)).toEqual([[big, 2]]);
    expect(entered.items.data[0]?.id).toBe(item);
    expect(entered).toMatchObject({
      metadata: { tier: "big" },
      latest_invoice: { billing_reason: "subscription_cycle", total: 18_000, status: "draft" },
    });
    expect((await schedule(made.id)).current_phase).toEqual({
      start_date: may,
      end_date: at("2031-06-01T00:00:00Z"),
    });
    expect(await types(4)).toEqual([
      "customer.subscription.updated",
      "subscription_schedule.updated",
      "invoice.created",
      "customer.subscription.updated",
    ]);
  });

  test("after its last phase it is completed and released, and the subscription goes on", async () => {
    const { id, big, made } = await upgrading();
    await scene.at("2031-05-25T00:00:00Z");
    expect((await types(1))[0]).toBe("subscription_schedule.expiring");
    await scene.at("2031-06-01T00:00:00Z");
    expect(await schedule(made.id)).toMatchObject({
      status: "released",
      completed_at: at("2031-06-01T00:00:00Z"),
      released_subscription: id,
      subscription: null,
      current_phase: null,
    });
    const after = await read(id);
    expect(after).toMatchObject({ status: "active", schedule: null, cancel_at: null });
    expect(pricesOf(after)).toEqual([[big, 2]]);
    expect(await types(5)).toEqual([
      "subscription_schedule.completed",
      "subscription_schedule.released",
      "customer.subscription.updated",
      "invoice.created",
      "customer.subscription.updated",
    ]);
  });

  test("with end_behavior cancel the last phase plans the end, and ends it", async () => {
    const { id, made } = await upgrading("cancel");
    expect((await read(id)).cancel_at).toBeNull();
    await scene.at("2031-05-01T02:00:00Z");
    expect((await read(id)).cancel_at).toBe(at("2031-06-01T00:00:00Z"));
    const update = scene.stripe.subscriptions.update(id, { cancel_at_period_end: false });
    await expect(update).rejects.toMatchObject({ statusCode: 400 });
    await scene.at("2031-06-01T00:00:00Z");
    expect(await read(id)).toMatchObject({ status: "canceled", schedule: null });
    expect((await schedule(made.id)).status).toBe("completed");
    expect(await types(2)).toEqual(["customer.subscription.deleted", "subscription_schedule.completed"]);
  });

  test("released, the subscription keeps what it has; the date that the schedule set goes or stays", async () => {
    for (const [preserve_cancel_date, expected] of [
      [false, null],
      [true, at("2031-06-01T00:00:00Z")],
    ] as const) {
      const { id, made, small } = await upgrading("cancel");
      const item = { price: small, quantity: 1 };
      const last = { start_date: april, end_date: at("2031-06-01T00:00:00Z"), items: [item] };
      await scene.stripe.subscriptionSchedules.update(made.id, { phases: [last] });
      const released = await scene.stripe.subscriptionSchedules.release(made.id, { preserve_cancel_date });
      expect(released).toMatchObject({ status: "released", subscription: null, released_subscription: id });
      expect(await read(id)).toMatchObject({ schedule: null, cancel_at: expected });
      const again = scene.stripe.subscriptionSchedules.release(made.id);
      await expect(again).rejects.toMatchObject({ statusCode: 400 });
    }
  });

  test("canceled, it takes the subscription with it and settles it", async () => {
    const { id, made, customer } = await upgrading();
    await scene.at("2031-04-11T00:00:00Z");
    const canceled = await scene.stripe.subscriptionSchedules.cancel(made.id);
    expect(canceled).toMatchObject({ status: "canceled", canceled_at: at("2031-04-11T00:00:00Z") });
    expect(await read(id)).toMatchObject({ status: "canceled", latest_invoice: { total: -2000 } });
    const listed = await scene.stripe.subscriptionSchedules.list({ customer, canceled_at: { gte: april } });
    expect(listed.data.map((one) => one.id)).toEqual([made.id]);
  });

  test("a subscription that ends otherwise ends its schedule: canceled, or aborted when nobody paid", async () => {
    const canceled = await upgrading();
    await scene.stripe.subscriptions.cancel(canceled.id);
    expect((await types(1))[0]).toBe("subscription_schedule.canceled");
    const dunned = await upgrading();
    await scene.card(dunned.customer, "pm_card_chargeCustomerFail");
    await scene.at("2031-05-20T00:00:00Z");
    expect((await read(dunned.id)).status).toBe("canceled");
    expect((await schedule(dunned.made.id)).status).toBe("canceled");
    expect(await types(3)).toContain("subscription_schedule.aborted");
  });

  test("a change to the subscription itself is written into the running phase and overtaken by the next", async () => {
    const { id, item, made, small, big } = await upgrading();
    await scene.stripe.subscriptions.update(id, { items: [{ id: String(item), quantity: 4 }] });
    expect((await schedule(made.id)).phases[0]?.items).toMatchObject([{ price: small, quantity: 4 }]);
    await scene.at("2031-05-01T00:00:00Z");
    expect(pricesOf(await read(id))).toEqual([[big, 2]]);
  });

  test("a change to the running phase is made now, with the request's proration", async () => {
    const { id, made, small, big } = await upgrading();
    await scene.at("2031-04-11T00:00:00Z");
    await scene.stripe.subscriptionSchedules.update(made.id, {
      proration_behavior: "always_invoice",
      phases: [
        { start_date: april, end_date: may, items: [{ price: big, quantity: 1 }] },
        { items: [{ price: small }] },
      ],
    });
    const after = await read(id);
    // −3000 × 20/30 + 9000 × 20/30
    expect(after.latest_invoice).toMatchObject({ total: 4000, status: "paid" });
    expect(pricesOf(after)).toEqual([[big, 1]]);
  });

  test("the running phase can end now, and a pending update is discarded by that", async () => {
    const { id, made, small, big, customer, item } = await upgrading();
    await scene.at("2031-04-11T00:00:00Z");
    await scene.card(customer, "pm_card_chargeCustomerFail");
    await scene.stripe.subscriptions.update(id, {
      items: [{ id: String(item), quantity: 9 }],
      payment_behavior: "pending_if_incomplete",
      proration_behavior: "always_invoice",
    });
    expect((await read(id)).pending_update).not.toBeNull();
    const moved = await scene.stripe.subscriptionSchedules.update(made.id, {
      phases: [
        { start_date: april, end_date: "now", items: [{ price: small, quantity: 1 }] },
        { items: [{ price: big, quantity: 1 }], duration: month, proration_behavior: "none" },
      ],
    });
    expect(moved.current_phase).toEqual({
      start_date: at("2031-04-11T00:00:00Z"),
      end_date: at("2031-05-11T00:00:00Z"),
    });
    const after = await read(id);
    expect(after.pending_update).toBeNull();
    expect(pricesOf(after)).toEqual([[big, 1]]);
  });

  test("an archived price that was planned is used, and does not stop the clock", async () => {
    const { id, big } = await upgrading();
    await scene.stripe.prices.update(big, { active: false });
    await scene.at("2031-05-01T00:00:00Z");
    expect(pricesOf(await read(id))).toEqual([[big, 2]]);
  });

  test("a phase of another interval starts a cycle of its own", async () => {
    const { id, made, small } = await upgrading();
    const yearly = await scene.price("Yearly", 30_000, { interval: "year" });
    await scene.stripe.subscriptionSchedules.update(made.id, {
      phases: [
        { start_date: april, end_date: may, items: [{ price: small }] },
        { items: [{ price: yearly }] },
      ],
    });
    await scene.at("2031-05-01T00:00:00Z");
    const after = await read(id);
    expect(after.latest_invoice).toMatchObject({ total: 30_000, status: "paid" });
    expect(after.items.data[0]?.current_period_end).toBe(at("2032-05-01T00:00:00Z"));
    expect((await schedule(made.id)).current_phase?.end_date).toBe(at("2032-05-01T00:00:00Z"));
  });
});

describe("for a customer", () => {
  async function planned(more: Partial<Stripe.SubscriptionScheduleCreateParams> = {}) {
    const customer = await scene.customer();
    const [small, big] = [await scene.price("Small", 3000), await scene.price("Big", 9000)];
    const made = await scene.stripe.subscriptionSchedules.create({
      customer,
      metadata: { why: "planned" },
      phases: [
        { items: [{ price: small }], duration: month, metadata: { tier: "small" } },
        { items: [{ price: big }], end_date: at("2031-07-01T00:00:00Z") },
      ],
      ...more,
    });
    return { customer, small, big, made };
  }

  test("that starts now makes an active subscription whose first invoice waits an hour", async () => {
    const { made } = await planned({ start_date: "now" });
    const subscription = await read(String(made.subscription));
    expect(subscription).toMatchObject({
      status: "active",
      schedule: made.id,
      metadata: { tier: "small" },
      latest_invoice: { status: "draft", total: 3000, billing_reason: "subscription_create" },
    });
    await scene.at("2031-04-01T01:00:00Z");
    expect((await read(subscription.id)).latest_invoice).toMatchObject({ status: "paid" });
    expect((await types(20)).slice(0, 20)).toContain("subscription_schedule.created");
  });

  test("that starts later is not_started until then", async () => {
    const { customer, made } = await planned({ start_date: at("2031-04-15T00:00:00Z") });
    expect(made).toMatchObject({ status: "not_started", subscription: null, current_phase: null });
    const waiting = await scene.stripe.subscriptionSchedules.list({ scheduled: true });
    expect(waiting.data.map(({ id }) => id)).toEqual([made.id]);
    await scene.at("2031-04-15T00:00:00Z");
    const started = await schedule(made.id);
    expect(started).toMatchObject({ status: "active", customer, metadata: { why: "planned" } });
    expect(started.current_phase?.end_date).toBe(at("2031-05-15T00:00:00Z"));
    expect((await scene.stripe.subscriptionSchedules.list({ scheduled: true })).data).toEqual([]);
  });

  test("a first payment that fails makes it past due", async () => {
    const { made, customer } = await planned();
    await scene.card(customer, "pm_card_chargeCustomerFail");
    await scene.at("2031-04-01T01:00:00Z");
    expect((await read(String(made.subscription))).status).toBe("past_due");
  });

  test("one that has not started can be canceled, released, and goes with its customer", async () => {
    const start_date = at("2031-04-15T00:00:00Z");
    const [one, two, three] = [
      await planned({ start_date }),
      await planned({ start_date }),
      await planned({ start_date }),
    ];
    expect((await scene.stripe.subscriptionSchedules.cancel(one.made.id)).status).toBe("canceled");
    expect((await scene.stripe.subscriptionSchedules.release(two.made.id)).status).toBe("released");
    await scene.stripe.customers.del(three.customer);
    await scene.at("2031-04-20T00:00:00Z");
    expect((await schedule(three.made.id)).status).toBe("canceled");
    expect((await scene.stripe.subscriptions.list({ status: "all" })).data).toEqual([]);
  });

  test.each([
    ["without phases", { phases: [] }, "phases"],
    ["with a phase that has no end and is not the last", "first", "phases[0][end_date]"],
    ["in the past", { start_date: at("2031-03-01T00:00:00Z") }, "start_date"],
    ["with pauses", { pause_schedules: [{ key: "a" }] }, "pause_schedules"],
    ["without a customer", { customer: undefined }, "customer"],
  ] as const)("%s it is refused", async (_, more, param) => {
    const price = await scene.price("Other", 100);
    const open = { phases: [{ items: [{ price }] }, { items: [{ price }] }] };
    const made = planned(
      (more === "first" ? open : more) as Partial<Stripe.SubscriptionScheduleCreateParams>,
    );
    await expect(made).rejects.toMatchObject({ statusCode: 400, param });
  });
});

test("a subscription with a schedule is not paused, and a paused one gets none", async () => {
  const { id } = await upgrading();
  await expect(scene.stripe.subscriptions.pause(id)).rejects.toMatchObject({ statusCode: 400 });
  const customer = await scene.customer();
  const other = await scene.subscribe(customer, [[await scene.price("Pro", 3000), 1]]);
  await scene.stripe.subscriptions.pause(other.id);
  const made = scene.stripe.subscriptionSchedules.create({ from_subscription: other.id });
  await expect(made).rejects.toMatchObject({ statusCode: 400, param: "from_subscription" });
});

test("an update must begin with the running phase, where it began", async () => {
  const { made, big } = await upgrading();
  const item = { price: big };
  for (const phase of [{ items: [item] }, { start_date: april + 1, items: [item] }]) {
    const update = scene.stripe.subscriptionSchedules.update(made.id, { phases: [phase] });
    await expect(update).rejects.toMatchObject({ statusCode: 400 });
  }
});
