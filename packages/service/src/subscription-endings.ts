import { readSubscription } from "@headroom/db/subscriptions";
import type { Tx } from "@headroom/db/tenancy";
import { noSubscriptionError, runs } from "@headroom/domain/plan-changes";
import type { SubscriptionFacts } from "@headroom/domain/subscriptions";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { atStripe, type Wish } from "./subscription-changes.ts";

export interface EndingView {
  /** When the subscription ends; null: it goes on. */
  cancelAt: string | null;
  changed: boolean;
  /** The plan that holds once it has ended. */
  nextPlan: { planId: string; planVersion: number };
}

/**
 * Ends the subscription with its paid period, or at once. What was used above the plan is billed either way.
 * @throws DomainError no_subscription (409), billing_not_configured and unavailable (503)
 */
export async function cancelSubscription(
  context: ServiceContext,
  access: Access,
  { when }: { when: "now" | "period_end" },
): Promise<EndingView> {
  const { facts, base, now, wish } = await atStripe(context, access, (turn) =>
    turn.change(async (tx, { organizationId }, at) => {
      const found = await readRunning(tx, organizationId);
      const ends = when === "period_end" && found.facts.cancelAt !== null;
      return { ...found, now: at, wish: ends ? null : cancelling(found.facts, when) };
    }),
  );
  const at = when === "now" ? now.getTime() : (facts.cancelAt ?? facts.periodEnd);
  return {
    cancelAt: at === null ? null : new Date(at).toISOString(),
    changed: wish !== null,
    nextPlan: base,
  };
}

/**
 * Withdraws a cancellation that has not come yet; without one nothing changes.
 * @throws DomainError no_subscription (409), billing_not_configured and unavailable (503)
 */
export async function resumeSubscription(context: ServiceContext, access: Access): Promise<EndingView> {
  const { base, wish } = await atStripe(context, access, (turn) =>
    turn.change(async (tx, { organizationId }) => {
      const found = await readRunning(tx, organizationId);
      return { ...found, wish: found.facts.cancelAt === null ? null : resuming(found.facts) };
    }),
  );
  return { cancelAt: null, changed: wish !== null, nextPlan: base };
}

async function readRunning(tx: Tx, organizationId: string) {
  const { facts, base } = await readSubscription(tx, organizationId);
  if (!runs(facts) || facts.subscriptionId === null) {
    throw noSubscriptionError();
  }
  return { facts: { ...facts, subscriptionId: facts.subscriptionId }, base };
}

type Running = SubscriptionFacts & { subscriptionId: string };

function cancelling({ subscriptionId, planId, periodEnd }: Running, when: "now" | "period_end"): Wish {
  const at = when === "now" || periodEnd === null ? null : new Date(periodEnd).toISOString();
  return {
    kind: "cancel",
    subscriptionId,
    steps: [{ call: "cancel", when }],
    audit: { action: "subscription.cancel_requested", data: { planId, when, at } },
  };
}

function resuming({ subscriptionId, planId }: Running): Wish {
  return {
    kind: "resume",
    subscriptionId,
    steps: [{ call: "resume" }],
    audit: { action: "subscription.resume_requested", data: { planId } },
  };
}
