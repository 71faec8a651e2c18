import { takeLease } from "@headroom/db/customer-leases";
import { withSystem } from "@headroom/db/tenancy";
import { uuidv7 } from "@headroom/platform/uuid";
import {
  clearFaults,
  type FaultRequest,
  injectFault,
  requestsSince,
} from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { startCheckout } from "./checkout.ts";
import { changePlan } from "./plan-changes.ts";
import { openPortal } from "./portal.ts";
import { setSeats } from "./seat-purchases.ts";
import { cancelSubscription, resumeSubscription } from "./subscription-endings.ts";
import { subscribe, withLadder } from "./testing/plan-ladder.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";
import { tallyOf } from "./testing/world.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench({ configure: withLadder });
});
afterEach(() => clearFaults(bench.sandboxUrl));
afterAll(() => bench?.close());

type Subscribed = Awaited<ReturnType<typeof subscribe>>;

const last = async () => (await requestsSince(bench.sandboxUrl)).at(-1)?.seq ?? 0;
/** What changed something at Stripe since then, beside what the test itself did. */
const effectsSince = async (seq: number) =>
  (await requestsSince(bench.sandboxUrl, seq)).filter(
    ({ method, status, replayed, path }) =>
      method !== "GET" && status === 200 && !replayed && !path.includes("create_preview"),
  );
const intents = async (id: string) =>
  (
    await bench.rows(
      "select kind, status from headroom.stripe_intent where organization_id = $1 and kind <> 'checkout' order by id",
      id,
    )
  ).map((row) => `${row.kind} ${row.status}`);

/** The answers of Stripe's that a client may meet, and the tries that each spoils: the client makes three of a call. */
const faults: Record<string, FaultRequest> = {
  "500 before anything was done": { kind: "status", status: 500, times: 3 },
  "500 after it was done": { kind: "status_after_commit", status: 500, times: 3 },
  "a broken connection after it was done": { kind: "reset_after_commit", times: 3 },
  "429": { kind: "status", status: 429, times: 1 },
  "500 for a day": { kind: "status_kept", status: 500, times: 1 },
  "503 once": { kind: "status", status: 503, times: 1 },
};

const update = { method: "POST", path: "/v1/subscriptions/*" } as const;

describe.each(Object.entries(faults))("%s", (_name, fault) => {
  const wishes: Record<string, { act(one: Subscribed): Promise<unknown>; holds: object }> = {
    changePlan: {
      act: ({ access }) => changePlan(bench.api, access, { planId: "team" }),
      holds: { plan: { id: "team" }, pendingPlan: null },
    },
    downgrade: {
      act: ({ access }) => changePlan(bench.api, access, { planId: "starter" }),
      holds: { plan: { id: "pro" }, pendingPlan: { planId: "starter" } },
    },
    setSeats: {
      act: ({ access }) => setSeats(bench.api, access, { seats: 6 }),
      holds: { seatsPurchased: 6 },
    },
    cancel: {
      act: ({ access }) => cancelSubscription(bench.api, access, { when: "period_end" }),
      holds: { cancelAt: expect.any(String) },
    },
  };

  test.each(Object.entries(wishes))(
    "%s is done once, after 503 by asking again",
    async (_wish, { act, holds }) => {
      const one = await subscribe(bench, { planId: "pro", seats: 1 });
      const seq = await last();
      await injectFault(bench.sandboxUrl, { ...update, ...fault });
      const [first] = await Promise.allSettled([act(one)]);
      if (first?.status === "rejected") {
        expect(first.reason).toMatchObject({ code: "unavailable" });
        // An error that was answered is told again under its key: the next try has another.
        const answered = "status" in fault && fault.status === 500;
        expect((await intents(one.id)).at(-1)).toMatch(answered ? /failed$/ : /pending$/);
      }
      await clearFaults(bench.sandboxUrl);
      await act(one);
      await act(one);
      expect(await effectsSince(seq)).toHaveLength(1);
      expect(await getBilling(bench.api, one.access)).toMatchObject(holds);
      expect((await intents(one.id)).every((intent) => !intent.endsWith("pending"))).toBe(true);
    },
  );
});

test("the same wish goes out under one key, for as long as it has no answer", async () => {
  const one = await subscribe(bench, { planId: "pro" });
  const seq = await last();
  await injectFault(bench.sandboxUrl, { ...update, kind: "status", status: 429, times: 2 });
  const wish = () => setSeats(bench.api, one.access, { seats: 2 });
  await expect(wish()).rejects.toMatchObject({ code: "unavailable" });
  await expect(wish()).rejects.toMatchObject({ code: "unavailable" });
  await wish();
  const keys = (await requestsSince(bench.sandboxUrl, seq))
    .filter(({ method }) => method === "POST")
    .map(({ idempotencyKey }) => idempotencyKey);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
  expect(await intents(one.id)).toEqual(["set_seats done"]);
}, 60_000);

test("another wish takes the place of one without an answer", async () => {
  const one = await subscribe(bench, { planId: "pro" });
  await injectFault(bench.sandboxUrl, { ...update, kind: "status", status: 429, times: 1 });
  await expect(setSeats(bench.api, one.access, { seats: 2 })).rejects.toMatchObject({ code: "unavailable" });
  await setSeats(bench.api, one.access, { seats: 3 });
  expect(await intents(one.id)).toEqual(["set_seats superseded", "set_seats done"]);
  expect((await getBilling(bench.api, one.access)).seatsPurchased).toBe(3);
});

test("done, but not read back: the answer is right, and the webhook brings the rest", async () => {
  const one = await subscribe(bench, { planId: "pro" });
  // The state is fetched twice, before and after; the first of the reads passes.
  await injectFault(bench.sandboxUrl, {
    method: "GET",
    path: "/v1/customers",
    kind: "delay",
    ms: 0,
    times: 1,
  });
  await injectFault(bench.sandboxUrl, { method: "GET", path: "/v1/customers", kind: "status", status: 500 });
  expect(await changePlan(bench.api, one.access, { planId: "team" })).toMatchObject({
    planId: "team",
    changed: true,
  });
  expect(await getBilling(bench.api, one.access)).toMatchObject({ plan: { id: "pro" } });
  await clearFaults(bench.sandboxUrl);
  await one.deliver();
  expect(await getBilling(bench.api, one.access)).toMatchObject({ plan: { id: "team" } });
}, 30_000);

test("Stripe is silent: 503 within ten seconds, and nothing is sent afterwards", async () => {
  const one = await subscribe(bench, { planId: "pro" });
  await injectFault(bench.sandboxUrl, { ...update, kind: "hang_after_commit" });
  const began = performance.now();
  await expect(setSeats(bench.api, one.access, { seats: 2 })).rejects.toMatchObject({ code: "unavailable" });
  expect(performance.now() - began).toBeLessThan(10_800);
  const seq = await last();
  await clearFaults(bench.sandboxUrl);
  expect(await requestsSince(bench.sandboxUrl, seq)).toEqual([]);
  expect(await setSeats(bench.api, one.access, { seats: 2 })).toMatchObject({ seatsPurchased: 2 });
  expect((await one.items())[1]?.[1]).toBe(2);
}, 40_000);

test("somebody else works on the customer: 503 after five seconds", async () => {
  const one = await subscribe(bench, { planId: "pro" });
  await withSystem(bench.worker.db, (tx) => takeLease(tx, one.customerId, uuidv7()));
  await bench.rows("update headroom.stripe_customer_sync set lease_until = now() + interval '30 s'");
  const began = performance.now();
  await expect(setSeats(bench.api, one.access, { seats: 2 })).rejects.toMatchObject({ code: "unavailable" });
  expect(performance.now() - began).toBeGreaterThan(4_500);
  expect(performance.now() - began).toBeLessThan(7_000);
}, 30_000);

test("two people at once: one after the other, the last one holds, and every answer is true", async () => {
  const one = await subscribe(bench, { planId: "pro", seats: 1 });
  const seq = await last();
  const tally = await tallyOf([2, 3, 4, 2, 3, 4].map((seats) => setSeats(bench.api, one.access, { seats })));
  expect((tally.ok ?? 0) + (tally.unavailable ?? 0)).toBe(6);
  expect(tally.ok ?? 0).toBeGreaterThanOrEqual(3);
  const { seatsPurchased } = await getBilling(bench.api, one.access);
  expect((await one.items())[1]?.[1]).toBe(seatsPurchased);
  expect((await effectsSince(seq)).length).toBeLessThanOrEqual(tally.ok ?? 0);
  await Promise.all([
    cancelSubscription(bench.api, one.access, { when: "period_end" }),
    resumeSubscription(bench.api, one.access),
    changePlan(bench.api, one.access, { planId: "team" }),
  ]);
  const view = await getBilling(bench.api, one.access);
  await one.deliver();
  expect(await getBilling(bench.api, one.access)).toEqual(view);
  expect(view.plan.id).toBe("team");
}, 60_000);

test("a portal whose answer was lost is asked for under the same key", async () => {
  const one = await subscribe(bench, { planId: "pro" });
  const path = "/v1/billing_portal/sessions";
  await injectFault(bench.sandboxUrl, { path, kind: "status_after_commit", status: 429, times: 1 });
  const seq = await last();
  await expect(openPortal(bench.api, one.access, {})).rejects.toMatchObject({ code: "unavailable" });
  await openPortal(bench.api, one.access, {});
  expect(await effectsSince(seq)).toHaveLength(1);
  expect(await intents(one.id)).toEqual(["portal done"]);
});

test("a portal that Stripe fails to open for a day is opened under another key", async () => {
  const one = await subscribe(bench, { planId: "pro" });
  const path = "/v1/billing_portal/sessions";
  await injectFault(bench.sandboxUrl, { path, kind: "status_kept", status: 500, times: 1 });
  await expect(openPortal(bench.api, one.access, {})).rejects.toMatchObject({ code: "unavailable" });
  await openPortal(bench.api, one.access, {});
  expect(await intents(one.id)).toEqual(["portal failed", "portal done"]);
});

test("a first checkout that Stripe fails to open for a day, customer and session, is opened after all", async () => {
  const { access } = await bench.organization();
  const manage = await access("billing.manage");
  const fault = { method: "POST", kind: "status_kept", status: 500, times: 1 } as const;
  await injectFault(bench.sandboxUrl, { ...fault, path: "/v1/customers$" });
  await injectFault(bench.sandboxUrl, { ...fault, path: "/v1/checkout/sessions$" });
  const open = () => startCheckout(bench.api, manage, { planId: "pro" });
  await expect(open()).rejects.toMatchObject({ code: "unavailable" });
  const { checkoutUrl } = await open();
  expect(await open()).toEqual({ checkoutUrl });
});

test("seats that were given back and paid for already cost nothing again, though the answer was lost", async () => {
  const one = await subscribe(bench, { planId: "mark", seats: 8 });
  await injectFault(bench.sandboxUrl, { ...update, kind: "status_after_commit", status: 429, times: 1 });
  const fewer = () => setSeats(bench.api, one.access, { seats: 5 });
  await expect(fewer()).rejects.toMatchObject({ code: "unavailable" });
  await fewer();
  await setSeats(bench.api, one.access, { seats: 8 });
  const { data } = await bench.stripe.invoiceItems.list({ customer: one.customerId, limit: 10 });
  expect(data.map(({ amount }) => amount)).toEqual([]);
});
