import { describe, expect, it } from "vitest";
import type { PlanDefinition, PlanSeats } from "./configuration.ts";
import { decidePlanChange, itemsOf, type PlanChangeFacts, seatSteps, seatsToBuy } from "./plan-changes.ts";
import { noSubscription, type SubscriptionFacts } from "./subscriptions.ts";

const seats: PlanSeats = { kind: "licensed", included: 2, prices: [], proration: "none" };
const price = { interval: "month", currency: "usd", unitAmount: "1000" } as const;
const plan = (id: string, more: Partial<PlanDefinition> = {}): PlanChangeFacts["plan"] => ({
  id,
  active: true,
  public: true,
  definition: {
    prices: [price],
    downgrade: "period_end",
    proration: "now",
    seats,
    ...more,
  } as PlanDefinition,
});
const running: SubscriptionFacts = {
  ...noSubscription,
  source: "stripe",
  state: "active",
  planId: "pro",
  planVersion: 1,
  anchor: 1,
  periodStart: 1,
  periodEnd: 100,
  interval: "month",
  currency: "usd",
};
const decide = (changes: Partial<PlanChangeFacts>) =>
  decidePlanChange({
    facts: running,
    base: { planId: "free" },
    plan: plan("max"),
    interval: undefined,
    prices: { current: "1000", asked: "2000" },
    now: 50,
    ...changes,
  });
const cheaper = { prices: { current: "1000", asked: "999.999" } };
const free = plan("free", { prices: [] });
const pending = { planId: "mini", planVersion: 1, at: 100, scheduled: false };
const scheduled = { ...pending, scheduled: true };

describe("decidePlanChange", () => {
  it.each<[string, Partial<PlanChangeFacts>, string]>([
    ["dearer", {}, "now"],
    ["as dear", { prices: { current: "1000", asked: "1000.0" } }, "now"],
    ["cheaper", cheaper, "period_end"],
    ["cheaper by its policy", { ...cheaper, plan: plan("max", { downgrade: "now" }) }, "now"],
    ["cheaper by another interval", { ...cheaper, interval: "year" }, "now"],
    ["cheaper in a trial", { ...cheaper, facts: { ...running, state: "trialing" } }, "now"],
    ["the same", { plan: plan("pro") }, "unchanged"],
    ["the same, retired since", { plan: { ...plan("pro"), active: false } }, "unchanged"],
    ["the same by another interval", { plan: plan("pro"), interval: "year" }, "now"],
    ["the same while another waits", { plan: plan("pro"), facts: { ...running, pending } }, "withdraw"],
    ["the same while it ends", { plan: plan("pro"), facts: { ...running, cancelAt: 100 } }, "withdraw"],
    ["the one that waits", { plan: plan("mini"), facts: { ...running, pending }, ...cheaper }, "unchanged"],
    [
      "the one that a schedule brings",
      { plan: plan("mini"), facts: { ...running, pending: scheduled } },
      "unchanged",
    ],
    ["a free one in place of it", { plan: free, facts: { ...running, pending: scheduled } }, "cancel"],
    ["a free one", { plan: free }, "cancel"],
    ["a free one while that waits", { plan: free, facts: { ...running, cancelAt: 100 } }, "unchanged"],
    ["a free one when past due", { plan: free, facts: { ...running, state: "past_due" } }, "cancel"],
    ["a free one from a free one", { plan: plan("other", { prices: [] }), facts: noSubscription }, "base"],
    ["a paid one from a free one", { facts: noSubscription }, "checkout"],
    ["the free one again", { plan: free, facts: noSubscription }, "unchanged"],
  ])("%s", (_name, changes, kind) => {
    expect(decide(changes)).toBe(kind);
  });

  it.each<[string, Partial<SubscriptionFacts>]>([
    ["past due", { state: "past_due" }],
    ["restricted", { state: "restricted" }],
    ["suspended", { state: "suspended" }],
    ["over", { limitsUntil: 50 }],
    ["not understood", { attention: "unknown_price" }],
    ["assigned", { source: "operator" }],
    ["scheduled by somebody else", { pending: scheduled }],
  ])("refuses what is %s", (_name, more) => {
    expect(() => decide({ facts: { ...running, ...more } })).toThrow(
      expect.objectContaining({ code: "active_subscription" }),
    );
  });
});

describe("seats", () => {
  const sold: PlanSeats = { kind: "licensed", included: 2, prices: [price], proration: "none" };
  it("are those wished for, those bought, those needed, or none", () => {
    expect(seatsToBuy(sold, { wished: 3, bought: 1, members: 9 })).toBe(3);
    expect(seatsToBuy(sold, { wished: undefined, bought: 1, members: 9 })).toBe(1);
    expect(seatsToBuy(sold, { wished: undefined, bought: null, members: 9 })).toBe(7);
    expect(seatsToBuy(seats, { wished: undefined, bought: 1, members: 9 })).toBe(0);
    expect(
      seatsToBuy({ ...sold, kind: "auto", maxSeats: null }, { wished: undefined, bought: 1, members: 4 }),
    ).toBe(2);
    expect(() => seatsToBuy(seats, { wished: 1, bought: 0, members: 1 })).toThrow("not valid");
  });

  it("are one item, where there are any and they are sold", () => {
    const ids = { planItemId: "si_p", seatItemId: "si_s" };
    expect(itemsOf(ids, { plan: "p", seat: "s" }, 2)[1]).toEqual({ id: "si_s", priceId: "s", quantity: 2 });
    expect(itemsOf(ids, { plan: "p", seat: null }, 2)[1]).toMatchObject({ id: "si_s", remove: true });
    expect(itemsOf({ ...ids, seatItemId: null }, { plan: "p", seat: "s" }, 1)[1]?.id).toBeNull();
    expect(itemsOf({ ...ids, seatItemId: null }, { plan: "p", seat: "s" }, 0)).toHaveLength(1);
  });

  it("settle by the mark of the period", () => {
    expect(seatSteps(5, 5, "now", 9)).toEqual([]);
    expect(seatSteps(5, 2, "now", 9)).toEqual([{ seats: 2, proration: "now" }]);
    expect(seatSteps(5, 2, "high_water", 5)).toEqual([{ seats: 2, proration: "none" }]);
    expect(seatSteps(2, 5, "high_water", 5)).toEqual([{ seats: 5, proration: "none" }]);
    expect(seatSteps(2, 7, "high_water", 5)).toEqual([
      { seats: 5, proration: "none" },
      { seats: 7, proration: "next_invoice" },
    ]);
    expect(seatSteps(5, 7, "high_water", 0)).toEqual([{ seats: 7, proration: "next_invoice" }]);
  });
});
