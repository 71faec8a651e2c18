import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Catalogue } from "./catalogue.ts";
import type { SeatProration } from "./configuration.ts";
import { billedSeats, decideSeatPush, type HighWater, type SeatFacts } from "./seat-sync.ts";
import type { ItemSnapshot, SubscriptionSnapshot } from "./subscriptions.ts";

const catalogue: Catalogue = {
  plans: [{ id: "team", version: 1, graceDays: 7 }],
  prices: [],
  overageWhilePastDue: false,
};

const item = (
  id: string,
  role: string,
  quantity: number,
  more: Partial<ItemSnapshot> = {},
): ItemSnapshot => ({
  id,
  priceId: `price_${role}`,
  lookupKey: null,
  metadata: { headroom_role: role, headroom_plan: "team", headroom_plan_version: "1" },
  quantity,
  interval: "month",
  periodStart: 0,
  periodEnd: 100,
  ...more,
});

const subscription = (items: ItemSnapshot[], status = "active"): SubscriptionSnapshot => ({
  id: "sub_1",
  status,
  created: 0,
  claimed: true,
  currency: "usd",
  anchor: 0,
  trialEnd: null,
  cancelAt: null,
  cancelAtPeriodEnd: false,
  endedAt: null,
  kept: null,
  coming: [],
  pausedFor: null,
  latestInvoice: null,
  openInvoices: [],
  items: [item("si_plan", "plan", 1), ...items],
});

const facts = (items: ItemSnapshot[], seated: number, more: Partial<SeatFacts> = {}): SeatFacts => ({
  subscription: subscription(items),
  catalogue,
  seats: { kind: "auto", included: 2, maxSeats: null, prices: [], proration: "next_invoice" },
  seatPriceId: "price_seat",
  seated,
  pending: false,
  highWater: null,
  edits: 0,
  declined: false,
  ...more,
});

const prorated = (proration: SeatProration) => ({
  seats: { kind: "auto" as const, included: 2, maxSeats: null, prices: [], proration },
});

const statuses = [
  "active",
  "trialing",
  "past_due",
  "canceled",
  "incomplete",
  "incomplete_expired",
  "paused",
  "unpaid",
];

/** Calls until it rests; answers what Stripe has then and what it was asked for. */
function run(start: SeatFacts) {
  const calls: { from: number; to: number; proration: string }[] = [];
  let { highWater } = start;
  let items = start.subscription.items.filter(({ id }) => id !== "si_plan");
  for (;;) {
    const decision = decideSeatPush({
      ...start,
      highWater,
      subscription: subscription([...items], start.subscription.status),
    });
    if (decision.kind !== "push") {
      return {
        decision,
        calls,
        items,
        highWater: decision.kind === "settled" ? decision.highWater : highWater,
      };
    }
    const { push } = decision;
    highWater = decision.highWater;
    for (const change of push.items) {
      const known = items.find(({ id }) => id === change.id);
      calls.push({ from: known?.quantity ?? 0, to: change.quantity, proration: push.proration });
      items = known
        ? items.map((one) => (one === known ? { ...one, quantity: change.quantity } : one))
        : [...items, item("si_new", "seat", change.quantity)];
    }
    expect(calls.length).toBeLessThanOrEqual(6);
  }
}

const start = fc.record({
  seated: fc.nat(60),
  included: fc.nat(10),
  quantities: fc.array(fc.nat(40), { maxLength: 3 }),
  proration: fc.constantFrom<SeatProration>("next_invoice", "now", "none", "high_water"),
  mark: fc.option(fc.nat(60), { nil: null }),
  status: fc.constantFrom("active", "trialing", "past_due"),
  declined: fc.boolean(),
  pending: fc.boolean(),
});

test("it comes to rest, with members beyond the included at Stripe and nothing else", () => {
  fc.assert(
    fc.property(start, ({ seated, included, quantities, proration, mark, status, declined, pending }) => {
      const items = quantities.map((quantity, index) => item(`si_${index}`, "seat", quantity));
      const end = run({
        ...facts([], seated, { declined, pending }),
        seats: { kind: "auto", included, maxSeats: null, prices: [], proration },
        subscription: subscription(items, status),
        highWater: mark === null ? null : { priceId: "price_seat", periodStart: 0, quantity: mark },
      });
      expect(end.decision).toMatchObject({ kind: "settled", quantity: billedSeats(seated, included) });
      expect(end.items.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(billedSeats(seated, included));
      const allowed = status === "past_due" || pending ? ["none"] : ["next_invoice", "now", "none"];
      expect(end.calls.every((call) => allowed.includes(call.proration))).toBe(true);
      if (declined) {
        expect(end.calls.map((call) => call.proration)).not.toContain("now");
      }
    }),
  );
});

test("what is right is not written", () => {
  fc.assert(
    fc.property(fc.nat(40), (seats) => {
      expect(decideSeatPush(facts([item("si_1", "seat", seats)], seats + 2)).kind).toBe("settled");
    }),
  );
});

test("high water: whatever the members do in a period, it is billed for the most there were, each once", () => {
  fc.assert(
    fc.property(fc.nat(20), fc.array(fc.nat(40), { minLength: 1, maxLength: 30 }), (first, counts) => {
      let items = [item("si_1", "seat", first)];
      let highWater: HighWater | null = null;
      let billed = first;
      for (const count of counts) {
        const end = run({
          ...facts(items, count + 2, prorated("high_water")),
          subscription: subscription(items),
          highWater,
        });
        for (const { from, to, proration } of end.calls) {
          billed += proration === "none" ? 0 : to - from;
          expect(proration === "none" || to > from).toBe(true);
        }
        items = [...end.items] as ItemSnapshot[];
        highWater = end.highWater;
      }
      expect(billed).toBe(Math.max(first, ...counts));
      expect(items[0]?.quantity).toBe(counts.at(-1));
    }),
  );
});

test("a new period starts from what it was renewed with", () => {
  const highWater = { priceId: "price_seat", periodStart: 0, quantity: 30 };
  const items = [item("si_1", "seat", 4, { periodStart: 100, periodEnd: 200 })];
  expect(decideSeatPush(facts(items, 10, { ...prorated("high_water"), highWater }))).toMatchObject({
    kind: "push",
    push: { quantity: 8, proration: "next_invoice" },
    highWater: { periodStart: 100, quantity: 4 },
  });
});

describe("Stripe is told nothing", () => {
  test.each(statuses.slice(3))("while %s", (status) => {
    expect(decideSeatPush({ ...facts([], 9), subscription: subscription([], status) })).toEqual({
      kind: "kept",
    });
  });

  test("of a licensed plan, of a plan that is not ours, of seats that are not sold", () => {
    const licensed = { kind: "licensed" as const, included: 2, prices: [], proration: "none" as const };
    expect(decideSeatPush(facts([], 9, { seats: licensed }))).toEqual({ kind: "kept" });
    expect(decideSeatPush(facts([], 9, { seats: null }))).toEqual({ kind: "kept" });
    expect(decideSeatPush(facts([], 9, { seatPriceId: null }))).toEqual({ kind: "kept" });
    expect(decideSeatPush(facts([], 2, { seatPriceId: null }))).toMatchObject({
      kind: "settled",
      quantity: 0,
    });
  });
});

test("the item at the plan's own price is the one; others lose their seats in the same call", () => {
  const old = item("si_1", "seat", 3, { priceId: "price_old" });
  expect(decideSeatPush(facts([old, item("si_2", "seat", 1)], 7))).toMatchObject({
    push: {
      items: [
        { id: "si_2", quantity: 5 },
        { id: "si_1", quantity: 0 },
      ],
    },
  });
});

test("a subscription without seats gets an item", () => {
  expect(decideSeatPush(facts([], 5))).toMatchObject({
    push: {
      items: [{ id: null, priceId: "price_seat", quantity: 3 }],
      proration: "next_invoice",
      quantity: 3,
    },
  });
});

test("somebody else's quantity is corrected once, then it stands", () => {
  const items = [item("si_1", "seat", 1)];
  expect(decideSeatPush(facts(items, 5, { edits: 1 })).kind).toBe("push");
  expect(decideSeatPush(facts(items, 5, { edits: 2 }))).toEqual({ kind: "differs" });
  expect(decideSeatPush(facts(items, 3, { edits: 2 })).kind).toBe("settled");
});
