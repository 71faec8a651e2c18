import type { Configuration, PlanDefinition } from "@headroom/domain/configuration";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { changePlan } from "./plan-changes.ts";
import { syncSeats } from "./seat-sync.ts";
import { deliver, subscribe, withLadder } from "./testing/plan-ladder.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench({ configure: withAutoPlans, events: true });
});
afterAll(() => bench?.close());

/** `small` has 1 seat included, `big` 3; both follow the members. */
function withAutoPlans(shipped: Configuration): Configuration {
  const ladder = withLadder(shipped);
  const { grow } = ladder.plans as { grow: PlanDefinition };
  const plan = (displayName: string, included: number, month: string, seat: string): PlanDefinition => {
    const priced = (amount: string) => [
      { interval: "month" as const, currency: "usd", unitAmount: amount },
      { interval: "year" as const, currency: "usd", unitAmount: `${amount}0` },
    ];
    const seats = { ...grow.seats, included, prices: priced(seat) } as PlanDefinition["seats"];
    return { ...grow, displayName, prices: priced(month), seats };
  };
  const more = { small: plan("Small", 1, "3000", "1000"), big: plan("Big", 3, "9000", "2000") };
  return { ...ladder, plans: { ...ladder.plans, ...more } };
}

type Subscribed = Awaited<ReturnType<typeof subscribe>>;

const push = () => syncSeats(bench.worker, { quietMs: 0, longestMs: 0 });
const join = ({ id }: Subscribed, count = 1) =>
  Promise.all(Array.from({ length: count }, () => bench.make.member(id)));
const seatsAtStripe = async (one: Subscribed) =>
  (await one.subscription()).items.data.find(({ price }) => price.metadata.headroom_role === "seat")
    ?.quantity ?? 0;
const target = async ({ id }: Subscribed) =>
  (
    await bench.rows(
      "select edits, version = pushed_version as told from headroom.seat_target where organization_id = $1",
      id,
    )
  )[0];

/** The owner and three members on a plan. */
async function four(planId: string): Promise<Subscribed> {
  const one = await subscribe(bench, { planId });
  await join(one, 3);
  await push();
  return one;
}

test("a dearer plan: its own seats at once, and whoever joins afterwards", async () => {
  const one = await four("small");
  expect(await seatsAtStripe(one)).toBe(3);
  expect(await changePlan(bench.api, one.access, { planId: "big" })).toMatchObject({ changed: true });
  expect(await seatsAtStripe(one)).toBe(1);
  await push();
  expect(await seatsAtStripe(one)).toBe(1);
  await join(one);
  await push();
  expect(await seatsAtStripe(one)).toBe(2);
  expect(await getBilling(bench.api, one.access)).toMatchObject({ plan: { id: "big" }, seatsPurchased: 2 });
});

test("a cheaper plan with the period's end: nothing is charged until then, the renewal has its seats", async () => {
  const one = await four("big");
  expect(await seatsAtStripe(one)).toBe(1);
  expect(await changePlan(bench.api, one.access, { planId: "small" })).toMatchObject({
    planId: "big",
    pendingPlan: { planId: "small" },
  });
  await push();
  expect(await seatsAtStripe(one)).toBe(3);
  const pending = async () =>
    (await bench.stripe.invoiceItems.list({ customer: one.customerId, pending: true, limit: 100 })).data.map(
      ({ amount }) => amount,
    );
  const before = await pending();
  await join(one);
  await push();
  expect(await seatsAtStripe(one)).toBe(4);
  expect(await pending()).toEqual(before);
  expect(await getBilling(bench.api, one.access)).toMatchObject({ plan: { id: "big" }, seatsPurchased: 1 });
  await bench.advance("P1MT3H");
  await deliver(bench, one.id);
  await push();
  expect(await seatsAtStripe(one)).toBe(4);
  expect(await getBilling(bench.api, one.access)).toMatchObject({ plan: { id: "small" }, seatsPurchased: 4 });
  const [renewal] = await one.invoices();
  const rest = before.reduce((sum, amount) => sum + amount, 0);
  expect(renewal?.total).toBe(3_000 + 4 * 1_000 + rest);
  expect(await target(one)).toEqual({ edits: 0, told: true });
}, 60_000);

test("another interval while somebody has just joined: the right seats, and nobody is blamed for them", async () => {
  const one = await four("small");
  await join(one);
  expect(await changePlan(bench.api, one.access, { planId: "small", interval: "year" })).toMatchObject({
    changed: true,
  });
  expect(await seatsAtStripe(one)).toBe(4);
  await push();
  expect(await seatsAtStripe(one)).toBe(4);
  expect(await target(one)).toEqual({ edits: 0, told: true });
  await join(one);
  await push();
  expect(await seatsAtStripe(one)).toBe(5);
});
