import { afterEach, beforeEach, expect, test } from "vitest";
import { heldInvoices, holdLateInvoices, releaseInvoices } from "./invoice-holds.ts";
import { StripeFault } from "./stripe/faults.ts";
import { createOverageBench, type OverageBench, type Subscriber } from "./testing/overage-bench.ts";

let bench: OverageBench;
beforeEach(async () => {
  // Nobody is asked before Stripe's clock goes on: what is late is late.
  bench = await createOverageBench({ settling: false });
});
afterEach(() => bench?.close());

const patience = () => bench.rows("update headroom.invoice_hold set look_at = now()");
const hour = 3_600;

/** The renewal's draft was just made, and its event applied; no worker runs. */
async function renewed(): Promise<{
  acme: Subscriber;
  events: string[];
  draft: () => ReturnType<typeof draftOf>;
}> {
  const acme = await bench.subscriber();
  const events = [await acme.take(101), await acme.take(19)];
  await bench.advance("P1M");
  await bench.deliver();
  return { acme, events, draft: () => draftOf(acme) };
}

async function draftOf({ customerId }: Subscriber) {
  const { data } = await bench.stripe.invoices.list({ customer: customerId, limit: 100 });
  const [draft] = data.filter(({ billing_reason: reason }) => reason === "subscription_cycle");
  if (!draft) {
    throw new Error("no renewal");
  }
  return draft;
}

test("the worker is down for 3 hours across a renewal: the invoice still carries the exact overage", async () => {
  const { acme, draft } = await renewed();
  await patience();
  expect(await holdLateInvoices(bench.webhook)).toEqual({ held: 1 });
  const held = await draft();
  expect(held.automatically_finalizes_at).toBe(held.created + 24 * hour);
  expect(await heldInvoices(bench.worker)).toEqual({ held: 1, oldest: expect.any(Date) });
  await bench.advance("PT3H");
  expect(await draft()).toMatchObject({ status: "draft", total: 2_900 });

  // The worker is back.
  await bench.work();
  await patience();
  expect(await releaseInvoices(bench.worker)).toEqual({ released: 1 });
  expect(await acme.billed()).toMatchObject([
    { reason: "subscription_cycle", status: "draft", quantity: 20, amount: 50 },
  ]);
  const soon = await draft();
  expect(Number(soon.automatically_finalizes_at) - soon.created).toBeGreaterThan(3 * hour + 900);
  expect(Number(soon.automatically_finalizes_at) - soon.created).toBeLessThan(3 * hour + 1_500);
  await bench.advance("PT25M");
  expect(await draft()).toMatchObject({ status: "paid", total: 2_950 });
  expect(await heldInvoices(bench.worker)).toEqual({ held: 0, oldest: null });
}, 60_000);

test("a worker that is there in time moves nothing", async () => {
  const { draft } = await renewed();
  await bench.work();
  await patience();
  expect(await holdLateInvoices(bench.webhook)).toEqual({ held: 0 });
  const untouched = await draft();
  expect(untouched.automatically_finalizes_at).toBe(untouched.created + hour);
}, 60_000);

test("an organization without overage to come is not even noted", async () => {
  const acme = await bench.subscriber();
  await acme.take(1);
  await bench.deliver();
  await bench.rows("update headroom.plan_meter set overage = false");
  await bench.advance("P1M");
  await bench.deliver();
  expect(await bench.rows("select * from headroom.invoice_hold")).toEqual([]);
}, 60_000);

test("one that is ready again before Stripe's own hour is given that hour back", async () => {
  const { draft } = await renewed();
  await patience();
  await holdLateInvoices(bench.webhook);
  await bench.work();
  await patience();
  await releaseInvoices(bench.worker);
  const given = await draft();
  expect(given.automatically_finalizes_at).toBe(given.created + hour);
}, 60_000);

test("a process that dies before Stripe was told leaves the rest to the next one", async () => {
  const { draft } = await renewed();
  const { stripe } = bench.webhook;
  if (stripe === null) {
    throw new Error("no Stripe");
  }
  const dying = {
    ...stripe,
    moveFinalization: async () => {
      throw new StripeFault("unavailable", "killed");
    },
  };
  await patience();
  expect(await holdLateInvoices({ ...bench.webhook, stripe: dying })).toEqual({ held: 0 });
  await patience();
  expect(await releaseInvoices(bench.worker)).toEqual({ released: 0 });
  const held = await draft();
  expect(held.automatically_finalizes_at).toBe(held.created + 24 * hour);
}, 60_000);

test("one that is moved out late, after another process gave it back, is given back again", async () => {
  const { draft } = await renewed();
  const { stripe } = bench.webhook;
  if (stripe === null) {
    throw new Error("no Stripe");
  }
  const slow = {
    ...stripe,
    moveFinalization: async (id: string, at: number) => {
      await bench.work();
      await patience();
      expect(await releaseInvoices(bench.worker)).toEqual({ released: 1 });
      await stripe.moveFinalization(id, at);
    },
  };
  await patience();
  await holdLateInvoices({ ...bench.webhook, stripe: slow });
  expect((await draft()).automatically_finalizes_at).toBe((await draft()).created + 24 * hour);
  await patience();
  expect(await releaseInvoices(bench.worker)).toEqual({ released: 1 });
  expect((await draft()).automatically_finalizes_at).toBe((await draft()).created + hour);
}, 60_000);

test("after a day Stripe finalizes it all the same, and the overage follows on an invoice of our own", async () => {
  const { acme, draft } = await renewed();
  await patience();
  await holdLateInvoices(bench.webhook);
  await bench.advance("P1DT2H");
  expect(await draft()).toMatchObject({ status: "paid", total: 2_900 });
  await bench.work();
  expect(await acme.billed()).toMatchObject([{ reason: "manual", quantity: 20, amount: 50 }]);
}, 60_000);

test("six processes that look at once move it once", async () => {
  const { draft } = await renewed();
  await patience();
  const looks = await Promise.all(Array.from({ length: 6 }, () => holdLateInvoices(bench.webhook)));
  expect(looks.reduce((sum, { held }) => sum + held, 0)).toBe(1);
  expect((await draft()).status).toBe("draft");
}, 60_000);
