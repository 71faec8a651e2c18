import { findOpenCheckout } from "@headroom/db/checkouts";
import { readClock } from "@headroom/db/clock";
import { findPlan, type PlanRow } from "@headroom/db/plans";
import { readSeatCounts } from "@headroom/db/seats";
import { readSubscription, type SubscriptionRow } from "@headroom/db/subscriptions";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { hasPermission } from "@headroom/domain/access";
import { type Seats, seatsOf } from "@headroom/domain/seats";
import { type Attention, planAt, type SubscriptionState, stateAt } from "@headroom/domain/subscriptions";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { waitingIn } from "./plan-changes.ts";

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
  seats: Seats;
  /** The plan that takes over later, and when: a cheaper one, or the free one that a cancellation leads to. */
  pendingPlan: { planId: string; planVersion: number } | null;
  effectiveAt: string | null;
  cancelAt: string | null;
  trialEnd: string | null;
  /** Something that a person should look into; the state from before is kept meanwhile. */
  attention: Attention | null;
  /** The checkout that is open; the address is for those who manage billing. */
  openCheckout: { planId: string; planVersion: number; checkoutUrl: string | null } | null;
}

/** The organization's plan and subscription as they are now. */
export async function getBilling(
  context: Pick<ServiceContext, "db" | "configuration">,
  access: Access,
): Promise<BillingView> {
  const { organizationId } = access;
  const { policies } = context.configuration;
  return withOrganization(context.db, organizationId, async (tx) => {
    const subscription = await readSubscription(tx, organizationId);
    const now = await readClock(tx);
    const open = await findOpenCheckout(tx, organizationId);
    const mayPay = hasPermission(access.actor, access.role, "billing.manage", policies);
    return {
      ...toView(subscription, await planInForce(tx, subscription, now), now),
      seats: seatsOf({ ...(await readSeatCounts(tx, organizationId)), policies }),
      openCheckout: open && {
        planId: open.parameters.planId,
        planVersion: open.parameters.planVersion,
        checkoutUrl: mayPay ? (open.session?.url ?? null) : null,
      },
    };
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

function toView(
  { facts, base }: SubscriptionRow,
  plan: PlanRow,
  now: Date,
): Omit<BillingView, "seats" | "openCheckout"> {
  const { periodStart, periodEnd, cancelAt, trialEnd } = facts;
  const found = waitingIn(facts, base);
  const waiting = found !== null && found.at > now.getTime() ? found : null;
  return {
    plan: { id: plan.id, version: plan.version, displayName: plan.definition.displayName },
    status: stateAt(facts, now.getTime()),
    source: facts.source,
    interval: facts.interval,
    currency: facts.currency,
    period:
      periodStart === null || periodEnd === null ? null : { start: iso(periodStart), end: iso(periodEnd) },
    seatsPurchased: facts.seatsPurchased,
    pendingPlan: waiting?.plan ?? null,
    effectiveAt: waiting && iso(waiting.at),
    cancelAt: cancelAt === null ? null : iso(cancelAt),
    trialEnd: trialEnd === null ? null : iso(trialEnd),
    attention: facts.attention,
  };
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
