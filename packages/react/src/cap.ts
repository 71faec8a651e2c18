import { amountFor, unitsFor } from "./money.ts";
import { daysUntil } from "./projection.ts";

/** How much overage an organization allows itself: units, or money in minor units. Null: the plan's default. */
export type CapSetting = { units: number } | { cents: number } | null;

/** What the plan says of a meter's overage. */
export type CapTerms = {
  included: number;
  /** Decimal string of minor units. */
  unitPrice: string;
  currency: string;
  /** Units; null: no cap. Undefined: not known. */
  planDefault: number | null | undefined;
  /** The most that may be set, in units; null: any number. */
  ceiling: number | null;
};

/** What a setting does. */
export type CapEffect = {
  /** Units above what is included; null: nothing stops it. Undefined: the plan's default, which is not known. */
  more: number | null | undefined;
  stopsAt: number | null | undefined;
  /** The most that it can cost in a period, in minor units; null: there is no most. */
  atMost: number | null | undefined;
  /** Days until it stops at the pace of now; 0: it does now; null: not in this period. Undefined: it cannot be told. */
  days: number | null | undefined;
};

/** What a setting does, as the server will do it: money buys whole units, and nothing is above the plan's ceiling. */
export function effectOf(
  setting: CapSetting,
  terms: CapTerms,
  outlook: { used: number; pace: number | null; left: number },
): CapEffect {
  const wished = unitsOf(setting, terms);
  if (wished === undefined) {
    return { more: undefined, stopsAt: undefined, atMost: undefined, days: undefined };
  }
  const { ceiling } = terms;
  const more = ceiling === null ? wished : Math.min(wished ?? ceiling, ceiling);
  if (more === null) return { more, stopsAt: null, atMost: null, days: null };
  const stopsAt = terms.included + more;
  const { used, pace, left } = outlook;
  const days = pace === null ? (used >= stopsAt ? 0 : undefined) : daysUntil(stopsAt, { used, pace, left });
  return { more, stopsAt, atMost: amountFor(more, terms.unitPrice), days };
}

/** The units of a setting, before the ceiling. Null: no cap. Undefined: the plan's default, which is not known. */
export function unitsOf(setting: CapSetting, terms: CapTerms): number | null | undefined {
  if (setting === null) return terms.planDefault;
  return "units" in setting ? setting.units : unitsFor(setting.cents, terms.unitPrice);
}

const steps = [1, 2, 5, 10];

/** How far the slider goes: to the ceiling, or to a round number well above what is set, included and to be expected. */
export function rangeOf(
  terms: CapTerms,
  input: { set: number; expected: number },
): { max: number; step: number } {
  const max =
    terms.ceiling ?? round(Math.max(100, terms.included * 2, input.set * 1.5, input.expected * 1.5));
  return { max, step: Math.max(1, round(max / 500)) };
}

/** The next of 1, 2, 5, 10, 20, 50 … */
function round(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return (steps.find((step) => step * power >= value) ?? 10) * power;
}
