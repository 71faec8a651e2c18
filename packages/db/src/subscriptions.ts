import {
  type Attention,
  type Instant,
  planAt,
  type SubscriptionFacts,
  type SubscriptionState,
} from "@headroom/domain/subscriptions";
import { type Selectable, sql } from "kysely";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

/** An organization's subscription, and the plan that holds while none does. */
export interface SubscriptionRow {
  base: { planId: string; planVersion: number };
  facts: SubscriptionFacts;
}

/** Every organization has one from its first moment. */
export async function readSubscription(tx: Tx, organizationId: string): Promise<SubscriptionRow> {
  const row = await tx
    .selectFrom("subscription")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .executeTakeFirstOrThrow();
  return { base: { planId: row.base_plan_id, planVersion: row.base_plan_version }, facts: toFacts(row) };
}

/**
 * Writes the facts and lets every gate of the organization ask its limits again. The caller holds the organization's
 * lock.
 * @param periodStart where a usage period starts; gates end the running one there, before the row changes.
 */
export async function writeSubscription(
  tx: Tx,
  organizationId: string,
  facts: SubscriptionFacts,
  { periodStart, now }: { periodStart: Instant | null; now: Date },
): Promise<void> {
  if (periodStart !== null) {
    // Stripe's clock may be a moment ahead of ours, and a period cannot start in the future.
    const start = new Date(Math.min(periodStart, now.getTime()));
    await sql`select start_period(${organizationId}, ${start})`.execute(tx);
  } else {
    await rollGates(tx, organizationId);
    await settleSegments(tx, organizationId, facts, now);
  }
  await tx
    .updateTable("subscription")
    .set({ ...toColumns(facts), updated_at: now })
    .where("organization_id", "=", organizationId)
    .execute();
  await refreshLimits(tx, organizationId);
}

/** Moves an organization to another free plan. The caller holds its lock. */
export async function writeBasePlan(
  tx: Tx,
  organizationId: string,
  plan: { planId: string; planVersion: number },
  now: Date,
): Promise<void> {
  await rollGates(tx, organizationId);
  await tx
    .updateTable("subscription")
    .set({ base_plan_id: plan.planId, base_plan_version: plan.planVersion, updated_at: now })
    .where("organization_id", "=", organizationId)
    .execute();
  await refreshLimits(tx, organizationId);
}

// Under `overage.onPlanChange: settle`, another plan within a period settles what was used until now by the one before.
async function settleSegments(
  tx: Tx,
  organizationId: string,
  { planId, planVersion, pending }: SubscriptionFacts,
  now: Date,
): Promise<void> {
  const { base } = await readSubscription(tx, organizationId);
  const next = planAt({ planId, planVersion, pending, limitsUntil: null }, base, now.getTime());
  await sql`select settle_segments(${organizationId}, ${next.planId}, ${next.planVersion})`.execute(tx);
}

/**
 * Ends every window of the organization whose time is over, under the plan, the subscription and the zone that still
 * stand: before one of them is written. The caller holds the organization's lock.
 */
export async function rollGates(tx: Tx, organizationId: string): Promise<void> {
  await sql`select roll_gates(${organizationId})`.execute(tx);
}

/** Lets every gate of the organization ask its limits again. The caller holds the organization's lock. */
export async function refreshLimits(tx: Tx, organizationId: string): Promise<void> {
  await sql`select refresh_limits(${organizationId})`.execute(tx);
}

function toFacts(row: Selectable<DB["subscription"]>): SubscriptionFacts {
  return {
    source: row.source as SubscriptionFacts["source"],
    state: row.state as SubscriptionState,
    planId: row.plan_id,
    planVersion: row.plan_version,
    pending: pendingOf(row),
    limitsUntil: instant(row.limits_until),
    overageAllowed: row.overage_allowed,
    seatsPurchased: row.seats_purchased,
    anchor: instant(row.anchor),
    periodStart: instant(row.current_period_start),
    periodEnd: instant(row.current_period_end),
    interval: row.billing_interval,
    currency: row.currency,
    trialEnd: instant(row.trial_end),
    trialUsed: row.trial_used,
    cancelAt: instant(row.cancel_at),
    pastDueSince: instant(row.past_due_since),
    attention: row.attention as Attention | null,
    subscriptionId: row.stripe_subscription_id,
    status: row.stripe_status,
    pausedFor: row.paused_for,
    planItemId: row.plan_item_id,
    seatItemId: row.seat_item_id,
  };
}

function toColumns(facts: SubscriptionFacts) {
  return {
    source: facts.source,
    state: facts.state,
    plan_id: facts.planId,
    plan_version: facts.planVersion,
    pending_plan_id: facts.pending?.planId ?? null,
    pending_plan_version: facts.pending?.planVersion ?? null,
    pending_at: date(facts.pending?.at ?? null),
    pending_scheduled: facts.pending?.scheduled ?? false,
    limits_until: date(facts.limitsUntil),
    overage_allowed: facts.overageAllowed,
    seats_purchased: facts.seatsPurchased,
    anchor: date(facts.anchor),
    current_period_start: date(facts.periodStart),
    current_period_end: date(facts.periodEnd),
    billing_interval: facts.interval,
    currency: facts.currency,
    trial_end: date(facts.trialEnd),
    trial_used: facts.trialUsed,
    cancel_at: date(facts.cancelAt),
    past_due_since: date(facts.pastDueSince),
    attention: facts.attention,
    stripe_subscription_id: facts.subscriptionId,
    stripe_status: facts.status,
    paused_for: facts.pausedFor,
    plan_item_id: facts.planItemId,
    seat_item_id: facts.seatItemId,
  };
}

function pendingOf(row: Selectable<DB["subscription"]>): SubscriptionFacts["pending"] {
  const { pending_plan_id: planId, pending_plan_version: planVersion, pending_at: at } = row;
  return planId === null || planVersion === null || at === null
    ? null
    : { planId, planVersion, at: at.getTime(), scheduled: row.pending_scheduled };
}

function instant(value: Date | null): Instant | null {
  return value === null ? null : value.getTime();
}

function date(value: Instant | null): Date | null {
  return value === null ? null : new Date(value);
}
