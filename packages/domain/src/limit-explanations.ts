import { type Rule, unitsOf } from "./explanations.ts";
import { type Instant, type SubscriptionFacts, stateAt } from "./subscriptions.ts";

/** Where a limit comes from. */
export type LimitCode =
  | "plan"
  | "override"
  | "meter_not_in_plan"
  | "plan_default"
  | "organization_units"
  | "organization_cents"
  | "ceiling"
  | "no_overage_terms"
  | "no_subscription"
  | "subscription_state"
  | "included_and_max_overage"
  | "no_limit"
  | "recorded"
  | "gate";

export type LimitName = "daily_limit" | "included" | "max_overage" | "hard_cap";

/** Each limit's field in what counters, plans and periods say. */
const fields = {
  daily_limit: "dailyLimit",
  included: "included",
  max_overage: "maxOverage",
  hard_cap: "hardCap",
} as const;

/** A limit and where it comes from. Units; null: no limit. */
export interface ExplainedLimit {
  limit: LimitName;
  value: number | null;
  rule: Rule<LimitCode>;
  /** When it ends by itself; null: it does not. */
  until: Instant | null;
  /** What the organization allows itself; null: nothing, or it does not matter here. */
  setting: { units: number | null; cents: number | null; unitPrice: string | null } | null;
}

/** What a plan version says of a meter. Prices are decimal strings of minor units. */
export interface PlanMeterTerms {
  dailyLimit: number | null;
  included: number | null;
  overage: boolean;
  maxOverageDefault: number | null;
  maxOverageCeiling: number | null;
  unitPrice: string | null;
  currency: string | null;
  billAboveCap: boolean;
}

/** A limit that an operator set in place of the plan's. */
export interface LimitOverride {
  limit: "daily_limit" | "included";
  value: number | null;
  expiresAt: Instant | null;
}

type Limits = Record<(typeof fields)[LimitName], number | null>;

export interface LimitFacts {
  at: Instant;
  subscription: Pick<SubscriptionFacts, "source" | "state" | "planId" | "limitsUntil" | "overageAllowed">;
  plan: { id: string; version: number };
  /** null: the plan version is older than the meter. */
  terms: PlanMeterTerms | null;
  setting: { units: number | null; cents: number | null } | null;
  overrides: readonly LimitOverride[];
  /** What the gate goes by. */
  inForce: Limits;
}

/**
 * The four limits of a meter as the gate goes by them, each with where it comes from. A value that the facts do not
 * come to is told as the gate's, never with a reason that is not its own.
 */
export function explainLimits(facts: LimitFacts): ExplainedLimit[] {
  const daily = ownOrPlan(facts, "daily_limit");
  const included = ownOrPlan(facts, "included");
  const overage = maxOverageOf(facts);
  return [daily, included, overage, hardCapOf(facts, included, overage)].map((one) => {
    const value = facts.inForce[fields[one.limit]];
    return value === one.value ? one : { ...explained(one.limit, value, asTheGate), until: one.until };
  });
}

/** The limits that were written down with a window or an event: as they were then. */
export function recordedLimits(limits: Partial<Limits>, text: string): ExplainedLimit[] {
  return (Object.keys(fields) as LimitName[]).flatMap((limit) => {
    const value = limits[fields[limit]];
    return value === undefined ? [] : [explained(limit, value, { code: "recorded", text })];
  });
}

const asTheGate: Rule<LimitCode> = {
  code: "gate",
  text: "This is what the counter goes by; what it follows from changed at this very moment.",
};

function explained(
  limit: LimitName,
  value: number | null,
  rule: Rule<LimitCode>,
  more: Partial<ExplainedLimit> = {},
): ExplainedLimit {
  return { limit, value, rule, until: null, setting: null, ...more };
}

const nouns = { daily_limit: "daily limit", included: "included units" } as const;

const says = {
  daily_limit: (value: number | null) =>
    value === null ? "has no daily limit" : `has a daily limit of ${unitsOf(value)}`,
  included: (value: number | null) =>
    `includes ${value === null ? "any number of units" : unitsOf(value)} a period`,
};

function ownOrPlan(facts: LimitFacts, limit: "daily_limit" | "included"): ExplainedLimit {
  const override = facts.overrides.find((one) => one.limit === limit);
  if (override) {
    const text = `An operator set the ${nouns[limit]} in place of the plan's.`;
    return explained(limit, override.value, { code: "override", text }, { until: override.expiresAt });
  }
  const until = planUntil(facts);
  if (facts.terms === null) {
    const text = `${named(facts.plan)} is older than this meter: nothing is included, and nothing is refused by the day.`;
    const value = limit === "included" ? 0 : null;
    return explained(limit, value, { code: "meter_not_in_plan", text }, { until });
  }
  const value = facts.terms[fields[limit]];
  const text = `${named(facts.plan)} ${says[limit](value)}.`;
  return explained(limit, value, { code: "plan", text }, { until });
}

// The subscription's plan holds until then, and the base plan has no end.
function planUntil({ subscription, at }: LimitFacts): Instant | null {
  const { planId, limitsUntil } = subscription;
  return planId !== null && limitsUntil !== null && at < limitsUntil ? limitsUntil : null;
}

function maxOverageOf(facts: LimitFacts): ExplainedLimit {
  const { terms, subscription, at } = facts;
  const until = planUntil(facts);
  const none = (code: LimitCode, text: string) => explained("max_overage", 0, { code, text }, { until });
  if (terms === null) {
    return none("meter_not_in_plan", `${named(facts.plan)} is older than this meter: it has no overage.`);
  }
  if (!terms.overage) {
    return none("no_overage_terms", `${named(facts.plan)} sells no overage of this meter.`);
  }
  const holds = subscription.limitsUntil === null || at < subscription.limitsUntil;
  if (subscription.planId === null) {
    return none("no_subscription", "Overage needs a subscription; the setting is kept until there is one.");
  }
  if (!holds || !subscription.overageAllowed) {
    const text = `The subscription is ${stateAt(subscription, at)}: no overage until it is active; the setting is kept.`;
    return none("subscription_state", text);
  }
  return underCeiling(terms, until, wishedOverage(facts, terms, until));
}

function wishedOverage(
  { setting, plan }: LimitFacts,
  terms: PlanMeterTerms,
  until: Instant | null,
): ExplainedLimit {
  const { unitPrice } = terms;
  if (setting === null) {
    const value = terms.maxOverageDefault;
    const text = `${named(plan)} allows ${value === null ? "any overage" : unitsOf(value)} unless the organization sets its own.`;
    return explained("max_overage", value, { code: "plan_default", text }, { until });
  }
  const more = { until, setting: { ...setting, unitPrice } };
  if (setting.units !== null) {
    const text = `The organization allows itself ${unitsOf(setting.units)} of overage.`;
    return explained("max_overage", setting.units, { code: "organization_units", text }, more);
  }
  const value = unitsFor(setting.cents ?? 0, unitPrice);
  const text =
    value === null
      ? `The organization allows itself ${setting.cents} minor units of money, and a unit costs nothing: no cap.`
      : `The organization allows itself ${setting.cents} minor units of money: floor(${setting.cents} / ${unitPrice}) = ${unitsOf(value)}.`;
  return explained("max_overage", value, { code: "organization_cents", text }, more);
}

function underCeiling(
  { maxOverageCeiling: ceiling }: PlanMeterTerms,
  until: Instant | null,
  wished: ExplainedLimit,
): ExplainedLimit {
  if (ceiling === null || (wished.value !== null && wished.value <= ceiling)) {
    return wished;
  }
  const text = `The plan's ceiling is ${unitsOf(ceiling)} of overage; ${wished.value === null ? "no cap" : unitsOf(wished.value)} was asked for.`;
  return explained("max_overage", ceiling, { code: "ceiling", text }, { until, setting: wished.setting });
}

function hardCapOf(
  facts: LimitFacts,
  { value: included, until }: ExplainedLimit,
  { value: maxOverage }: ExplainedLimit,
): ExplainedLimit {
  const cap =
    included === null || maxOverage === null ? null : Math.min(included + maxOverage, largestInteger);
  if (cap === null) {
    const text =
      included === null ? "No limit of included units, so no hard cap." : "No max overage, so no hard cap.";
    return explained("hard_cap", null, { code: "no_limit", text }, { until });
  }
  const text = `${included} included + ${maxOverage} max overage = ${cap}.`;
  const ends = [until, planUntil(facts)].filter((one) => one !== null);
  const rule: Rule<LimitCode> = { code: "included_and_max_overage", text };
  return explained("hard_cap", cap, rule, { until: ends.length === 0 ? null : Math.min(...ends) });
}

const largestInteger = Number.MAX_SAFE_INTEGER;
const priceScale = 10n ** 12n;

/** Whole units that money pays for at a unit price, as `limits_of` counts them; null: a unit costs nothing. */
export function unitsFor(cents: number, unitPrice: string | null): number | null {
  const [whole = "0", places = ""] = (unitPrice ?? "0").split(".");
  const price = BigInt(whole) * priceScale + BigInt(places.padEnd(12, "0"));
  if (price === 0n) {
    return null;
  }
  const units = (BigInt(cents) * priceScale) / price;
  return units > BigInt(largestInteger) ? largestInteger : Number(units);
}

function named({ id, version }: { id: string; version: number }): string {
  return `Plan ${id} version ${version}`;
}
