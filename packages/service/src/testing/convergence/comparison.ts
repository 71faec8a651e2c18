import type Stripe from "stripe";
import { getBilling } from "../../billing.ts";
import { getEntitlements } from "../../entitlements.ts";
import { getUsage } from "../../usage-reading.ts";
import type { StripeBench } from "../stripe-bench.ts";
import type { Life } from "./life.ts";
import { type Expected, expectationOf, type StripeView } from "./oracle.ts";

/** What the product's readers say in the end and the oracle does not; empty: they agree. */
export async function compare(bench: StripeBench, life: Life): Promise<string[]> {
  const { organizationId, access } = life;
  const { differences, expected, stripe, attention } = await compareState(bench, life);
  const { meters } = await getUsage(bench.api, access);
  return [
    ...differences,
    ...(expected === "kept" ? [] : differingSeats(life, expected, stripe, attention)),
    ...(await differingCounters(bench, organizationId, meters)),
  ];
}

interface Compared {
  differences: string[];
  expected: Expected | "kept";
  stripe: StripeView;
  attention: string | null;
}

/** Compares the plan, its state and its limits. */
export async function compareState(bench: StripeBench, life: Life): Promise<Compared> {
  const { api } = bench;
  const { access, organizationId } = life;
  const [[row], stripe, billing, entitlements] = await Promise.all([
    bench.rows(
      `select headroom.clock_now() as now, stripe_subscription_id as subscription, paused_for as "pausedFor"
       from headroom.subscription where organization_id = $1`,
      organizationId,
    ),
    viewOf(bench, life),
    getBilling(api, access),
    getEntitlements(api, access),
  ]);
  const {
    now: at,
    subscription,
    pausedFor,
  } = row as { now: Date; subscription: string | null; pausedFor: string | null };
  const now = Math.floor(at.getTime() / 1000);
  const expected = expectationOf(stripe, { ...life, known: subscription }, now);
  const { attention } = billing;
  if (expected === "kept") {
    const isTold = attention === "unknown_price" || (billing.source === "none" && stripe.deleted);
    const differences = isTold ? [] : [`attention is ${attention}, and the plan's price is not ours`];
    return { differences, expected, stripe, attention };
  }
  const [pages, jobs] = ["pages", "jobs"].map((name) =>
    entitlements.meters.find(({ meter }) => meter === name),
  );
  const actual: Expected = {
    plan: entitlements.planId,
    version: entitlements.planVersion,
    status: entitlements.status,
    source: entitlements.source,
    seatLimit: entitlements.seats.limit,
    seatsPurchased: billing.seatsPurchased,
    pages: pages?.dailyLimit ?? -1,
    included: jobs?.included ?? -1,
    maxOverage: jobs?.maxOverage ?? -1,
    pendingPlan: billing.pendingPlan?.planId ?? null,
    effectiveAt: seconds(billing.effectiveAt),
    cancelAt: seconds(billing.cancelAt),
    trialEnd: seconds(billing.trialEnd),
    validUntil: seconds(entitlements.validUntil),
    period: billing.period && `${seconds(billing.period.start)}..${seconds(billing.period.end)}`,
    attention: attention === "seats_differ" ? null : attention,
    subscriptionId: billing.source === "stripe" ? subscription : null,
    pausedFor,
  };
  // Of a customer that is gone nobody can say any more whether there ever was a subscription, nor of one before this.
  const isForgotten = stripe.deleted || (life.formerCustomers.length > 0 && expected.status === "none");
  if (isForgotten && actual.status === "ended") expected.status = actual.status;
  const names = Object.keys(expected) as (keyof Expected)[];
  const differences = names
    .filter((name) => actual[name] !== expected[name])
    .map((name) => `${name} is ${actual[name]}, to be ${expected[name]}`);
  return { differences, expected, stripe, attention };
}

async function viewOf({ stripe }: StripeBench, { customerId, planOf }: Life): Promise<StripeView> {
  const customer = await stripe.customers.retrieve(customerId);
  if (customer.deleted) return { deleted: true, subscriptions: [], open: [], planOf };
  const expand = ["data.latest_invoice", "data.schedule"];
  const query = { customer: customerId, status: "all", limit: 100, expand } as const;
  const { data } = await stripe.subscriptions.list({ ...query, expand });
  const isLate = data.some(({ status }) => status === "past_due");
  const open = isLate
    ? await stripe.invoices.list({ customer: customerId, status: "open", limit: 100 })
    : null;
  return { deleted: false, subscriptions: data, open: open?.data ?? [], planOf };
}

const seconds = (iso: string | null) => (iso === null ? null : Math.floor(Date.parse(iso) / 1000));

/** Where seats follow the members, Stripe has been told how many there are. */
function differingSeats(
  { others }: Life,
  { plan, status, seatsPurchased, pendingPlan }: Expected,
  { subscriptions }: StripeView,
  attention: string | null,
): string[] {
  const follows = plan === "crew" && ["active", "trialing"].includes(status) && pendingPlan === null;
  const isCrew = ({ price }: Stripe.SubscriptionItem) =>
    price.metadata.headroom_plan === "crew" && price.recurring?.interval === "month";
  const sold = subscriptions.some(({ items }) => items.data.some(isCrew));
  const agree = seatsPurchased === others.length;
  if (attention === "seats_differ") {
    const isRight = plan === "crew" && !agree;
    return isRight ? [] : [`somebody is said to set other seats than the members need: ${seatsPurchased}`];
  }
  return follows && sold && attention === null && !agree
    ? [`Stripe bills ${seatsPurchased} seats, the members need ${others.length}`]
    : [];
}

async function differingCounters(
  { rows }: StripeBench,
  organizationId: string,
  meters: readonly { meter: string; monthlyUsed: number; dailyUsed: number; periodStart: string }[],
): Promise<string[]> {
  const found: string[] = [];
  for (const { meter, monthlyUsed, periodStart } of meters) {
    const [sum] = await rows(
      `select greatest(0, coalesce(sum(quantity), 0))::int as events from headroom.usage_event
       where organization_id = $1 and meter = $2 and occurred_at >= $3`,
      organizationId,
      meter,
      periodStart,
    );
    if (sum?.events !== monthlyUsed)
      found.push(`${meter} used is ${monthlyUsed}, its events are ${sum?.events}`);
  }
  return found;
}
