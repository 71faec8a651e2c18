import { afterAll, beforeAll, expect, test } from "vitest";
import { listInvoices } from "./invoices.ts";
import { setMaxOverages } from "./max-overages.ts";
import { closeDuePeriods } from "./overage-reporting.ts";
import { createOverageBench, type OverageBench, type Subscriber } from "./testing/overage-bench.ts";
import { record } from "./usage.ts";
import { explainUsage } from "./usage-explanation.ts";
import { getUsage, getUsageHistory } from "./usage-reading.ts";

const most = Number.MAX_SAFE_INTEGER;

let bench: OverageBench;
beforeAll(async () => {
  bench = await createOverageBench();
});
afterAll(() => bench?.close());

const explain = async ({ access }: Subscriber, more: object = {}) =>
  explainUsage(bench.api, await access("usage.view"), { meter: "jobs", limit: 50, ...more });

test("what was taken back may be more than any counter: every number of it is shown", async () => {
  const subscriber = await bench.subscriber();
  for (let round = 0; round < 3; round += 1) {
    const eventId = await subscriber.take(most, "record");
    await subscriber.takeBack(eventId);
  }
  await subscriber.take(7);
  for (const window of ["day", "period"] as const) {
    expect(await explain(subscriber, { window })).toMatchObject({
      counter: { used: 7, voided: most, events: 7 },
      recount: { used: 7, agrees: true },
    });
  }
});

test("two periods may have counted more on one date than any counter: its day, month and history are shown", async () => {
  const subscriber = await bench.subscriber();
  const { id, access } = subscriber;
  const caller = { credential: await bench.make.key(id), organizationId: id };
  const [now] = await bench.rows("select headroom.clock_now() as at");
  const at = new Date(String(now?.at)).toISOString();
  await record(bench.api, caller, [{ meter: "pages", quantity: most }]);
  await bench.stripe.subscriptions.cancel(subscriber.subscriptionId);
  await bench.deliver();
  await closeDuePeriods(bench.worker);
  await bench.advance("P1D");
  await record(bench.api, caller, [{ meter: "pages", quantity: most, occurredAt: at }]);

  const view = await access("usage.view");
  const date = at.slice(0, 10);
  const { days } = await getUsageHistory(bench.api, view, { days: 2, meter: "pages" });
  expect(days[0]).toEqual({
    date,
    meters: [{ meter: "pages", used: most, members: [{ userId: null, used: most }] }],
  });
  expect(await explain(subscriber, { meter: "pages", date })).toMatchObject({
    counter: { used: most, carried: most, late: most },
  });
  const { policies } = bench.api.configuration;
  const calendar = {
    ...bench.api,
    configuration: {
      ...bench.api.configuration,
      policies: { ...policies, usage: { ...policies.usage, window: "calendar_month" as const } },
    },
  };
  expect((await getUsage(calendar, view)).usage.monthlyUsed).toBe(most);
}, 60_000);

test("overage beyond the largest amount is shown, its period closes, and a void corrects it", async () => {
  const subscriber = await bench.subscriber();
  const { id, access } = subscriber;
  await setMaxOverages(bench.api, await access("billing.manage"), { meter: "jobs", units: most });
  const eventId = await subscriber.take(most, "record");
  const { upcoming } = await listInvoices(bench.api, await access("billing.view"), { limit: 10 });
  expect(upcoming).toMatchObject({ overageTotal: most, overage: [{ quantity: most - 100, amount: most }] });
  expect((await explain(subscriber)).line).toMatchObject({
    amount: most,
    rule: { text: expect.stringContaining("more than an amount can hold") },
  });

  await bench.stripe.subscriptions.cancel(subscriber.subscriptionId);
  await bench.deliver();
  await bench.work();
  const ledger = () =>
    bench.rows(
      "select quantity, amount, status, last_error as error from headroom.overage where organization_id = $1",
      id,
    );
  expect(await ledger()).toEqual([
    { quantity: String(most - 100), amount: String(most), status: "pending", error: expect.any(String) },
  ]);
  expect(await subscriber.billed()).toEqual([]);
  await subscriber.takeBack(eventId);
  await bench.work();
  expect(await ledger()).toMatchObject([{ quantity: "0", amount: "0", status: "withdrawn" }]);
  expect(await subscriber.billed()).toEqual([]);
}, 60_000);
