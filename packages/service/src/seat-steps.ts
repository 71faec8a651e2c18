import { readClock } from "@headroom/db/clock";
import { noteSynced } from "@headroom/db/customer-leases";
import { findCustomer } from "@headroom/db/customers";
import { listPricesOf } from "@headroom/db/plan-prices";
import { findPlan, readCatalogue } from "@headroom/db/plans";
import {
  holdSeatTarget,
  noteSeatPush,
  readSeatTarget,
  type SeatTarget,
  type SentPush,
  settleSeatTarget,
} from "@headroom/db/seat-targets";
import { lockOrganizationOrDeleted, type OrganizationRow, type Tx } from "@headroom/db/tenancy";
import { planItemOf } from "@headroom/domain/catalogue";
import { canonical } from "@headroom/domain/plans";
import { decideSeatPush, type SeatDecision } from "@headroom/domain/seat-sync";
import { seatedMembers } from "@headroom/domain/seats";
import { noteCall, slotFor } from "@headroom/domain/stripe-limits";
import {
  isLiveAtStripe,
  type SubscriptionFacts,
  type SubscriptionSnapshot,
  waitingInItems,
} from "@headroom/domain/subscriptions";
import type { ServiceContext } from "./context.ts";
import type { CustomerLease } from "./customer-leases.ts";
import type { CustomerState } from "./stripe/gateway.ts";
import { applyCustomer, writeFacts } from "./subscriptions.ts";

type Context = Pick<ServiceContext, "configuration">;

/** Of one organization in one round: a mark to return to, the change beyond it, and one that was declined. */
const mostCalls = 3;

/** What has been done for an organization in this round. */
export interface Course {
  calls: number;
  /** What the calls so far are for. */
  version: number | null;
  declined: boolean;
}

/** The call to make, or none: Stripe is right, or (`held`) its limits ask for patience. */
type Step = { call: SentPush; version: number } | { call: null; held: boolean };

interface Round {
  lease: CustomerLease;
  organizationId: string;
  customer: CustomerState | null;
  course: Course;
}

const rest: Step = { call: null, held: false };

/** Writes what Stripe has, counts the members, and writes the next call down before it is made; in one transaction. */
export async function takeStep(context: Context, tx: Tx, round: Round): Promise<Step> {
  const { lease, organizationId, customer, course } = round;
  const organization = await lockOrganizationOrDeleted(tx, organizationId);
  await lease.assertHeld(tx);
  // One who was deleted at Stripe meanwhile, and has given way to another, is not asked for the other's seats.
  if (organization === null || (await findCustomer(tx, organizationId)) !== lease.customerId) {
    return rest;
  }
  const now = await readClock(tx);
  const facts = await applyCustomer(tx, organization, { customerId: lease.customerId, state: customer }, now);
  await noteSynced(tx, lease.customerId, {
    seq: null,
    checkedAt: lease.takenAt,
    live: isLiveAtStripe(facts),
  });
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
  { configuration }: Context,
  tx: Tx,
  known: {
    subscription: SubscriptionSnapshot;
    facts: SubscriptionFacts;
    target: SeatTarget;
    declined: boolean;
  },
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
    pending: waitingInItems(facts) !== null,
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
    target: SeatTarget;
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
  // A call of this round was answered: wanted again, it did nothing, because Stripe took it for one from before.
  const repeated = course.calls === 0 && isSame(target.sent, { subscriptionId, items, proration });
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
