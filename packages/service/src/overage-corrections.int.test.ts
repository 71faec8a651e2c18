import { isSettled } from "@headroom/db/settled";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closeDuePeriods, reportOverage } from "./overage-reporting.ts";
import { createOverageBench, type OverageBench, type Subscriber, sumOf } from "./testing/overage-bench.ts";

let bench: OverageBench;
beforeEach(async () => {
  bench = await createOverageBench();
});
afterEach(() => bench?.close());

const settled = () => isSettled(bench.worker.db, { finalizing: true });

/** 120 jobs in four events, of 100 included, at 2.5 each; the renewal's draft has the 20. */
async function overOnDraft(): Promise<{ acme: Subscriber; events: string[] }> {
  const acme = await bench.subscriber();
  const events = [await acme.take(101), await acme.take(7), await acme.take(1), await acme.take(11)];
  await bench.advance("P1M");
  await bench.work();
  expect(await acme.billed()).toMatchObject([
    { reason: "subscription_cycle", status: "draft", quantity: 20, amount: 50 },
  ]);
  return { acme, events };
}

test("while the invoice is a draft its line is changed", async () => {
  const { acme, events } = await overOnDraft();
  await acme.takeBack(events[2] ?? "");
  await bench.work();
  expect(await acme.billed()).toMatchObject([{ status: "draft", quantity: 19, amount: 48 }]);
  expect(await acme.ledger()).toMatchObject([{ kind: "charge", quantity: 19, amount: 48, status: "sent" }]);
  await bench.advance("PT3H");
  expect(await acme.billed()).toMatchObject([{ status: "paid", quantity: 19, amount: 48 }]);
}, 60_000);

test("and deleted where nothing is over any more", async () => {
  const { acme, events } = await overOnDraft();
  await acme.takeBack(events[0] ?? "");
  await bench.work();
  expect(await acme.billed()).toEqual([]);
  expect(await acme.ledger()).toMatchObject([{ quantity: 0, amount: 0, status: "withdrawn" }]);
  await bench.advance("PT3H");
  const { data } = await bench.stripe.invoices.list({ customer: acme.customerId, limit: 100 });
  expect(data.map(({ total }) => total)).toEqual([2_900, 2_900]);
}, 60_000);

test("afterwards what is given back goes onto the next renewal, exactly, however often", async () => {
  const { acme, events } = await overOnDraft();
  await bench.advance("PT3H");
  await acme.takeBack(events[2] ?? "");
  await bench.work();
  // The next renewal is a month away: the ledger has it, and waits. No clock waits for that.
  expect(await settled()).toBe(true);
  expect(await acme.ledger()).toMatchObject([
    { kind: "charge", quantity: 20, amount: 50, fixed: true },
    { kind: "adjustment", quantity: -1, amount: -2, status: "pending" },
  ]);
  await acme.takeBack(events[1] ?? "");
  expect(await settled()).toBe(false);
  await bench.work();
  expect(await acme.ledger()).toMatchObject([
    { quantity: 20 },
    { kind: "adjustment", quantity: -8, amount: -20 },
  ]);
  expect(await acme.billed()).toHaveLength(1);
  await bench.advance("P1M");
  const lines = await acme.billed();
  expect(lines).toMatchObject([
    { status: "paid", quantity: 20, amount: 50 },
    { reason: "subscription_cycle", quantity: -8, amount: -20 },
  ]);
  // And again, when that one is final too.
  await acme.takeBack(events[3] ?? "");
  await bench.work();
  await bench.advance("P1M");
  expect(sumOf(await acme.billed())).toEqual({ quantity: 1, amount: 3 });
  expect(sumOf(await acme.ledger())).toEqual({ quantity: 1, amount: 3 });
}, 120_000);

test("without a subscription it goes onto an invoice of our own, and is the customer's credit", async () => {
  const { acme, events } = await overOnDraft();
  await bench.advance("PT3H");
  await bench.stripe.subscriptions.cancel(acme.subscriptionId);
  await bench.deliver();
  await acme.takeBack(events[1] ?? "");
  await bench.work();
  const lines = await acme.billed();
  expect(lines).toMatchObject([{ quantity: 20 }, { reason: "manual", status: "draft", quantity: -7 }]);
  expect(sumOf(lines)).toEqual({ quantity: 13, amount: 33 });
  await bench.advance("PT3H");
  const customer = await bench.stripe.customers.retrieve(acme.customerId);
  expect(customer).toMatchObject({ balance: -17 });
}, 60_000);

test("a draft that finalizes before its correction gets there keeps its line, and the correction follows", async () => {
  const { acme, events } = await overOnDraft();
  await acme.takeBack(events[1] ?? "");
  await closeDuePeriods(bench.worker);
  expect(await acme.ledger()).toMatchObject([{ quantity: 13, status: "pending" }]);
  const [line] = await acme.billed();
  await bench.stripe.invoices.finalizeInvoice(String(line?.invoice));
  await bench.work();
  expect(await acme.ledger()).toMatchObject([
    { kind: "charge", quantity: 20, amount: 50, status: "sent", fixed: true },
    { kind: "adjustment", quantity: -7, amount: -17, status: "pending" },
  ]);
}, 60_000);

test("a row that is amended while it is sent is sent once, as it is now", async () => {
  const acme = await bench.subscriber();
  const eventId = await acme.take(110);
  await acme.take(10);
  const real = bench.worker.stripe;
  if (real === null) {
    throw new Error("no Stripe");
  }
  let amended = false;
  bench.worker.stripe = {
    ...real,
    async createInvoiceItem(item, key) {
      if (!amended) {
        amended = true;
        await acme.takeBack(eventId);
        await acme.take(1);
        await closeDuePeriods(bench.worker);
      }
      return real.createInvoiceItem(item, key);
    },
  };
  await bench.advance("P1M");
  await bench.work();
  expect(amended).toBe(true);
  expect(await acme.billed()).toEqual([]);
  expect(await acme.ledger()).toMatchObject([{ quantity: 0, status: "withdrawn" }]);
}, 60_000);

test("however many workers amend and report at once, there is one line", async () => {
  const { acme, events } = await overOnDraft();
  await acme.takeBack(events[1] ?? "");
  await Promise.all(Array.from({ length: 6 }, () => closeDuePeriods(bench.worker)));
  await bench.due();
  await Promise.all(Array.from({ length: 6 }, () => reportOverage(bench.worker)));
  await bench.work();
  expect(await acme.billed()).toMatchObject([{ quantity: 13, amount: 33 }]);
  expect(await acme.ledger()).toHaveLength(1);
}, 60_000);
