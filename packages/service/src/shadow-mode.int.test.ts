import { usageRequest } from "@headroom/db/testing/usage-requests";
import { consumeUsage } from "@headroom/db/usage";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authorize } from "./access.ts";
import { startCheckout } from "./checkout.ts";
import { sweepCustomers } from "./customer-sweeps.ts";
import { importFile } from "./import/file-import.ts";
import { setMaxOverages } from "./max-overages.ts";
import { reconcileOverage } from "./overage-reconciliation.ts";
import { reportOverage } from "./overage-reporting.ts";
import { changePlan } from "./plan-changes.ts";
import { openPortal } from "./portal.ts";
import { syncSeats } from "./seat-sync.ts";
import { compareWithStripe } from "./stripe-comparison.ts";
import { cancelSubscriptions } from "./subscription-cancellation.ts";
import { cancelSubscription } from "./subscription-endings.ts";
import { createMovingBench, type MovingBench, operator, organizationLines } from "./testing/moving-bench.ts";

let bench: MovingBench;
let customerId: string;
let acme: string;
beforeAll(async () => {
  bench = await createMovingBench({ events: true });
  customerId = await bench.customer(3);
  acme = await bench.people("acme", 4);
  await bench.link([...bench.priceLines(), { customer: customerId, organization: "acme" }]);
  await setMaxOverages(bench.api, await owner("billing.manage"), { meter: "jobs", units: 50 });
}, 60_000);
afterAll(() => bench?.close());

async function owner(permission: Parameters<typeof authorize>[3]) {
  const [row] = await bench.rows(
    "select user_id as id from headroom.membership where organization_id = $1 and role = 'owner'",
    acme,
  );
  return authorize(bench.api, { kind: "user", userId: String(row?.id) }, acme, permission);
}

async function take(quantity: number): Promise<void> {
  const credential = await bench.make.key(acme);
  const request = usageRequest(credential, { organizationId: acme, meter: "jobs", quantity });
  const [outcome] = await consumeUsage(bench.api.db, [request]);
  expect(outcome).toMatchObject({ outcome: "accepted" });
}

const ledger = () =>
  bench.rows(
    "select quantity::int, amount::int, status from headroom.overage where organization_id = $1 order by period_start",
    acme,
  );

/** What the other system does at the end of a month: a line for overage on the renewal's draft. */
async function billElsewhere(quantity: number): Promise<void> {
  const { data } = await bench.stripe.invoices.list({ customer: customerId, limit: 1 });
  const invoice = data[0];
  await bench.stripe.invoiceItems.create({
    customer: customerId,
    ...(invoice?.status === "draft" ? { invoice: invoice.id } : {}),
    pricing: { price: bench.prices.overage },
    quantity,
    period: { start: invoice?.period_start ?? 0, end: invoice?.period_end ?? 0 },
  });
}

test("a month in the shadow computes everything and changes nothing at Stripe; then it is live, and only what begins then is billed", async () => {
  const before = await bench.changes();
  await take(130);
  // Asked for by people: refused in words, and nothing is left of it.
  const manage = await owner("billing.manage");
  const refused = {
    code: "billing_not_configured",
    message: expect.stringContaining("not live"),
    details: { live: false },
  };
  await expect(changePlan(bench.api, manage, { planId: "free" })).rejects.toMatchObject(refused);
  await expect(cancelSubscription(bench.api, manage, { when: "now" })).rejects.toMatchObject(refused);
  await expect(openPortal(bench.api, manage, {})).rejects.toMatchObject(refused);
  const [other] = [await bench.organization()];
  const checkout = startCheckout(bench.api, await other.access("billing.manage"), { planId: "pro" });
  await expect(checkout).rejects.toMatchObject(refused);
  expect(await bench.rows("select 1 from headroom.stripe_intent")).toEqual([]);
  // Seats: five members, two included, and Stripe has three.
  expect((await compareWithStripe(bench.worker, { organizationId: acme })).organizations).toEqual([]);
  const more = bench.file([
    ...organizationLines("acme", 4),
    { kind: "user", issuer: "https://login.example.com", subject: "late" },
    {
      kind: "member",
      organization: "acme",
      user: { issuer: "https://login.example.com", subject: "late" },
      role: "member",
    },
  ]);
  const input = { file: more, dryRun: false, skipBad: false, operator, issuers: new Set<string>() };
  expect(await importFile(bench.api, input)).toMatchObject({ members: { created: 1, existing: 5 } });
  expect(await syncSeats(bench.worker, { quietMs: 0, longestMs: 0 })).toMatchObject({
    pushed: 0,
    settled: 0,
  });
  expect((await compareWithStripe(bench.worker, { organizationId: acme })).organizations).toMatchObject([
    { findings: [{ what: "seats", headroom: "4", stripe: "3" }] },
  ]);
  await sweepCustomers(bench.worker);
  await bench.advance("P1M");
  expect(await ledger()).toEqual([{ quantity: 30, amount: 75, status: "shadow" }]);
  expect(await reportOverage(bench.worker)).toEqual({ sent: 0, waiting: 0, failed: 0 });
  expect(await cancelSubscriptions(bench.worker, { organizationId: acme })).toEqual({ cancelled: 0 });
  expect(await bench.changes()).toBe(before);

  // What the other system billed: 25 × 3 = 75, which is what we would have.
  await billElsewhere(25);
  await bench.advance("PT3H");
  const same = await compareWithStripe(bench.worker, { organizationId: acme });
  expect(same).toMatchObject({ live: false, differences: 1, unknown: 0 });
  expect(same.organizations[0]?.overage).toMatchObject([
    { meter: "jobs", headroom: { amount: 75 }, stripe: { amount: 75 }, result: "same" },
  ]);
  expect((await reconcileOverage(bench.worker, { organizationId: acme })).differences).toEqual([]);

  // Live in the middle of a period: the other system bills this one too.
  await take(120);
  await bench.restart({ live: true, liveFrom: null });
  const [act] = await bench.rows(
    "select action, data from headroom.operator_entry order by seq desc limit 1",
  );
  expect(act).toMatchObject({ action: "billing.went_live", data: { live: true, declared: false } });
  expect(await bench.rows("select 1 from headroom.overage where status = 'pending'")).toEqual([]);
  const subscription = await bench.stripe.subscriptions.list({ customer: customerId });
  expect(subscription.data[0]?.billing_mode.type).toBe("classic");
  await bench.advance("P1M");
  await take(110);
  await bench.advance("P1M");
  expect(await ledger()).toEqual([
    { quantity: 30, amount: 75, status: "shadow" },
    { quantity: 20, amount: 50, status: "shadow" },
    { quantity: 10, amount: 25, status: "sent" },
  ]);
  const [seat] = subscription.data[0]?.items.data.filter(({ price }) => price.id === bench.prices.seat) ?? [];
  const now = await bench.stripe.subscriptionItems.retrieve(seat?.id ?? "");
  expect(now.quantity).toBe(4);
}, 120_000);
