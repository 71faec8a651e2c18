import type { Rule } from "./explanations.ts";
import { type Instant, type SubscriptionFacts, stateAt } from "./subscriptions.ts";

/** Why this plan's limits hold. */
export type PlanCode =
  | "subscription"
  | "grace"
  | "cancellation"
  | "assigned"
  | "base"
  | "subscription_state"
  | "recorded";

export interface ExplainedPlan {
  id: string;
  version: number;
  rule: Rule<PlanCode>;
  /** When it ends by itself; null: it does not. */
  until: Instant | null;
}

type Plan = { id: string; version: number };

/** Why a plan's limits hold at an instant. */
export function explainPlan(
  plan: Plan,
  facts: Pick<SubscriptionFacts, "source" | "state" | "planId" | "limitsUntil">,
  at: Instant,
): ExplainedPlan {
  const { source, planId, limitsUntil } = facts;
  const state = stateAt(facts, at);
  const holds = limitsUntil === null || at < limitsUntil;
  const told = (code: PlanCode, text: string, until: Instant | null): ExplainedPlan => ({
    ...plan,
    rule: { code, text },
    until,
  });
  if (planId === null) {
    return told("base", "No subscription gives a plan: the organization's base plan holds.", null);
  }
  if (!holds) {
    const over = "The plan that an operator assigned has ended: the organization's base plan holds.";
    return told(
      "subscription_state",
      source === "operator" ? over : `The subscription is ${state}: the organization's base plan holds.`,
      null,
    );
  }
  if (limitsUntil !== null && facts.state === "past_due") {
    return told("grace", "A payment is overdue: the plan holds until the grace time ends.", limitsUntil);
  }
  if (source === "operator") {
    return told("assigned", "An operator assigned the plan.", limitsUntil);
  }
  if (limitsUntil !== null) {
    return told(
      "cancellation",
      "The subscription is to be cancelled: the plan holds until then.",
      limitsUntil,
    );
  }
  return told("subscription", `The subscription is ${state} and has this plan.`, null);
}

/** The plan that was written down when the gate left a period. */
export function recordedPlan(plan: Plan): ExplainedPlan {
  const text = "The plan that was in force when the period ended.";
  return { ...plan, rule: { code: "recorded", text }, until: null };
}
