import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startCheckout } from "./checkout.ts";
import { syncCustomer } from "./customer-sync.ts";
import { listInvoices } from "./invoices.ts";
import { setMaxOverages } from "./max-overages.ts";
import { closeDuePeriods } from "./overage-reporting.ts";
import { handOn, type OverrideHand } from "./testing/overrides.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench();
});
beforeEach(() => bench.make.setClock(new Date().toISOString()));
afterAll(() => bench?.close());

/** A subscribed organization that has used 120 jobs, 20 more than its plan includes. */
async function over() {
  const { id, access } = await bench.organization();
  const manage = await access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, manage, { planId: "pro" });
  await bench.pay(checkoutUrl);
  const [row] = await bench.rows(
    "select customer_id from headroom.stripe_customer where organization_id = $1",
    id,
  );
  await bench.rows(
    `insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, payload, secret_index)
     values (gen_random_uuid()::text, false, 'customer.updated', $1, now(), '{}', 0)`,
    row?.customer_id,
  );
  await syncCustomer(bench.webhook, String(row?.customer_id));
  await setMaxOverages(bench.api, manage, { meter: "jobs", units: 50 });
  expect(await bench.consume(id, "jobs", 120)).toBe(120);
  return { id, manage, hand: handOn(bench.api, id) };
}

const periodEnd = async (id: string) => {
  const [gate] = await bench.rows(
    "select period_end from headroom.usage_gate where meter = 'jobs' and organization_id = $1",
    id,
  );
  return gate?.period_end as Date;
};

/** Our clock alone stands at the end of the period. */
const endPeriod = async (id: string) => bench.make.setClock((await periodEnd(id)).toISOString());

const closed = (id: string) =>
  bench.rows(
    `select p.included::int, p.hard_cap::int as cap, o.quantity::int, o.amount::int
     from headroom.usage_period p left join headroom.overage o using (organization_id, meter, period_start)
     where p.meter = 'jobs' and p.organization_id = $1`,
    id,
  );

const early = (instant: Date, milliseconds: number) =>
  new Date(instant.getTime() - milliseconds).toISOString();

const bills: [string, (hand: OverrideHand, id: string) => Promise<unknown>, object][] = [
  [
    "nothing that an override covers",
    (hand) => hand.set("included", "jobs", 200),
    { included: 200, quantity: null },
  ],
  [
    "what an override does not cover",
    (hand) => hand.set("included", "jobs", 110),
    { included: 110, quantity: 10, amount: 25 },
  ],
  [
    "more, where an override includes less",
    (hand) => hand.set("included", "jobs", 70),
    { included: 70, quantity: 50 },
  ],
  [
    "nothing, where an override takes the limit away",
    (hand) => hand.set("included", "jobs", null),
    { included: null, quantity: null },
  ],
  [
    "by an override that ends with the period",
    async (hand, id) => hand.set("included", "jobs", 110, { expiresAt: (await periodEnd(id)).toISOString() }),
    { included: 110, cap: 160, quantity: 10 },
  ],
  [
    "by the plan, where an override ended before the period did and nobody consumed since",
    async (hand, id) => hand.set("included", "jobs", 110, { expiresAt: early(await periodEnd(id), 1) }),
    { included: 100, cap: 150, quantity: 20, amount: 50 },
  ],
  [
    "by the plan, where only the daily limit is another",
    (hand) => hand.set("daily_limit", "jobs", 500),
    { included: 100, quantity: 20 },
  ],
];

test.each(bills)("a closed period bills %s", async (_what, prepare, expected) => {
  const { id, hand } = await over();
  await prepare(hand, id);
  await endPeriod(id);
  await closeDuePeriods(bench.worker);
  expect(await closed(id)).toMatchObject([expected]);
});

test.each([
  ["removed", (hand: OverrideHand) => hand.remove("included", "jobs")],
  ["replaced", (hand: OverrideHand) => hand.set("included", "jobs", 100)],
])("an override that is %s after the period's end still bills it", async (_how, change) => {
  const { id, hand } = await over();
  await hand.set("included", "jobs", 110);
  await endPeriod(id);
  await change(hand);
  await closeDuePeriods(bench.worker);
  expect(await closed(id)).toMatchObject([{ included: 110, quantity: 10 }]);
});

test("an override that is set after the period's end does not bill it", async () => {
  const { id, hand } = await over();
  await endPeriod(id);
  await hand.set("included", "jobs", 110);
  await closeDuePeriods(bench.worker);
  expect(await closed(id)).toMatchObject([{ included: 100, quantity: 20 }]);
});

test("the next invoice as it stands counts by the override", async () => {
  const { manage, hand } = await over();
  const accrued = async () => (await listInvoices(bench.api, manage, { limit: 10 })).upcoming?.overage;
  expect(await accrued()).toMatchObject([{ meter: "jobs", quantity: 20, amount: 50 }]);
  await hand.set("included", "jobs", 110);
  expect(await accrued()).toMatchObject([{ meter: "jobs", quantity: 10, amount: 25 }]);
  await hand.set("included", "jobs", null);
  expect(await accrued()).toEqual([]);
});
