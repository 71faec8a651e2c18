/**
 * What an organization may do, told a second time from the words of the product alone: Stripe's own objects, the table
 * "status → limits" and the price list. It shares no line with the code that it is compared with.
 */
import type Stripe from "stripe";

interface Terms {
  pages: number;
  jobs: { included: number; maxOverage: number } | null;
  seats: { included: number } | "members";
  graceDays: number;
}

const terms: Readonly<Record<string, Terms>> = {
  "free:1": { pages: 1_000, jobs: null, seats: { included: 2 }, graceDays: 0 },
  "community:1": { pages: 1_000, jobs: null, seats: { included: 2 }, graceDays: 0 },
  "solo:1": { pages: 2_000, jobs: { included: 20, maxOverage: 40 }, seats: { included: 1 }, graceDays: 7 },
  "solo:2": { pages: 2_000, jobs: { included: 30, maxOverage: 40 }, seats: { included: 1 }, graceDays: 7 },
  "studio:1": { pages: 3_000, jobs: { included: 50, maxOverage: 60 }, seats: { included: 3 }, graceDays: 3 },
  "quick:1": { pages: 4_000, jobs: { included: 10, maxOverage: 0 }, seats: { included: 2 }, graceDays: 7 },
  "crew:1": { pages: 5_000, jobs: { included: 40, maxOverage: 10 }, seats: "members", graceDays: 7 },
  "taste:1": { pages: 6_000, jobs: { included: 25, maxOverage: 30 }, seats: { included: 2 }, graceDays: 7 },
};
/** Units of jobs in the free plans, which sell none above. */
const freeJobs = 10;
/** What a unit above the plan costs, in tenths of a cent. */
export const unitTenths = 25;

const day = 86_400;

/** All that Stripe has of a customer. */
export interface StripeView {
  deleted: boolean;
  /** Their schedules expanded. */
  subscriptions: readonly Stripe.Subscription[];
  /** The customer's open invoices, where one is behind. */
  open: readonly Stripe.Invoice[];
  /** The plan and version of a price, as its metadata says, with a colon between; undefined: it is none of a plan. */
  planOf(priceId: string): string | undefined;
}

/** What Stripe does not know: the free plan and the overage that the organization chose. */
export interface OwnView {
  base: string;
  maxOverage: number | null;
  /** The subscription that the organization is known to have, or to have had. */
  known: string | null;
}

export interface Expected {
  plan: string;
  version: number;
  status: string;
  source: string;
  seatLimit: number | null;
  seatsPurchased: number;
  pages: number;
  included: number;
  maxOverage: number;
  pendingPlan: string | null;
  /** Seconds since 1970. */
  effectiveAt: number | null;
  cancelAt: number | null;
  trialEnd: number | null;
  validUntil: number | null;
  period: string | null;
  attention: string | null;
  subscriptionId: string | null;
  /** Stripe's word for why it is paused. */
  pausedFor: string | null;
}

const order = ["active", "trialing", "past_due", "paused", "unpaid", "incomplete"];
const over = ["canceled", "incomplete_expired"];

/** `kept`: Stripe's state names no plan of ours, so that the state of before holds. @param now seconds */
export function expectationOf(stripe: StripeView, own: OwnView, now: number): Expected | "kept" {
  const ours = stripe.deleted
    ? []
    : stripe.subscriptions.filter((one) => one.id === own.known || isOurs(one));
  const live = ours
    .filter(({ status }) => !over.includes(status))
    .sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status) || b.created - a.created);
  const [winner] = live;
  if (winner === undefined || winner.status === "incomplete") {
    const status = winner ? "incomplete" : ours.length > 0 ? "ended" : "none";
    return { ...withoutPlan(own), status };
  }
  const item = winner.items.data.find(({ price }) => price.metadata.headroom_role === "plan");
  if (item === undefined) return "kept";
  const rivals = live.filter(({ status }) => status !== "incomplete").length > 1;
  return { ...running(stripe, winner, item, own, now), attention: rivals ? "multiple_subscriptions" : null };
}

function isOurs({ metadata, items }: Stripe.Subscription): boolean {
  return (
    metadata.headroom_organization !== undefined ||
    items.data.some(({ price }) => price.metadata.headroom_role !== undefined)
  );
}

function withoutPlan({ base }: OwnView): Omit<Expected, "status"> {
  return {
    ...limitsOf(`${base}:1`, 0, 0),
    source: "none",
    seatsPurchased: 0,
    pendingPlan: null,
    effectiveAt: null,
    cancelAt: null,
    trialEnd: null,
    validUntil: null,
    period: null,
    attention: null,
    subscriptionId: null,
    pausedFor: null,
  };
}

function limitsOf(key: string, purchased: number, maxOverage: number) {
  const [plan = "", version] = key.split(":");
  const found = terms[key];
  if (found === undefined) throw new Error(`the oracle has no plan ${key}`);
  return {
    plan,
    version: Number(version),
    seatLimit: found.seats === "members" ? null : found.seats.included + purchased,
    pages: found.pages,
    included: found.jobs?.included ?? freeJobs,
    maxOverage: found.jobs === null ? 0 : maxOverage,
  };
}

function running(
  stripe: StripeView,
  subscription: Stripe.Subscription,
  item: Stripe.SubscriptionItem,
  own: OwnView,
  now: number,
): Expected {
  const { metadata, status } = subscription;
  const bought = `${item.price.metadata.headroom_plan}:${item.price.metadata.headroom_plan_version}`;
  const end = item.current_period_end;
  // A downgrade waits: the items have the next plan already, the metadata the one that is paid for. One that was paused
  // in the second in which its period began ends then too, and waits for nothing.
  const keptUntil = Date.parse(metadata.headroom_kept_until ?? "");
  const waits = metadata.headroom_kept_plan && keptUntil === end * 1000 && end > now;
  const held = waits ? `${metadata.headroom_kept_plan}:${metadata.headroom_kept_version}` : bought;
  const seats = subscription.items.data
    .filter(({ price }) => price.metadata.headroom_role === "seat")
    .reduce((sum, { quantity }) => sum + (quantity ?? 0), 0);
  const seatsPurchased = waits && metadata.headroom_kept_seats ? Number(metadata.headroom_kept_seats) : seats;
  const cancelAt = subscription.cancel_at ?? (subscription.cancel_at_period_end ? end : null);
  const graceEnd = behindSince(subscription, stripe.open) + (terms[held]?.graceDays ?? 0) * day;
  const state = standing(status, graceEnd, now);
  const holds = state === "active" || state === "trialing" || state === "past_due";
  const overage = own.maxOverage ?? terms[held]?.jobs?.maxOverage ?? 0;
  const planned = waits
    ? { plan: bought.split(":")[0] ?? "", at: end }
    : scheduled(subscription.schedule, bought, stripe);
  const until = [
    holds ? cancelAt : null,
    state === "past_due" ? graceEnd : null,
    holds ? (planned?.at ?? null) : null,
    state === "trialing" ? subscription.trial_end : null,
  ].filter((one): one is number => one !== null);
  const next = cancelAt === null ? planned : { plan: own.base, at: cancelAt };
  return {
    ...limitsOf(holds ? held : `${own.base}:1`, holds ? seatsPurchased : 0, state === "active" ? overage : 0),
    status: state,
    source: "stripe",
    seatsPurchased,
    pendingPlan: next?.plan ?? null,
    effectiveAt: next?.at ?? null,
    cancelAt,
    trialEnd: subscription.trial_end,
    validUntil: until.length === 0 ? null : Math.min(...until),
    period: `${item.current_period_start}..${end}`,
    attention: null,
    subscriptionId: subscription.id,
    pausedFor: subscription.status_details?.paused?.subscription?.type ?? null,
  };
}

/** The first phase to come that is of another plan than the one that is bought now. */
function scheduled(
  schedule: Stripe.Subscription["schedule"],
  bought: string,
  { planOf }: StripeView,
): { plan: string; at: number } | null {
  if (schedule === null || typeof schedule === "string" || schedule.status !== "active") return null;
  const { phases, current_phase: current } = schedule;
  for (const { start_date: at, items } of phases) {
    if (current === null || at <= current.start_date) continue;
    const plan = items.map(({ price }) => planOf(String(price))).find((one) => one !== undefined);
    if (plan !== undefined && plan !== bought) return { plan: plan.split(":")[0] ?? "", at };
  }
  return null;
}

/** Since when nobody pays: since the oldest invoice that is open, or since the newest where none is. */
function behindSince(
  { id, latest_invoice: latest }: Stripe.Subscription,
  open: readonly Stripe.Invoice[],
): number {
  const own = open.filter(({ parent }) => parent?.subscription_details?.subscription === id);
  const newest = latest === null || typeof latest === "string" ? [] : [latest];
  const starts = (own.length > 0 ? own : newest).map(
    (one) => one.due_date ?? one.status_transitions.finalized_at ?? 0,
  );
  return Math.min(...starts);
}

function standing(status: string, graceEnd: number, now: number): string {
  if (status === "active" || status === "trialing") return status;
  if (status === "past_due") return now < graceEnd ? "past_due" : "restricted";
  return status === "paused" ? "suspended" : "restricted";
}
