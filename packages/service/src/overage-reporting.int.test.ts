import { afterEach, beforeEach, expect, test } from "vitest";
import { startCheckout } from "./checkout.ts";
import { syncCustomer } from "./customer-sync.ts";
import { setMaxOverages } from "./max-overages.ts";
import { closeDuePeriods, reportOverage } from "./overage-reporting.ts";
import { pushPlans } from "./plans.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
let real: StripeGateway;
beforeEach(async () => {
  bench = await createStripeBench();
  real = bench.worker.stripe as StripeGateway;
});
afterEach(() => bench?.close());

/** A subscribed organization that has used 20 jobs more than its plan includes. */
async function over(planId = "pro", interval: "month" | "year" = "month") {
  const { id, access } = await bench.organization();
  const manage = await access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, manage, { planId, interval });
  await bench.pay(checkoutUrl);
  const customerId = await sync(id);
  await setMaxOverages(bench.api, manage, { units: 50 });
  expect(await bench.consume(id, "jobs", 120)).toBe(120);
  const [row] = await bench.rows("select stripe_subscription_id as id from headroom.subscription");
  return { id, customerId, subscriptionId: String(row?.id) };
}

/** What a webhook would bring about. */
async function sync(organizationId: string): Promise<string> {
  const [row] = await bench.rows(
    "select customer_id from headroom.stripe_customer where organization_id = $1",
    organizationId,
  );
  const customerId = String(row?.customer_id);
  await bench.rows(
    `insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, payload, secret_index)
     values (gen_random_uuid()::text, false, 'customer.updated', $1, now(), '{}', 0)`,
    customerId,
  );
  await syncCustomer(bench.webhook, customerId);
  return customerId;
}

const ledger = () =>
  bench.rows(
    "select quantity::int, amount::int, status, stripe_invoice_id as invoice from headroom.overage order by created_at",
  );
const due = () => bench.rows("update headroom.overage set next_attempt_at = now()");

/** Every overage line that Stripe has, on whatever invoice. */
async function billed(customerId: string) {
  const { data } = await bench.stripe.invoices.list({ customer: customerId, limit: 100 });
  return data.flatMap((invoice) =>
    invoice.lines.data
      .filter((line) => line.description?.startsWith("jobs:"))
      .map((line) => ({
        invoice: invoice.id,
        reason: invoice.billing_reason,
        quantity: line.quantity,
        amount: line.amount,
      })),
  );
}

/** Our clock alone stands at the end of the period: Stripe's does not. */
async function endPeriod(): Promise<void> {
  const gates = await bench.rows("select period_end from headroom.usage_gate where meter = 'jobs'");
  await bench.make.setClock(String(gates.map((gate) => (gate.period_end as Date).toISOString())[0]));
}

const organizationId = async () => String((await bench.rows("select id from headroom.organization"))[0]?.id);

test("a process killed after Stripe took the line bills it once", async () => {
  const { customerId } = await over();
  let died = 0;
  bench.worker.stripe = {
    ...real,
    async createInvoiceItem(item, key) {
      const created = await real.createInvoiceItem(item, key);
      if (died++ === 0) {
        throw new StripeFault("unavailable", "killed");
      }
      return created;
    },
  };
  await bench.advance("P1M2D");
  expect(died).toBe(1);
  expect(await billed(customerId)).toEqual([
    { invoice: expect.any(String), reason: "subscription_cycle", quantity: 20, amount: 50 },
  ]);
  expect(await ledger()).toMatchObject([{ quantity: 20, amount: 50, status: "sent" }]);
}, 60_000);

test("a period is closed and written into the ledger once, by however many at once", async () => {
  await over();
  await endPeriod();
  const closed = await Promise.all(Array.from({ length: 6 }, () => closeDuePeriods(bench.worker)));
  expect(closed.reduce((sum, one) => sum + one.closed, 0)).toBe(1);
  expect(await ledger()).toMatchObject([{ quantity: 20, amount: 50, status: "pending", invoice: null }]);
});

test("while Stripe has not turned the period the ledger waits, and nothing is sent", async () => {
  const { customerId } = await over();
  await endPeriod();
  await closeDuePeriods(bench.worker);
  expect(await reportOverage(bench.worker)).toEqual({ sent: 0, waiting: 1, failed: 0 });
  expect(await billed(customerId)).toEqual([]);
  expect(await reportOverage(bench.worker)).toEqual({ sent: 0, waiting: 0, failed: 0 });
  for (let tries = 0; tries < 9; tries += 1) {
    await due();
    await reportOverage(bench.worker);
  }
  await sync(await organizationId());
  expect(await reportOverage(bench.worker)).toMatchObject({ waiting: 1 });
  // How long it waited for Stripe says nothing of how ill Stripe is now.
  const soon = "select next_attempt_at < now() + interval '1 minute' as soon from headroom.overage";
  expect(await bench.rows(soon)).toEqual([{ soon: true }]);
});

test("a cancellation is settled on an invoice of our own, once, also after a kill", async () => {
  const { id, customerId, subscriptionId } = await over();
  // Stripe counts in whole seconds: the end must come in a later one than the usage.
  await bench.advance("PT2S");
  await bench.stripe.subscriptions.cancel(subscriptionId);
  await sync(id);
  await closeDuePeriods(bench.worker);
  const dying: StripeGateway = {
    ...real,
    async createInvoice(invoice, key) {
      await real.createInvoice(invoice, key);
      throw new StripeFault("unavailable", "killed");
    },
  };
  expect(await reportOverage({ ...bench.worker, stripe: dying })).toMatchObject({ failed: 1 });
  await due();
  const runs = await Promise.all([reportOverage(bench.worker), reportOverage(bench.worker)]);
  expect(runs.reduce((sum, run) => sum + run.sent, 0)).toBe(1);
  expect(await billed(customerId)).toEqual([
    { invoice: expect.any(String), reason: "manual", quantity: 20, amount: 50 },
  ]);
  const { data } = await bench.stripe.invoices.list({ customer: customerId });
  const own = data.filter((invoice) => invoice.billing_reason === "manual");
  expect(own.map((invoice) => invoice.auto_advance)).toEqual([true]);
  const ended = await bench.stripe.subscriptions.retrieve(subscriptionId);
  expect(ended.default_payment_method).toEqual(expect.any(String));
  expect(own.map((invoice) => invoice.default_payment_method)).toEqual([ended.default_payment_method]);
});

test("a card that was taken away since the cancellation does not keep the overage from being billed", async () => {
  const { id, customerId, subscriptionId } = await over();
  await bench.advance("PT2S");
  const { default_payment_method: card } = await bench.stripe.subscriptions.cancel(subscriptionId);
  await bench.stripe.paymentMethods.detach(String(card));
  await sync(id);
  await closeDuePeriods(bench.worker);
  expect(await reportOverage(bench.worker)).toMatchObject({ sent: 1, failed: 0 });
  expect(await billed(customerId)).toEqual([
    { invoice: expect.any(String), reason: "manual", quantity: 20, amount: 50 },
  ]);
});

test("the month ends of a yearly plan are billed on invoices of our own", async () => {
  const { pro } = bench.configuration.plans;
  const yearly = [...(pro?.prices ?? []), { interval: "year", currency: "usd", unitAmount: "29000" }];
  const seats = { ...pro?.seats, prices: [] };
  const plans = { ...bench.configuration.plans, pro: { ...pro, prices: yearly, seats } as never };
  await pushPlans({ ...bench.worker, configuration: { ...bench.configuration, plans } }, { dryRun: false });
  const { customerId } = await over("pro", "year");
  await bench.advance("P1M2D");
  expect(await billed(customerId)).toEqual([
    {
      invoice: expect.any(String),
      reason: expect.stringMatching(/manual|subscription_update/),
      quantity: 20,
      amount: 50,
    },
  ]);
  expect(await ledger()).toMatchObject([{ status: "sent" }]);
}, 60_000);
