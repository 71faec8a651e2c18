import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { changePlan } from "./plan-changes.ts";
import { restoreWaitingPlan } from "./plan-restoring.ts";
import { setSeats } from "./seat-purchases.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { subscribe, withLadder } from "./testing/plan-ladder.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
let real: StripeGateway;
beforeAll(async () => {
  bench = await createStripeBench({ configure: withLadder });
  real = bench.api.stripe as StripeGateway;
});
afterEach(() => {
  bench.api.stripe = real;
});
afterAll(() => bench?.close());

/** Paid for `pro`; another one takes over when the period ends. */
async function waiting(wish: { planId: string; seats?: number } = { planId: "mini" }) {
  const one = await subscribe(bench, { planId: "pro", seats: 2 });
  await changePlan(bench.api, one.access, wish);
  return one;
}
type Subscribed = Awaited<ReturnType<typeof waiting>>;

const upgrade = (one: Subscribed) => changePlan(bench.api, one.access, { planId: "team" });
const worked = ({ id }: Subscribed) => restoreWaitingPlan(bench.worker, { organizationId: id });
const jobs = async ({ id }: Subscribed) =>
  (await bench.rows("select 1 from graphile_worker.jobs where key = $1", `restore_plan:${id}`)).length;
async function stands(one: Subscribed) {
  await one.deliver();
  const { plan, pendingPlan, seatsPurchased } = await getBilling(bench.api, one.access);
  return {
    plan: plan.id,
    pending: pendingPlan?.planId ?? null,
    seats: seatsPurchased,
    items: await one.items(),
  };
}
const asBefore = {
  plan: "pro",
  pending: "mini",
  seats: 2,
  // The item of the seats that were paid for, with their credit.
  items: [
    ["headroom_mini_v1_plan_month_usd", 1],
    ["headroom_pro_v1_seat_month_usd", 0],
  ],
};

/** The process dies at its n-th change of the subscription, before the call or after it. */
function dieAt(call: number, when: "before" | "after"): void {
  let calls = 0;
  bench.api.stripe = {
    ...real,
    async updateSubscription(...asked) {
      calls += 1;
      if (calls > call || (calls === call && when === "before")) throw new Error("killed");
      await real.updateSubscription(...asked);
      if (calls === call) throw new Error("killed");
    },
  };
}

async function killedIn(one: Subscribed, call: number, when: "before" | "after"): Promise<void> {
  dieAt(call, when);
  await expect(upgrade(one)).rejects.toThrow("killed");
  bench.api.stripe = real;
}

test.each([
  ["before the first call", 1, "before"],
  ["after the first call", 1, "after"],
  ["before the second call", 2, "before"],
] as const)("killed %s: the cheaper plan waits again without anybody asking", async (_, call, when) => {
  const one = await waiting();
  await killedIn(one, call, when);
  expect(await jobs(one)).toBe(1);
  await worked(one);
  expect(await stands(one)).toEqual(asBefore);
  expect(await worked(one)).toEqual({ restored: false });
  await upgrade(one);
  expect(await stands(one)).toMatchObject({ plan: "team", pending: null });
});

test("what waited with other seats than were paid for waits with them again", async () => {
  const one = await waiting({ planId: "starter", seats: 1 });
  const before = await stands(one);
  expect(before).toMatchObject({ plan: "pro", pending: "starter", seats: 2 });
  await killedIn(one, 2, "before");
  await worked(one);
  expect(await stands(one)).toEqual(before);
});

test("killed after the second call: the change was made, and nothing comes back", async () => {
  const one = await waiting();
  await killedIn(one, 2, "after");
  expect(await worked(one)).toEqual({ restored: false });
  expect(await stands(one)).toMatchObject({ plan: "team", pending: null });
});

test("made at once, the job finds nothing to do, however late it runs", async () => {
  const one = await waiting();
  await upgrade(one);
  await changePlan(bench.api, one.access, { planId: "starter" });
  expect(await worked(one)).toEqual({ restored: false });
  expect(await stands(one)).toMatchObject({ plan: "team", pending: "starter" });
});

test("whoever asks for something else meanwhile gets that", async () => {
  const [stays, cheaper, seats] = [await waiting(), await waiting(), await waiting()];
  for (const one of [stays, cheaper, seats]) await killedIn(one, 2, "before");
  expect(await changePlan(bench.api, stays.access, { planId: "pro" })).toMatchObject({ changed: false });
  await changePlan(bench.api, cheaper.access, { planId: "starter" });
  await setSeats(bench.api, seats.access, { seats: 3 });
  for (const one of [stays, cheaper, seats]) await worked(one);
  expect(await stands(stays)).toMatchObject({ plan: "pro", pending: null, seats: 2 });
  expect(await stands(cheaper)).toMatchObject({ plan: "pro", pending: "starter" });
  expect(await stands(seats)).toMatchObject({ plan: "pro", pending: "mini", seats: 3 });
});

test("asked again and declined, the cheaper plan waits as before", async () => {
  const one = await waiting();
  await killedIn(one, 2, "before");
  await one.breakCard();
  await expect(upgrade(one)).rejects.toMatchObject({ code: "payment_failed" });
  expect(await stands(one)).toEqual(asBefore);
  expect(await worked(one)).toEqual({ restored: false });
});
