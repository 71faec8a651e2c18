import { invalidField } from "./validation.ts";

export const overrideKinds = ["daily_limit", "included", "seats", "feature"] as const;

export type OverrideKind = (typeof overrideKinds)[number];

/** What stands in place of the plan's: a limit, null for no limit, or the value of a feature. */
export type OverrideValue = boolean | number | string | null;

/** What an override is about. */
export interface OverridePlace {
  kind: OverrideKind;
  /** The meter of a limit, or the feature; null for seats. */
  name: string | null;
}

/** @throws DomainError validation_failed unless a meter or a feature is named, and nothing for seats. */
export function assertOverridePlace({ kind, name }: OverridePlace): void {
  if ((kind === "seats") !== (name === null)) {
    throw invalidField("name", kind === "seats" ? "is for the other kinds" : `is required for ${kind}`);
  }
}

const longestReason = 500;

/** @throws DomainError validation_failed unless the reason has 1 to 500 characters. */
export function assertOverrideReason(reason: string): void {
  if (reason.trim() === "" || [...reason].length > longestReason) {
    throw invalidField("reason", `is not 1 to ${longestReason} characters`);
  }
}

/**
 * A limit is a whole number from 0 to 2^53 − 1, or null for none; a feature is a boolean, a number or a text.
 * @throws DomainError validation_failed
 */
export function assertOverrideValue(kind: OverrideKind, value: OverrideValue): void {
  if (kind === "feature") {
    if (value === null || (typeof value === "number" && !Number.isFinite(value))) {
      throw invalidField("value", "is not a boolean, a number or a text");
    }
    return;
  }
  if (value !== null && !(typeof value === "number" && Number.isSafeInteger(value) && value >= 0)) {
    throw invalidField("value", "is not a whole number from 0 to 2^53 - 1, nor null for no limit");
  }
}
