import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reduceSubscription } from "./billing.ts";
import type { Catalogue } from "./catalogue.ts";
import {
  type ItemSnapshot,
  isLiveAtStripe,
  noSubscription,
  planAt,
  type SubscriptionFacts,
  type SubscriptionSnapshot,
  stateAt,
  transitionsOf,
  waitingInItems,
} from "./subscriptions.ts";

const day = 86_400_000;
const start = 1_768_435_200_000; // 2026-01-15
const end = start + 31 * day;
const now = start + 10 * day;

const catalogue: Catalogue = {
  plans: [
    { id: "pro", version: 1, graceDays: 7 },
    { id: "pro", version: 2, graceDays: 7 },
    { id: "max", version: 1, graceDays: 3 },
  ],
  prices: [
    { priceId: "price_pro", lookupKey: "headroom_pro", role: "plan", planId: "pro", planVersion: 1 },
    { priceId: "price_max", lookupKey: "headroom_max", role: "plan", planId: "max", planVersion: 1 },
    { priceId: "price_old", lookupKey: "headroom_old", role: "plan", planId: "max", planVersion: 9 },
    { priceId: "price_seat", lookupKey: "headroom_seat", role: "seat", planId: "pro", planVersion: 1 },
  ],
  overageWhilePastDue: false,
};

function item(id: string, metadata: Record<string, string>, more: Partial<ItemSnapshot> = {}): ItemSnapshot {
  const rest = { priceId: `price_of_${id}`, lookupKey: null, quantity: 1, interval: "month" };
  return { id, metadata, ...rest, periodStart: start, periodEnd: end, ...more };
}

function priced(role: string, plan: string, version = 1): Record<string, string> {
  return { headroom_role: role, headroom_plan: plan, headroom_plan_version: `${version}` };
}

const pro = item("si_plan", priced("plan", "pro"));

function subscription(more: Partial<SubscriptionSnapshot> = {}): SubscriptionSnapshot {
  return {
    id: "sub_1",
    status: "active",
    created: start,
    claimed: true,
    currency: "usd",
    anchor: start,
    trialEnd: null,
    cancelAt: null,
    cancelAtPeriodEnd: false,
    endedAt: null,
    kept: null,
    coming: [],
    pausedFor: null,
    latestInvoice: null,
    openInvoices: [],
    items: [pro],
    ...more,
  };
}

function reduce(
  subscriptions: SubscriptionSnapshot[],
  previous: SubscriptionFacts = noSubscription,
  at: number = now,
  using: Catalogue = catalogue,
) {
  return reduceSubscription(subscriptions, using, previous, at);
}

const active = reduce([subscription()]).facts;

describe("the items of a subscription", () => {
  it("plan and period come from the plan item, seats from the seat item only", () => {
    const seats = item("si_seat", priced("seat", "pro"), { quantity: 4, periodEnd: end + day });
    const { facts } = reduce([subscription({ items: [seats, { ...pro, quantity: 9 }] })]);
    expect(facts).toMatchObject({ planId: "pro", planVersion: 1, seatsPurchased: 4, periodEnd: end });
    expect([facts.planItemId, facts.seatItemId]).toEqual(["si_plan", "si_seat"]);
    expect(active).toMatchObject({ seatsPurchased: 0, seatItemId: null });
  });

  it.each([
    [
      "metadata before the lookup key",
      item("si", priced("plan", "pro", 2), { lookupKey: "headroom_pro" }),
      2,
    ],
    ["the lookup key where there is no metadata", item("si", {}, { lookupKey: "headroom_pro" }), 1],
    ["the id that a push wrote down", item("si", {}, { priceId: "price_pro" }), 1],
  ])("are known by %s", (_, planItem, version) => {
    expect(reduce([subscription({ items: [planItem] })]).facts.planVersion).toBe(version);
  });

  it("without one of ours make the subscription foreign: ignored, never ranked", () => {
    const foreign = subscription({ id: "sub_0", created: now, claimed: false, items: [item("si", {})] });
    expect(reduce([foreign])).toEqual({ facts: noSubscription, periodStart: null });
    expect(reduce([foreign, subscription()]).facts).toEqual(active);
  });

  it.each([
    ["a price that says nothing", item("si", {})],
    ["a version that is not ours", item("si", priced("plan", "pro", 3))],
  ])("with %s keep what was, and raise attention", (_, planItem) => {
    const unknown = reduce([subscription({ items: [planItem] })], active);
    expect(unknown).toEqual({ facts: { ...active, attention: "unknown_price" }, periodStart: null });
    expect(reduce([subscription()], unknown.facts).facts).toEqual(active);
  });

  it("raises attention no longer than there is a subscription to see to", () => {
    const unknown = subscription({ items: [item("si", {})] });
    for (const before of [
      noSubscription,
      { ...noSubscription, source: "operator" as const, planId: "max" },
    ]) {
      const { facts } = reduce([unknown], before);
      expect(facts).toEqual({ ...before, attention: "unknown_price" });
      expect(reduce([], facts)).toEqual({ facts: before, periodStart: null });
    }
  });
});

describe("status → limits", () => {
  const cancelAt = now + 5 * day;
  it.each<[string, Partial<SubscriptionSnapshot>, Partial<SubscriptionFacts>]>([
    ["trialing", { trialEnd: end }, { state: "trialing", limitsUntil: null, overageAllowed: false }],
    ["active", {}, { state: "active", limitsUntil: null, overageAllowed: true }],
    ["active", { cancelAt }, { state: "active", limitsUntil: cancelAt, cancelAt }],
    ["active", { cancelAtPeriodEnd: true }, { state: "active", limitsUntil: end, cancelAt: end }],
    [
      "past_due",
      { latestInvoice: { finalizedAt: now - day, dueAt: null } },
      { state: "past_due", pastDueSince: now - day, limitsUntil: now + 6 * day, overageAllowed: false },
    ],
    [
      "past_due",
      { latestInvoice: { finalizedAt: now - 40 * day, dueAt: now - 2 * day } },
      { pastDueSince: now - 2 * day, limitsUntil: now + 5 * day },
    ],
    [
      "past_due",
      { cancelAt: now + day, latestInvoice: { finalizedAt: now, dueAt: null } },
      { pastDueSince: now, limitsUntil: now + day },
    ],
    // The oldest that is still to be paid counts, whatever was seen first.
    [
      "past_due",
      {
        latestInvoice: { finalizedAt: now, dueAt: null },
        openInvoices: [
          { finalizedAt: now, dueAt: null },
          { finalizedAt: now - 3 * day, dueAt: null },
          { finalizedAt: now - 9 * day, dueAt: now - 2 * day },
        ],
      },
      { pastDueSince: now - 3 * day, limitsUntil: now + 4 * day },
    ],
    ["past_due", {}, { pastDueSince: start, limitsUntil: start + 7 * day }],
    ["unpaid", {}, { state: "restricted", limitsUntil: now, overageAllowed: false }],
    ["paused", {}, { state: "suspended", limitsUntil: now, overageAllowed: false }],
  ])("%s %j", (status, more, facts) => {
    const next = reduce([subscription({ status, ...more })], active).facts;
    expect(next).toMatchObject({ planId: "pro", ...facts });
  });

  it.each(["canceled", "incomplete_expired"])("%s gives the base plan back", (status) => {
    const { facts, periodStart } = reduce([subscription({ status, endedAt: now - 5_000 })], active);
    expect(facts).toMatchObject({
      state: "ended",
      planId: null,
      seatsPurchased: 0,
      anchor: null,
      currency: "usd",
    });
    expect(periodStart).toBe(now - 5_000 + 999);
  });

  it("incomplete has ended when its customer is gone", () => {
    const { facts } = reduce([subscription({ status: "incomplete" })]);
    expect(reduce([], facts).facts).toMatchObject({ state: "ended", status: "deleted", planId: null });
  });

  it("incomplete gives nothing yet", () => {
    const { facts, periodStart } = reduce([subscription({ status: "incomplete" })]);
    expect(facts).toMatchObject({ state: "incomplete", planId: null, overageAllowed: false, anchor: null });
    expect(periodStart).toBeNull();
  });

  it("a status that is not known yet keeps what was, and raises attention", () => {
    const next = reduce([subscription({ status: "hibernating" })], active);
    expect(next.facts).toEqual({ ...active, attention: "unknown_status" });
  });

  it("a customer without subscriptions any more has ended", () => {
    expect(reduce([], active)).toMatchObject({ facts: { state: "ended", planId: null }, periodStart: now });
  });

  it("what an operator assigned is not Stripe's to end", () => {
    const assigned: SubscriptionFacts = {
      ...noSubscription,
      source: "operator",
      planId: "max",
      planVersion: 1,
    };
    expect(reduce([subscription({ status: "canceled" })], assigned).facts).toEqual(assigned);
  });

  it("overage goes on while past due where the policy allows it", () => {
    const allowed = { ...catalogue, overageWhilePastDue: true };
    const { facts } = reduce([subscription({ status: "past_due" })], active, now, allowed);
    expect(facts.overageAllowed).toBe(true);
  });

  it("grace counts from the first failure and ends without an event", () => {
    const unpaid = { finalizedAt: now, dueAt: null };
    const behind = subscription({ status: "past_due", latestInvoice: unpaid, openInvoices: [unpaid] });
    const first = reduce([behind], active).facts;
    const later = reduce([behind], first, now + 3 * day).facts;
    expect(later).toEqual(first);
    expect(stateAt(later, now + 7 * day - 1)).toBe("past_due");
    expect(stateAt(later, now + 7 * day)).toBe("restricted");
    const paid = reduce([subscription()], later, now + 4 * day).facts;
    expect(paid).toEqual(active);
  });
});

describe("several subscriptions", () => {
  const max = item("si_max", priced("plan", "max"));
  it.each([
    ["active", "trialing"],
    ["trialing", "past_due"],
    ["past_due", "paused"],
    ["paused", "unpaid"],
    ["unpaid", "incomplete"],
  ])("%s wins over a newer one that is %s", (status, other) => {
    const winner = subscription({ id: "sub_a", status, items: [max] });
    const loser = subscription({ id: "sub_b", status: other, created: start + day });
    expect(reduce([loser, winner]).facts.planId).toBe("max");
  });

  it("the newest wins among equals, and attention is raised", () => {
    const newer = subscription({ id: "sub_2", created: start + day, items: [max] });
    expect(reduce([subscription(), newer]).facts).toMatchObject({
      planId: "max",
      attention: "multiple_subscriptions",
    });
  });

  it("one of add-ons alone is no rival, and keeps no plan from changing or ending", () => {
    const addon = item("si_addon", priced("addon", "pro"));
    const extra = subscription({ id: "sub_9", created: now, claimed: false, items: [addon] });
    expect(reduce([extra])).toEqual({ facts: noSubscription, periodStart: null });
    expect(reduce([subscription(), extra]).facts).toEqual(active);
    const over = subscription({ status: "canceled", endedAt: now });
    expect(reduce([over, extra], active)).toEqual(reduce([over], active));
    // Whose plan was taken off at Stripe is known, and asked about.
    const bare = subscription({ claimed: false, items: [addon] });
    expect(reduce([bare], active).facts).toEqual({ ...active, attention: "unknown_price" });
  });

  it("an ended one beside a live one raises nothing", () => {
    const old = subscription({ id: "sub_0", status: "canceled", created: now, endedAt: now });
    expect(reduce([old, subscription()]).facts).toEqual(active);
  });
});

describe("usage periods", () => {
  it("start with the subscription, with a new anchor, and with each of Stripe's periods", () => {
    expect(reduce([subscription()]).periodStart).toBe(start);
    expect(reduce([subscription()], active).periodStart).toBeNull();
    const renewed = { ...pro, periodStart: end, periodEnd: end + 28 * day };
    expect(reduce([subscription({ items: [renewed] })], active, end).periodStart).toBe(end);
  });

  it("start when a trial turns into a paid month", () => {
    const trialEnd = start + 7 * day;
    const trial = { ...pro, periodEnd: trialEnd };
    const trialing = reduce([subscription({ status: "trialing", trialEnd, items: [trial] })]).facts;
    const paid = { ...pro, periodStart: trialEnd, periodEnd: trialEnd + 31 * day };
    const next = reduce([subscription({ trialEnd, anchor: trialEnd, items: [paid] })], trialing);
    expect(next).toMatchObject({ periodStart: trialEnd, facts: { trialUsed: true, overageAllowed: true } });
  });
});

const statuses = [
  "active",
  "trialing",
  "past_due",
  "paused",
  "unpaid",
  "incomplete",
  "incomplete_expired",
  "canceled",
  "new",
];
const anyItem = fc
  .record({
    id: fc.constantFrom("si_a", "si_b", "si_c"),
    metadata: fc.constantFrom(
      priced("plan", "pro"),
      priced("plan", "max"),
      priced("seat", "pro"),
      {},
      priced("plan", "x"),
    ),
    quantity: fc.nat(9),
  })
  .map(({ id, metadata, quantity }) => item(id, metadata, { quantity }));
const anySubscription = fc
  .record({
    id: fc.constantFrom("sub_1", "sub_2", "sub_3"),
    status: fc.constantFrom(...statuses),
    created: fc.integer({ min: start, max: now }),
    claimed: fc.boolean(),
    trialEnd: fc.constantFrom(null, end),
    cancelAt: fc.constantFrom(null, now - day, now + day),
    endedAt: fc.constantFrom(null, now - day),
    items: fc.uniqueArray(anyItem, { selector: (one) => one.id, maxLength: 3 }),
  })
  .map(subscription);
const snapshot = fc.uniqueArray(anySubscription, { selector: (one) => one.id, maxLength: 3 });
const history = fc
  .array(snapshot, { maxLength: 3 })
  .map((past) => past.reduce((facts, one) => reduce(one, facts).facts, noSubscription));

describe("the reduction", () => {
  it("counts as a rival no subscription that only the previous facts know", () => {
    const unpaid = subscription({ status: "unpaid", claimed: false, items: [] });
    const winner = subscription({ id: "sub_2" });
    expect(reduce([unpaid, winner], active).facts).toMatchObject({
      subscriptionId: "sub_2",
      attention: null,
    });
  });

  it("applied twice changes nothing", () => {
    fc.assert(
      fc.property(snapshot, history, fc.nat(30), (subscriptions, previous, days) => {
        const once = reduce(subscriptions, previous).facts;
        const again = reduce(subscriptions, once, now + days * day);
        expect(again).toEqual({ facts: once, periodStart: null });
        expect(transitionsOf(once, again.facts)).toEqual([]);
      }),
    );
  });

  it("does not depend on the order in which Stripe lists things", () => {
    fc.assert(
      fc.property(snapshot, history, fc.func(fc.nat()), (subscriptions, previous, weight) => {
        const shuffle = <T>(list: readonly T[]) => [...list].sort((a, b) => weight(a) - weight(b));
        const shuffled = shuffle(subscriptions.map((one) => ({ ...one, items: shuffle(one.items) })));
        expect(reduce(shuffled, previous)).toEqual(reduce(subscriptions, previous));
      }),
    );
  });

  it("never allows overage outside a running subscription that pays", () => {
    fc.assert(
      fc.property(snapshot, history, (subscriptions, previous) => {
        const { facts } = reduce(subscriptions, previous);
        expect(facts.overageAllowed && facts.state !== "active").toBe(false);
      }),
    );
  });
});

describe("the end of a subscription", () => {
  const endAt = (endedAt: number, at: number) =>
    reduce([subscription({ status: "canceled", endedAt })], active, at).periodStart;

  it("is the end of the second that Stripe names, and never ahead", () => {
    expect(endAt(now - 5_000, now)).toBe(now - 4_001);
    expect(endAt(now - 400, now)).toBe(now);
  });
});

describe("a plan that waits for the end of the period", () => {
  const kept = { planId: "max", planVersion: 1, until: end, seats: null };
  const waiting = reduce([subscription({ kept })], active).facts;
  const base = { planId: "free", planVersion: 1 };

  it("leaves what was paid for in force until then", () => {
    expect(waiting).toMatchObject({
      planId: "max",
      planVersion: 1,
      pending: { planId: "pro", planVersion: 1, at: end, scheduled: false },
    });
    expect(planAt(waiting, base, end - 1)).toEqual({ planId: "max", planVersion: 1 });
    expect(planAt(waiting, base, end)).toEqual({ planId: "pro", planVersion: 1 });
    expect(planAt({ ...waiting, limitsUntil: end - 2 }, base, end - 1)).toEqual(base);
  });

  it("is over with the period that it was kept for, and with a version that nobody knows", () => {
    const turned = { ...pro, periodStart: end, periodEnd: end + 31 * day };
    expect(reduce([subscription({ kept, items: [turned] })], waiting).facts).toMatchObject({
      planId: "pro",
      pending: null,
    });
    const unknown = reduce([subscription({ kept: { ...kept, planVersion: 9 } })], active).facts;
    expect(unknown).toMatchObject({ planId: "pro", pending: null });
  });

  it("is told when it is planned and when it is withdrawn", () => {
    expect(transitionsOf(active, { ...active, pending: waiting.pending }).map((one) => one.action)).toEqual([
      "subscription.plan_change_scheduled",
    ]);
    expect(transitionsOf({ ...active, pending: waiting.pending }, active).map((one) => one.action)).toEqual([
      "subscription.plan_change_ended",
    ]);
  });
});

describe("transitionsOf", () => {
  it("tells what changed, once", () => {
    expect(transitionsOf(noSubscription, active).map((one) => one.action)).toEqual([
      "subscription.started",
      "subscription.state_changed",
    ]);
    const leaving = reduce([subscription({ cancelAtPeriodEnd: true })], active).facts;
    expect(transitionsOf(active, leaving).map((one) => one.action)).toEqual([
      "subscription.cancel_scheduled",
    ]);
    expect(transitionsOf(leaving, active).map((one) => one.action)).toEqual([
      "subscription.cancel_withdrawn",
    ]);
    const gone = reduce([subscription({ status: "canceled", endedAt: now })], active).facts;
    expect(transitionsOf(active, gone).map((one) => one.action)).toEqual([
      "subscription.ended",
      "subscription.state_changed",
    ]);
  });
});

describe("a plan that a schedule brings", () => {
  const base = { planId: "free", planVersion: 1 };
  const phase = (...priceIds: string[]) => ({ at: end, priceIds });
  const coming = (...phases: ReturnType<typeof phase>[]) =>
    reduce([subscription({ coming: phases })], active).facts;
  const planned = coming(phase("price_seat", "price_max"));

  it("waits until its phase begins, and nothing else changes", () => {
    const pending = { planId: "max", planVersion: 1, at: end, scheduled: true };
    expect(planned).toEqual({ ...active, pending });
    expect(planAt(planned, base, end - 1)).toEqual({ planId: "pro", planVersion: 1 });
    expect(planAt(planned, base, end)).toEqual({ planId: "max", planVersion: 1 });
  });

  it("is the first phase with another plan; other seats, and prices that nobody knows, are none", () => {
    expect(coming(phase("price_pro", "price_seat")).pending).toBeNull();
    expect(coming(phase("price_strange"), phase("price_old")).pending).toBeNull();
    const later = { at: end + day, priceIds: ["price_max"] };
    expect(coming(phase("price_pro"), later).pending).toMatchObject({ planId: "max", at: end + day });
  });

  it("is gone with its schedule, and stands behind a plan that was kept", () => {
    expect(reduce([subscription()], planned).facts).toEqual(active);
    const kept = { planId: "max", planVersion: 1, until: end, seats: 7 };
    const both = reduce([subscription({ kept, coming: [phase("price_max")] })], planned).facts;
    expect(both).toMatchObject({
      planId: "max",
      pending: { planId: "pro", planVersion: 1, at: end, scheduled: false },
      seatsPurchased: 7,
    });
  });

  it("leaves the items to the plan that holds, as one that was kept does not", () => {
    expect(waitingInItems(planned)).toBeNull();
    const kept = { planId: "max", planVersion: 1, until: end, seats: null };
    const { facts } = reduce([subscription({ kept })], active);
    expect(waitingInItems(facts)).toEqual(facts.pending);
  });
});

describe("a pause", () => {
  it("keeps Stripe's word for why, tells it, and forgets it when the subscription runs again", () => {
    const pausedFor = "trial_end_without_payment_method";
    const paused = reduce([subscription({ status: "paused", pausedFor })], active).facts;
    expect(paused).toMatchObject({ state: "suspended", pausedFor, overageAllowed: false, limitsUntil: now });
    expect(transitionsOf(active, paused)).toEqual([
      {
        action: "subscription.state_changed",
        data: { from: "active", to: "suspended", reason: pausedFor },
      },
    ]);
    expect(reduce([subscription()], paused).facts).toEqual(active);
  });
});

describe("what Stripe may still charge for", () => {
  const standing = (more: Partial<SubscriptionFacts>) => isLiveAtStripe({ ...noSubscription, ...more });
  it.each([
    ["nothing", {}, false],
    ["what has ended", { subscriptionId: "sub_1", status: "canceled" }, false],
    ["what runs", { subscriptionId: "sub_1", status: "unpaid" }, true],
    ["what could not be read, known before or not", { attention: "unknown_price" as const }, true],
  ])("%s", (_, facts, expected) => {
    expect(standing(facts)).toBe(expected);
  });
});
