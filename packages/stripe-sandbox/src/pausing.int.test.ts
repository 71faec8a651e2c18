import type Stripe from "stripe";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openScene, type Scene } from "./testing/golden/scene.ts";

/* April 2031 has 30 days, so ten days of it are a third. */
let scene: Scene;
beforeEach(async () => {
  scene = await openScene("2031-04-01T00:00:00Z");
});
afterEach(() => scene.close());

async function paused(more: Stripe.SubscriptionPauseParams = {}) {
  const customer = await scene.customer();
  const price = await scene.price("Pro", 3000);
  const { id } = await scene.subscribe(customer, [[price, 1]]);
  await scene.at("2031-04-11T00:00:00Z");
  const subscription = await scene.stripe.subscriptions.pause(id, more);
  return { id, customer, subscription };
}

async function typesSince(last: string): Promise<string[]> {
  const events = await scene.stripe.events.list({ limit: 100, ending_before: last });
  return events.data.map(({ type }) => type as string).reverse();
}

async function lastEvent(): Promise<string> {
  return String((await scene.stripe.events.list({ limit: 1 })).data[0]?.id);
}

const at = (text: string) => Date.parse(text) / 1000;

describe("a pause", () => {
  test("says why and since when, ends the period there, and credits what is unused", async () => {
    const { id, customer, subscription } = await paused();
    expect(subscription).toMatchObject({
      status: "paused",
      status_details: {
        paused: {
          subscription: { type: "pause_requested" },
          transitioned_at: at("2031-04-11T00:00:00Z"),
          type: "subscription",
        },
      },
    });
    expect(subscription.items.data[0]?.current_period_end).toBe(at("2031-04-11T00:00:00Z"));
    const pending = await scene.stripe.invoiceItems.list({ customer, pending: true });
    expect(pending.data.map(({ amount }) => amount)).toEqual([-2000]);
    await scene.at("2031-09-01T00:00:00Z");
    expect((await scene.stripe.invoices.list({ subscription: id })).data).toHaveLength(1);
  });

  test("notes the update, then the pause", async () => {
    const customer = await scene.customer();
    const { id } = await scene.subscribe(customer, [[await scene.price("Pro", 3000), 1]]);
    const last = await lastEvent();
    await scene.at("2031-04-11T00:00:00Z");
    await scene.stripe.subscriptions.pause(id);
    expect(await typesSince(last)).toEqual([
      "customer.subscription.updated",
      "customer.subscription.paused",
      "invoiceitem.created",
    ]);
  });

  test("can keep the paid time, credit the whole period, and settle at once", async () => {
    const kept = await paused({ bill_for: { unused_time_from: { type: "none" } } });
    expect((await scene.stripe.invoiceItems.list({ customer: kept.customer })).data).toEqual([]);
    const whole = { unused_time_from: { type: "item_current_period_start" as const } };
    const customer = await scene.customer();
    const { id } = await scene.subscribe(customer, [[await scene.price("Team", 6000), 1]]);
    await scene.at("2031-04-12T00:00:00Z");
    await scene.stripe.subscriptions.pause(id, { bill_for: whole, invoicing_behavior: "invoice" });
    const { latest_invoice } = await scene.stripe.subscriptions.retrieve(id, { expand: ["latest_invoice"] });
    expect(latest_invoice).toMatchObject({ status: "paid", total: -6000 });
    expect(await scene.stripe.customers.retrieve(customer)).toMatchObject({ balance: -6000 });
  });

  test("that credits nothing leaves nothing to credit", async () => {
    const { id, customer, subscription } = await paused({ bill_for: { unused_time_from: { type: "none" } } });
    await scene.at("2031-04-21T00:00:00Z");
    const proration_behavior = "always_invoice";
    await scene.stripe.subscriptions.resume(id, {
      billing_cycle_anchor: { type: "unchanged" },
      payment_behavior: "resume_on_payment_success",
      proration_behavior,
    });
    await scene.change(subscription, { price: await scene.price("Max", 6000) }, { proration_behavior });
    const { data } = await scene.stripe.invoices.list({ customer });
    // 3000 × 10/30 for the rest of the month, then 6000 × 10/30 less that.
    expect(data.map(({ total }) => total)).toEqual([1000, 1000, 3000]);
  });

  test("leaves changes to be billed when it is over", async () => {
    const { id, subscription } = await paused();
    await scene.at("2031-05-21T00:00:00Z");
    const changed = await scene.change(subscription, { price: await scene.price("Max", 6000) });
    expect(changed).toMatchObject({ status: "paused", latest_invoice: subscription.latest_invoice });
    const payment_behavior = "resume_on_payment_success";
    const resumed = await scene.stripe.subscriptions.resume(id, {
      payment_behavior,
      expand: ["latest_invoice"],
    });
    // 6000 less the 2000 that the pause credited.
    expect(resumed.latest_invoice).toMatchObject({ status: "paid", total: 4000 });
  });

  test("is refused where Stripe does not pause", async () => {
    const customer = await scene.customer();
    const items: [string, number][] = [[await scene.price("Pro", 3000), 1]];
    const trying = await scene.subscribe(customer, items, { trial_period_days: 30 });
    const sent = await scene.subscribe(customer, items, {
      collection_method: "send_invoice",
      days_until_due: 3,
    });
    const classic = await scene.subscribe(customer, items, { billing_mode: { type: "classic" } });
    const { id } = (await paused()).subscription;
    for (const one of [trying.id, sent.id, classic.id, id]) {
      await expect(scene.stripe.subscriptions.pause(one)).rejects.toMatchObject({ statusCode: 400 });
    }
    await expect(scene.stripe.subscriptions.resume(trying.id)).rejects.toMatchObject({ statusCode: 400 });
  });
});

describe("a resumption", () => {
  test("with payment success is active at once, and its new period is billed less the credit", async () => {
    const { id } = await paused();
    await scene.at("2031-04-21T00:00:00Z");
    const last = await lastEvent();
    const resumed = await scene.stripe.subscriptions.resume(id, {
      payment_behavior: "resume_on_payment_success",
      expand: ["latest_invoice"],
    });
    expect(resumed).toMatchObject({ status: "active", pending_update: null });
    expect(resumed.status_details).toBeUndefined();
    expect(resumed.latest_invoice).toMatchObject({ status: "paid", total: 1000 });
    expect(resumed.billing_cycle_anchor).toBe(at("2031-04-21T00:00:00Z"));
    const types = await typesSince(last);
    expect(types.at(-1)).toBe("customer.subscription.resumed");
    expect(types.filter((type) => type === "customer.subscription.resumed")).toHaveLength(1);
    await scene.at("2031-05-21T02:00:00Z");
    const [renewal] = (await scene.stripe.invoices.list({ subscription: id })).data;
    expect(renewal).toMatchObject({ status: "paid", total: 3000, billing_reason: "subscription_cycle" });
  });

  test("waits paused for somebody who pays its invoice", async () => {
    const { id } = await paused();
    const waiting = await scene.stripe.subscriptions.resume(id);
    expect(waiting.status).toBe("paused");
    expect(waiting.pending_update?.expires_at).toBe(at("2031-04-11T23:00:00Z"));
    await scene.stripe.invoices.pay(String(waiting.latest_invoice));
    expect(await scene.stripe.subscriptions.retrieve(id)).toMatchObject({
      status: "active",
      pending_update: null,
      billing_cycle_anchor: at("2031-04-11T00:00:00Z"),
    });
  });

  test("is past due when that payment is declined", async () => {
    const { id, customer } = await paused();
    const waiting = await scene.stripe.subscriptions.resume(id);
    await scene.card(customer, "pm_card_chargeCustomerFail");
    const last = await lastEvent();
    await expect(scene.stripe.invoices.pay(String(waiting.latest_invoice))).rejects.toMatchObject({
      statusCode: 402,
    });
    expect((await scene.stripe.subscriptions.retrieve(id)).status).toBe("past_due");
    expect(await typesSince(last)).toContain("customer.subscription.resumed");
  });

  test("that nobody pays for 23 hours is undone: the invoice void, still paused", async () => {
    const { id } = await paused();
    const waiting = await scene.stripe.subscriptions.resume(id);
    await scene.at("2031-04-12T00:00:00Z");
    const after = await scene.stripe.subscriptions.retrieve(id, { expand: ["latest_invoice"] });
    expect(after).toMatchObject({
      status: "paused",
      pending_update: null,
      latest_invoice: { status: "void" },
    });
    expect(after.items.data[0]?.current_period_end).toBe(waiting.items.data[0]?.current_period_end);
  });

  test("with payment success stays paused when declined, and is tried again", async () => {
    const { id, customer } = await paused();
    await scene.card(customer, "pm_card_chargeCustomerFail");
    const payment_behavior = "resume_on_payment_success";
    const waiting = await scene.stripe.subscriptions.resume(id, { payment_behavior });
    expect(waiting.status).toBe("paused");
    await scene.card(customer, "pm_card_visa");
    await scene.at("2031-04-14T01:00:00Z");
    expect((await scene.stripe.subscriptions.retrieve(id)).status).toBe("active");
  });

  test("in the old cycle charges the rest of the period with the next invoice, or at once", async () => {
    const { id } = await paused();
    await scene.at("2031-04-21T00:00:00Z");
    const resumed = await scene.stripe.subscriptions.resume(id, {
      billing_cycle_anchor: { type: "unchanged" },
    });
    expect(resumed.status).toBe("active");
    const [item] = resumed.items.data;
    expect([item?.current_period_start, item?.current_period_end]).toEqual([
      at("2031-04-01T00:00:00Z"),
      at("2031-05-01T00:00:00Z"),
    ]);
    await scene.at("2031-05-01T00:00:00Z");
    const [renewal] = (await scene.stripe.invoices.list({ subscription: id })).data;
    // −2000 for 20 unused days, +1000 for 10 days, +3000 for May.
    expect(renewal?.total).toBe(2000);
    expect(renewal?.lines.data.map(({ amount }) => amount).sort((a, b) => a - b)).toEqual([
      -2000, 1000, 3000,
    ]);
  });
});

describe("a trial that ends without a card", () => {
  async function trial() {
    const { id: customer } = await scene.stripe.customers.create();
    const { id } = await scene.subscribe(customer, [[await scene.price("Pro", 3000), 1]], {
      trial_period_days: 7,
      trial_settings: { end_behavior: { missing_payment_method: "pause" } },
    });
    return { id, customer };
  }

  test("pauses, and a card and a resumption bill it", async () => {
    const { id, customer } = await trial();
    await scene.at("2031-04-08T00:00:00Z");
    const stopped = await scene.stripe.subscriptions.retrieve(id);
    expect(stopped).toMatchObject({
      status: "paused",
      status_details: { paused: { subscription: { type: "trial_end_without_payment_method" } } },
    });
    const payment_behavior = "resume_on_payment_success";
    await expect(scene.stripe.subscriptions.resume(id, { payment_behavior })).rejects.toMatchObject({
      code: "resource_missing",
    });
    await scene.card(customer, "pm_card_visa");
    const resumed = await scene.stripe.subscriptions.resume(id, {
      payment_behavior,
      expand: ["latest_invoice"],
    });
    expect(resumed).toMatchObject({ status: "active", latest_invoice: { status: "paid", total: 3000 } });
  });

  test("pauses when it is ended now, and does not with a card", async () => {
    const without = await trial();
    const ended = await scene.stripe.subscriptions.update(without.id, { trial_end: "now" });
    expect(ended).toMatchObject({ status: "paused", trial_end: at("2031-04-01T00:00:00Z") });
    const { id, customer } = await trial();
    await scene.card(customer, "pm_card_visa");
    await scene.at("2031-04-08T02:00:00Z");
    expect((await scene.stripe.subscriptions.retrieve(id)).status).toBe("active");
  });
});

describe("paused collection", () => {
  type Behavior = Stripe.SubscriptionUpdateParams.PauseCollection["behavior"];

  async function renewed(behavior: Behavior, resumesAt?: string) {
    const customer = await scene.customer();
    const { id } = await scene.subscribe(customer, [[await scene.price("Pro", 3000), 1]]);
    const until = resumesAt === undefined ? {} : { resumes_at: at(resumesAt) };
    const set = await scene.stripe.subscriptions.update(id, { pause_collection: { behavior, ...until } });
    expect(set.status).toBe("active");
    await scene.at("2031-05-01T02:00:00Z");
    const after = await scene.stripe.subscriptions.retrieve(id, { expand: ["latest_invoice"] });
    return { id, after, invoice: after.latest_invoice as Stripe.Invoice };
  }

  test.each([
    ["void", { status: "void" }],
    [
      "mark_uncollectible",
      { status: "uncollectible", status_details: { uncollectible: { reason: "subscription_paused" } } },
    ],
    ["keep_as_draft", { status: "draft", auto_advance: false }],
  ] as const)(
    "%s: the subscription renews and stays active, its invoice is so",
    async (behavior, expected) => {
      const { after, invoice } = await renewed(behavior);
      expect(after.status).toBe("active");
      expect(after.items.data[0]?.current_period_end).toBe(at("2031-06-01T00:00:00Z"));
      expect(invoice).toMatchObject(expected);
    },
  );

  test("a kept draft is collected once it is told to advance", async () => {
    const { invoice } = await renewed("keep_as_draft");
    await scene.stripe.invoices.update(String(invoice.id), { auto_advance: true });
    await scene.at("2031-05-01T04:00:00Z");
    expect((await scene.stripe.invoices.retrieve(String(invoice.id))).status).toBe("paid");
  });

  test("goes on by itself at its instant, and by hand", async () => {
    const { id, after } = await renewed("void", "2031-05-15T00:00:00Z");
    expect(after.pause_collection).toEqual({ behavior: "void", resumes_at: at("2031-05-15T00:00:00Z") });
    await scene.at("2031-06-01T02:00:00Z");
    const later = await scene.stripe.subscriptions.retrieve(id, { expand: ["latest_invoice"] });
    expect(later).toMatchObject({ pause_collection: null, latest_invoice: { status: "paid", total: 3000 } });
    await scene.stripe.subscriptions.update(id, { pause_collection: { behavior: "void" } });
    const cleared = await scene.stripe.subscriptions.update(id, { pause_collection: "" });
    expect(cleared.pause_collection).toBeNull();
  });

  test("an instant in the past is refused", async () => {
    const customer = await scene.customer();
    const { id } = await scene.subscribe(customer, [[await scene.price("Pro", 3000), 1]]);
    const pause_collection = { behavior: "void" as const, resumes_at: at("2031-03-01T00:00:00Z") };
    await expect(scene.stripe.subscriptions.update(id, { pause_collection })).rejects.toMatchObject({
      param: "pause_collection[resumes_at]",
    });
  });
});
