import { DomainError } from "./errors.ts";
import { type Instant, isLiveAtStripe, noSubscription, type SubscriptionFacts } from "./subscriptions.ts";
import { invalidField } from "./validation.ts";

/** A plan that an operator gives an organization, without Stripe. */
export interface PlanAssignment {
  planId: string;
  planVersion: number;
  /** Months are counted from here. */
  startsAt: Instant;
  /** null: it stays until it is removed. */
  endsAt: Instant | null;
}

/**
 * What an organization has under an assignment: the plan, with overage, which is counted and shown and never billed
 * through Stripe. What Stripe said last of a subscription that has ended is kept.
 */
export function assignedFacts(previous: SubscriptionFacts, assignment: PlanAssignment): SubscriptionFacts {
  return {
    ...unassignedFacts(previous),
    source: "operator",
    state: "active",
    planId: assignment.planId,
    planVersion: assignment.planVersion,
    limitsUntil: assignment.endsAt,
    overageAllowed: true,
    anchor: assignment.startsAt,
  };
}

/** What is left when an assignment ends: the base plan holds. */
export function unassignedFacts(previous: SubscriptionFacts): SubscriptionFacts {
  const { currency, trialUsed, subscriptionId, status } = previous;
  return { ...noSubscription, state: "ended", currency, trialUsed, subscriptionId, status };
}

/** True while the facts are an assignment's that has not run out. */
export function isAssigned(
  { source, limitsUntil }: Pick<SubscriptionFacts, "source" | "limitsUntil">,
  now: Instant,
): boolean {
  return source === "operator" && (limitsUntil === null || now < limitsUntil);
}

/** @throws DomainError validation_failed for one that would be over before it starts, or is over already. */
export function assertAssignmentTimes({ startsAt, endsAt }: PlanAssignment, now: Instant): void {
  if (endsAt !== null && endsAt <= startsAt) {
    throw invalidField("until", "is not after the start");
  }
  if (endsAt !== null && endsAt <= now) {
    throw invalidField("until", "is in the past");
  }
}

/**
 * Whoever pays is not given a plan beside it; one that waits may follow a subscription that is to end before.
 * @throws DomainError active_subscription (409) while a subscription at Stripe is live when it starts.
 */
export function assertAssignable(facts: SubscriptionFacts, startsAt: Instant): void {
  if (isLiveAtStripe(facts) && (facts.cancelAt === null || startsAt < facts.cancelAt)) {
    throw new DomainError("active_subscription", "The organization has a subscription at Stripe.", {
      planId: facts.planId,
      status: facts.state,
    });
  }
}
