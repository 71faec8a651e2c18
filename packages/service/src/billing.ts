import { readClock } from "@headroom/db/clock";
import { findPlan, type PlanRow } from "@headroom/db/plans";
import { readSubscription, type SubscriptionRow, writeBasePlan } from "@headroom/db/subscriptions";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { assertAvailable, isFree } from "@headroom/domain/plans";
import { type Attention, planAt, type SubscriptionState, stateAt } from "@headroom/domain/subscriptions";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import { startCheckout } from "./checkout.ts";
import { assertNoSubscription, type CheckoutInput } from "./checkout-terms.ts";
import type { ServiceContext } from "./context.ts";

export interface BillingView {
  /** The plan whose limits hold now. */
  plan: { id: string; version: number; displayName: string };
  status: SubscriptionState;
  /** Who gives the plan. */
  source: "none" | "stripe" | "operator";
  interval: string | null;
  currency: string | null;
  /** The period that is paid for; null without a subscription. */
  period: { start: string; end: string } | null;
  /** Seats bought on top of the plan's own. */
  seatsPurchased: number;
  cancelAt: string | null;
  trialEnd: string | null;
  /** Something that a person should look into; the state from before is kept meanwhile. */
  attention: Attention | null;
}

/** The organization's plan and subscription as they are now. */
export async function getBilling(context: Pick<ServiceContext, "db">, access: Access): Promise<BillingView> {
  return withOrganization(context.db, access.organizationId, async (tx) => {
    const subscription = await readSubscription(tx, access.organizationId);
    const now = await readClock(tx);
    return toView(subscription, await planInForce(tx, subscription, now), now);
  });
}

async function planInForce(tx: Tx, { base, facts }: SubscriptionRow, now: Date): Promise<PlanRow> {
  const { planId, planVersion } = planAt(facts, base, now.getTime());
  const plan = await findPlan(tx, planId, planVersion);
  if (!plan) {
    throw new Error(`plan ${planId} version ${planVersion} is not in the catalogue`);
  }
  return plan;
}

function toView({ facts }: SubscriptionRow, plan: PlanRow, now: Date): BillingView {
  const { periodStart, periodEnd, cancelAt, trialEnd } = facts;
  return {
    plan: { id: plan.id, version: plan.version, displayName: plan.definition.displayName },
    status: stateAt(facts, now.getTime()),
    source: facts.source,
    interval: facts.interval,
    currency: facts.currency,
    period:
      periodStart === null || periodEnd === null ? null : { start: iso(periodStart), end: iso(periodEnd) },
    seatsPurchased: facts.seatsPurchased,
    cancelAt: cancelAt === null ? null : iso(cancelAt),
    trialEnd: trialEnd === null ? null : iso(trialEnd),
    attention: facts.attention,
  };
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}

export interface PlanChangeView {
  /** The plan whose limits hold now. */
  planId: string;
  planVersion: number;
  changed: boolean;
  /** Where to pay for the plan that was asked for; nothing has changed until then. */
  checkoutUrl: string | null;
}

/**
 * Changes the plan of an organization without a subscription: to a free plan at once, to a paid one by a checkout.
 * @throws DomainError plan_not_found (404), plan_not_available (400), active_subscription (409) while a subscription
 *   runs, and what `startCheckout` throws.
 */
export async function changePlan(
  context: ServiceContext,
  access: Access,
  input: Omit<CheckoutInput, "seats">,
): Promise<PlanChangeView> {
  const decision = await withLockedOrganization(context, access, async (tx, _organization, fresh) => {
    const { organizationId, actor } = fresh;
    const subscription = await readSubscription(tx, organizationId);
    const now = await readClock(tx);
    const current = await planInForce(tx, subscription, now);
    const plan = await findPlan(tx, input.planId);
    if (!plan) {
      throw new DomainError("plan_not_found", "There is no such plan.", { planId: input.planId });
    }
    if (plan.id === current.id) {
      return { plan: current, changed: false, pay: false };
    }
    assertAvailable(plan);
    assertNoSubscription(subscription);
    if (!isFree(plan.definition)) {
      return { plan: current, changed: false, pay: true };
    }
    await writeBasePlan(tx, organizationId, { planId: plan.id, planVersion: plan.version }, now);
    const target = encodeId("org", organizationId);
    const data = { from: current.id, to: plan.id, version: plan.version };
    const audit = { action: "plan.changed", target, data };
    await recordChange(tx, {
      organizationId,
      actor,
      audit,
      events: [{ name: "entitlements.changed", payload: {} }],
    });
    return { plan, changed: true, pay: false };
  });
  const { plan, changed, pay } = decision;
  const checkoutUrl = pay ? (await startCheckout(context, access, input)).checkoutUrl : null;
  return { planId: plan.id, planVersion: plan.version, changed, checkoutUrl };
}
