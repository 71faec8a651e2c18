import type { PlanDefinition } from "./configuration.ts";
import { DomainError } from "./errors.ts";

/** True for the value of a feature that is there: not `false`, no 0, no empty text. */
export function isHeld(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== "";
}

/** A plan as far as its features go. */
export interface FeaturedPlan {
  id: string;
  active: boolean;
  public: boolean;
  definition: Pick<PlanDefinition, "displayName" | "features">;
}

/** The 402 of whoever lacks a feature, with the plans that anybody can buy and that have it. */
export function planRequired(feature: string, plans: readonly FeaturedPlan[]): DomainError {
  const helping = plans.filter(
    ({ active, public: listed, definition }) => active && listed && isHeld(definition.features[feature]),
  );
  return new DomainError("plan_required", "This needs a plan that you do not have.", {
    feature,
    upgradePlans: helping.map(({ id, definition }) => ({ planId: id, displayName: definition.displayName })),
  });
}
