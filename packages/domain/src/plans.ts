import type { UsageRole } from "./catalogue.ts";
import type { Configuration, MeterTerms, PlanDefinition, PlanPrice } from "./configuration.ts";
import { DomainError } from "./errors.ts";
import { differencesOf, type FieldChange } from "./plan-differences.ts";

/** A plan as the database has it now. */
export interface StoredPlan {
  id: string;
  version: number;
  active: boolean;
  definition: PlanDefinition;
  /** The digest of `termsOf` what this version was written from. */
  terms: string;
}

export interface PlanChange {
  id: string;
  /** The version that is current afterwards. */
  version: number;
  change: "created" | "new_version" | "updated" | "deactivated" | "unchanged";
  /** What differs from the version that was current before; nothing of a plan that is new. */
  fields: FieldChange[];
}

/**
 * What a customer of a plan agreed to, as canonical text: a plan whose terms differ is a new version. Names, whether it
 * is listed, sold or the default, and how changes are prorated are not terms and change in place.
 */
export function termsOf(plan: PlanDefinition, billAboveCap: boolean): string {
  const { displayName: _name, default: _default, public: _public, active: _active, ...rest } = plan;
  const { proration: _proration, seats, meters, ...terms } = rest;
  const { proration: _seatProration, ...seatTerms } = seats;
  const meterTerms = Object.fromEntries(
    Object.entries(meters).map(([name, meter]) => [name, meterText(meter)]),
  );
  return canonical({ ...terms, seats: seatTerms, meters: meterTerms, billAboveCap });
}

// Absent as long as there are none: plans that were written before there were other currencies keep their version.
function meterText({ overage, ...terms }: MeterTerms): object {
  if (overage === null || overage.otherPrices.length > 0) {
    return { ...terms, overage };
  }
  const { otherPrices: _none, ...first } = overage;
  return { ...terms, overage: first };
}

/**
 * Compares the configured plans with the current versions, in the configuration's order, removed ones last.
 * @param digest what `StoredPlan.terms` was made with.
 */
export function diffPlans(
  { plans, policies }: Pick<Configuration, "plans" | "policies">,
  stored: readonly StoredPlan[],
  digest: (terms: string) => string,
): PlanChange[] {
  const { billAboveCap } = policies.overage;
  const configured = Object.entries(plans).map(([id, plan]): PlanChange => {
    const now = stored.find((one) => one.id === id);
    if (!now) {
      return { id, version: 1, change: "created", fields: [] };
    }
    const fields = differencesOf(now.definition, plan);
    if (now.active !== now.definition.active && now.active !== plan.active) {
      fields.push({ path: "active", from: now.active, to: plan.active });
    }
    if (digest(termsOf(plan, billAboveCap)) === now.terms) {
      return { id, version: now.version, change: fields.length === 0 ? "unchanged" : "updated", fields };
    }
    if (digest(termsOf(now.definition, billAboveCap)) !== now.terms) {
      fields.push({ path: "policies.overage.billAboveCap", from: !billAboveCap, to: billAboveCap });
    }
    return { id, version: now.version + 1, change: "new_version", fields };
  });
  const removed = stored.filter((one) => !Object.hasOwn(plans, one.id));
  return [...configured, ...removed.map(withdrawn)];
}

function withdrawn({ id, version, active }: StoredPlan): PlanChange {
  return active
    ? { id, version, change: "deactivated", fields: [{ path: "active", from: true, to: false }] }
    : { id, version, change: "unchanged", fields: [] };
}

/** JSON with sorted keys: equal values have equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

// The name under which Stripe finds a price of ours again. A version's prices never change.
function lookupKeyOf(
  plan: { id: string; version: number },
  role: "plan" | "seat" | UsageRole,
  price: Pick<PlanPrice, "interval" | "currency">,
): string {
  const name = role.replace(":", "_");
  return `headroom_${plan.id}_v${plan.version}_${name}_${price.interval}_${price.currency}`;
}

/** A price that a version of a plan is sold for. */
export interface CatalogueEntry extends PlanPrice {
  planId: string;
  planVersion: number;
  role: "plan" | "seat" | UsageRole;
  lookupKey: string;
}

/** Everything that a version of a plan is sold for: the plan itself, and seats. */
export function pricesOf(
  plan: { id: string; version: number },
  definition: PlanDefinition,
): CatalogueEntry[] {
  const entry =
    (role: "plan" | "seat") =>
    (price: PlanPrice): CatalogueEntry => ({
      ...price,
      planId: plan.id,
      planVersion: plan.version,
      role,
      lookupKey: lookupKeyOf(plan, role, price),
    });
  return [...definition.prices.map(entry("plan")), ...definition.seats.prices.map(entry("seat"))];
}

/** The metered prices of what a version of a plan sells above its included units, each a month's. */
export function usagePricesOf(
  plan: { id: string; version: number },
  { meters }: Pick<PlanDefinition, "meters">,
): CatalogueEntry[] {
  return Object.entries(meters).flatMap(([meter, { overage }]) => {
    const role: UsageRole = `overage:${meter}`;
    const prices = overage === null ? [] : [overage, ...overage.otherPrices];
    return prices.map(({ currency, unitPrice: unitAmount }): CatalogueEntry => {
      const price = { interval: "month" as const, currency };
      const lookupKey = lookupKeyOf(plan, role, price);
      return { ...price, unitAmount, planId: plan.id, planVersion: plan.version, role, lookupKey };
    });
  });
}

/** True for a plan that costs nothing to be on: changing to it needs no payment. */
export function isFree(plan: Pick<PlanDefinition, "prices">): boolean {
  return plan.prices.length === 0;
}

/** @throws DomainError plan_not_available (400) for a plan that is private or takes no new customers. */
export function assertAvailable(plan: { id: string; active: boolean; public: boolean }): void {
  if (!plan.active || !plan.public) {
    throw new DomainError("plan_not_available", "This plan is not available.", { planId: plan.id });
  }
}

/**
 * The plan's price for an interval and currency: what was asked for, else the first one listed.
 * @throws DomainError plan_not_available when it is not sold like that.
 */
export function choosePrice(
  planId: string,
  plan: Pick<PlanDefinition, "prices">,
  wish: { interval?: PlanPrice["interval"] | undefined; currency?: string | undefined },
): PlanPrice {
  const price = plan.prices.find(
    (one) =>
      (wish.interval === undefined || one.interval === wish.interval) &&
      (wish.currency === undefined || one.currency === wish.currency),
  );
  if (!price) {
    const details = { planId, interval: wish.interval ?? null, currency: wish.currency ?? null };
    throw new DomainError("plan_not_available", "This plan is not sold like that.", details);
  }
  return price;
}
