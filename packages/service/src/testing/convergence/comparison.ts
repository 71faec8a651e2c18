import type Stripe from "stripe";
import { getBilling } from "../../billing.ts";
import { getEntitlements } from "../../entitlements.ts";
import { getUsage } from "../../usage-reading.ts";
import type { StripeBench } from "../stripe-bench.ts";
import type { Life } from "./life.ts";
import { type Expected, expectationOf, type StripeView } from "./oracle.ts";

/** What the product's readers say and the oracle does not; empty: they agree. */
export async function compare(bench: StripeBench, life: Life): Promise<string[]> {
  const { api } = bench;
  const { access, organizationId } = life;
  const [[row], stripe] = await Promise.all([
    bench.rows(
      `select headroom.clock_now() as now, stripe_subscription_id as subscription, past_due_since as since
       from headroom.subscription where organization_id = $1`,
      organizationId,
    ),
    viewOf(bench, life),
  ]);
  const {
    now: at,
    subscription,
    since,
  } = row as { now: Date; subscription: string | null; since: Date | null };
  const now = Math.floor(at.getTime() / 1000);
  const pastDueSince = await dueSince(bench, stripe, since);
  const expected = expectationOf(stripe, { ...life, known: subscription, pastDueSince }, now);
  const [billing, entitlements, usage] = [
    await getBilling(api, access),
    await getEntitlements(api, access),
    await getUsage(api, access),
  ];
  const counters = await differingCounters(bench, organizationId, usage.meters);
  if (expected === "kept") {
    return billing.attention === "unknown_price" || (billing.source === "none" && stripe.deleted)
      ? counters
      : [...counters, `attention is ${billing.attention}, and the plan's price is not ours`];
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
    attention: billing.attention === "seats_differ" ? null : billing.attention,
    subscriptionId: billing.source === "stripe" ? subscription : null,
  };
  // Of a customer that is gone nobody can say any more whether there ever was a subscription.
  if (stripe.deleted && actual.status === "ended") expected.status = actual.status;
  const names = Object.keys(expected) as (keyof Expected)[];
  return [
    ...names
      .filter((name) => actual[name] !== expected[name])
      .map((name) => `${name} is ${actual[name]}, to be ${expected[name]}`),
    ...(await differingSeats(life, expected, stripe, billing.attention)),
    ...counters,
  ];
}

async function viewOf({ stripe }: StripeBench, { customerId }: Life): Promise<StripeView> {
  const customer = await stripe.customers.retrieve(customerId);
  if (customer.deleted) return { deleted: true, subscriptions: [] };
  const { data } = await stripe.subscriptions.list({
    customer: customerId,
    status: "all",
    limit: 100,
    expand: ["data.latest_invoice"],
  });
  return { deleted: false, subscriptions: data };
}

/**
 * Since when a subscription is behind. An invoice that stays unpaid says it; with several, what was seen first counts, and
 * that is any instant since the first of them.
 */
async function dueSince(
  { stripe }: StripeBench,
  { subscriptions }: StripeView,
  seen: Date | null,
): Promise<number | null> {
  const late = subscriptions.find(({ status }) => status === "past_due");
  if (late === undefined) return null;
  const { data } = await stripe.invoices.list({ subscription: late.id, limit: 100 });
  const failed = data.filter(
    ({ status, attempt_count, due_date }) =>
      status === "open" || (status === "paid" && (attempt_count > 1 || due_date !== null)),
  );
  const starts = failed.map((one) => one.due_date ?? one.status_transitions.finalized_at ?? 0);
  const first = Math.min(...starts);
  const told = seen && Math.floor(seen.getTime() / 1000);
  return starts.length > 1 && told !== null && told >= first ? told : first;
}

const seconds = (iso: string | null) => (iso === null ? null : Math.floor(Date.parse(iso) / 1000));

/** Where seats follow the members, Stripe has been told how many there are. */
async function differingSeats(
  { others }: Life,
  { plan, status, seatsPurchased, pendingPlan }: Expected,
  { subscriptions }: StripeView,
  attention: string | null,
): Promise<string[]> {
  const follows = plan === "crew" && ["active", "trialing"].includes(status) && pendingPlan === null;
  const isCrew = ({ price }: Stripe.SubscriptionItem) =>
    price.metadata.headroom_plan === "crew" && price.recurring?.interval === "month";
  const sold = subscriptions.some(({ items }) => items.data.some(isCrew));
  return follows && sold && attention === null && seatsPurchased !== others.length
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
