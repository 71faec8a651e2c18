import { readClock } from "@headroom/db/clock";
import { noteSynced } from "@headroom/db/customer-leases";
import { listPricesOf } from "@headroom/db/plan-prices";
import { findPlan, readCatalogue } from "@headroom/db/plans";
import {
  forgetSeatPush,
  holdSeatTarget,
  listDueSeatTargets,
  noteSeatPush,
  putOffSeatTarget,
  readSeatTarget,
  type SeatDebounce,
  type SentPush,
  settleSeatTarget,
} from "@headroom/db/seat-targets";
import {
  lockOrganizationOrDeleted,
  type OrganizationRow,
  type Tx,
  withOrganization,
  withSystem,
} from "@headroom/db/tenancy";
import { planItemOf } from "@headroom/domain/catalogue";
import { canonical } from "@headroom/domain/plans";
import { decideSeatPush, type SeatDecision } from "@headroom/domain/seat-sync";
import { seatedMembers } from "@headroom/domain/seats";
import { noteCall, slotFor } from "@headroom/domain/stripe-limits";
import type { SubscriptionFacts, SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import type { ServiceContext } from "./context.ts";
import { type CustomerLease, withCustomerLease } from "./customer-leases.ts";
import { isPassing, StripeFault } from "./stripe/faults.ts";
import type { CustomerState, StripeGateway } from "./stripe/gateway.ts";
import { applyCustomer, writeFacts } from "./subscriptions.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log" | "configuration">;
type SeatContext = Context & { stripe: StripeGateway };
type Target = NonNullable<Awaited<ReturnType<typeof readSeatTarget>>>;

/** `settled`: Stripe was right. `held`: Stripe's limits. `busy`: another process works on the customer. */
export type SeatOutcome = "pushed" | "settled" | "held" | "busy" | "failed";

const atOnce = 50;
/** Of one organization in one round: a mark to return to, the change beyond it, and one that was declined. */
const mostCalls = 3;
export const seatDebounce: SeatDebounce = { quietMs: 5_000, longestMs: 60_000 };

/**
 * Tells Stripe the seats of organizations whose plan follows their members, once no more changes come for a while. Safe
 * beside itself in another process: whoever calls Stripe holds the customer's lease. Nobody who joins or leaves waits.
 * @param context `db` as hr_worker.
 */
export async function syncSeats(
  context: Context,
  debounce: SeatDebounce = seatDebounce,
): Promise<Record<SeatOutcome, number>> {
  const { db, stripe } = context;
  const outcomes = { pushed: 0, settled: 0, held: 0, busy: 0, failed: 0 };
  if (stripe === null) {
    return outcomes;
  }
  for (const due of await withSystem(db, (tx) => listDueSeatTargets(tx, debounce, atOnce))) {
    const work = (lease: CustomerLease) => followSafely({ ...context, stripe }, lease, due.organizationId);
    outcomes[await withCustomerLease(context, due.customerId, work)] += 1;
  }
  return outcomes;
}

async function followSafely(
  context: SeatContext,
  lease: CustomerLease,
  organizationId: string,
): Promise<SeatOutcome> {
  const { db, log } = context;
  try {
    const outcome = await follow(context, lease, organizationId);
    log.info({ organizationId, outcome }, "seats followed");
    return outcome;
  } catch (error) {
    log[isPassing(error) ? "warn" : "error"]({ err: error, organizationId }, "seats not pushed");
    const reason = error instanceof Error ? error.message : String(error);
    const answered = isAnswer(error);
    await withOrganization(db, organizationId, (tx) =>
      putOffSeatTarget(tx, organizationId, { reason, answered }),
    );
    return "failed";
  }
}

/** Fetch, decide, call, until Stripe is right: what is read back after the last call is what is written here. */
async function follow(
  context: SeatContext,
  lease: CustomerLease,
  organizationId: string,
): Promise<"pushed" | "settled" | "held"> {
  const { db, stripe } = context;
  const course: Course = { calls: 0, version: null, declined: false };
  for (;;) {
    const customer = await stripe.fetchCustomer(lease.customerId);
    const next = await withOrganization(db, organizationId, (tx) =>
      takeStep(context, tx, { lease, organizationId, customer, course }),
    );
    if (next.call === null) {
      return next.held ? "held" : course.calls > 0 ? "pushed" : "settled";
    }
    course.calls += 1;
    course.version = next.version;
    const { key, subscriptionId, items, proration } = next.call;
    try {
      await stripe.updateSubscription(subscriptionId, { items, proration }, key);
    } catch (error) {
      if (!(error instanceof StripeFault && error.kind === "declined" && proration === "now")) {
        throw error;
      }
      // Who joined stays; the next invoice carries the seat, and its payment is Stripe's to pursue.
      course.declined = true;
      await withOrganization(db, organizationId, (tx) => forgetSeatPush(tx, organizationId));
    }
  }
}

interface Course {
  calls: number;
  /** What the calls so far are for. */
  version: number | null;
  declined: boolean;
}

type Step = { call: SentPush; version: number } | { call: null; held: boolean };

interface Round {
  lease: CustomerLease;
  organizationId: string;
  customer: CustomerState | null;
  course: Course;
}

const rest: Step = { call: null, held: false };

/** Writes what Stripe has, counts the members, and writes the next call down before it is made; in one transaction. */
async function takeStep(context: SeatContext, tx: Tx, round: Round): Promise<Step> {
  const { lease, organizationId, customer, course } = round;
  const organization = await lockOrganizationOrDeleted(tx, organizationId);
  await lease.assertHeld(tx);
  if (organization === null) {
    return rest;
  }
  const now = await readClock(tx);
  const facts = await applyCustomer(tx, organization, customer, now);
  await noteSynced(tx, lease.customerId, null);
  const target = await readSeatTarget(tx, organizationId);
  if (target === null || target.version === target.pushedVersion) {
    return rest;
  }
  const { highWater } = target;
  if (course.version !== null && course.version !== target.version) {
    // Somebody came or went since: that waits for more of its kind.
    await settleSeatTarget(tx, organizationId, { version: course.version, quantity: null, highWater });
    return rest;
  }
  const subscription = customer?.subscriptions.find(({ id }) => id === facts.subscriptionId);
  const decision: SeatDecision =
    subscription === undefined
      ? { kind: "kept" }
      : await decide(context, tx, { subscription, facts, target, declined: course.declined });
  await noteAttention(tx, organization, facts, { differs: decision.kind === "differs", now });
  if (decision.kind === "push" && subscription !== undefined) {
    return writeCall(tx, organizationId, { subscription, target, decision, course });
  }
  await settleSeatTarget(tx, organizationId, {
    version: target.version,
    quantity: decision.kind === "settled" ? decision.quantity : null,
    highWater: decision.kind === "settled" ? decision.highWater : highWater,
  });
  return rest;
}

async function decide(
  { configuration }: SeatContext,
  tx: Tx,
  known: { subscription: SubscriptionSnapshot; facts: SubscriptionFacts; target: Target; declined: boolean },
): Promise<SeatDecision> {
  const { subscription, facts, target, declined } = known;
  const catalogue = await readCatalogue(tx);
  const item = planItemOf(subscription, catalogue);
  const plan = item && (await findPlan(tx, item.planId, item.planVersion));
  const prices = item === null ? [] : await listPricesOf(tx, item.planId, item.planVersion);
  const price = prices.find(
    ({ role, interval, currency }) =>
      role === "seat" && interval === item?.item.interval && currency === subscription.currency,
  );
  return decideSeatPush({
    subscription,
    catalogue,
    seats: plan?.definition.seats ?? null,
    seatPriceId: price?.stripePriceId ?? null,
    seated: seatedMembers(target.members, configuration.policies),
    pending: facts.pending !== null,
    highWater: target.highWater,
    edits: target.edits,
    declined,
  });
}

async function writeCall(
  tx: Tx,
  organizationId: string,
  known: {
    subscription: SubscriptionSnapshot;
    target: Target;
    decision: Extract<SeatDecision, { kind: "push" }>;
    course: Course;
  },
): Promise<Step> {
  const { target, decision, course } = known;
  const { items, quantity, proration: wished } = decision.push;
  if (course.calls === mostCalls) {
    throw new Error("the seats at Stripe do not come to what they are set to");
  }
  const { at, proration } = slotFor(target.recent, wished, target.now);
  if (at > target.now) {
    await holdSeatTarget(tx, organizationId, at);
    return { call: null, held: true };
  }
  const subscriptionId = known.subscription.id;
  const repeated = isSame(target.sent, { subscriptionId, items, proration });
  const push = repeated ? target.push : target.push + 1;
  const key = repeated && target.sent ? target.sent.key : `seat:${items[0]?.id ?? subscriptionId}:${push}`;
  const call: SentPush = { key, subscriptionId, items, proration };
  const recent = noteCall(target.recent, proration, target.now);
  await noteSeatPush(tx, organizationId, {
    push,
    sent: call,
    quantity,
    highWater: decision.highWater,
    recent,
  });
  return { call, version: target.version };
}

function isSame(sent: SentPush | null, call: Omit<SentPush, "key">): boolean {
  return sent !== null && canonical({ ...call, key: sent.key }) === canonical(sent);
}

async function noteAttention(
  tx: Tx,
  organization: OrganizationRow,
  facts: SubscriptionFacts,
  { differs, now }: { differs: boolean; now: Date },
): Promise<void> {
  const raised = facts.attention === "seats_differ";
  if (differs !== raised && (raised || facts.attention === null)) {
    const attention = differs ? "seats_differ" : null;
    await writeFacts(tx, organization, {
      previous: facts,
      facts: { ...facts, attention },
      periodStart: null,
      now,
    });
  }
}

/** Stripe said no, and would to the same key again. A fault without a request's id never got an answer. */
function isAnswer(error: unknown): boolean {
  return (
    error instanceof StripeFault &&
    (!isPassing(error) || (error.kind === "unavailable" && error.requestId !== null))
  );
}
