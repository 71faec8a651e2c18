import type { PlanRow } from "@headroom/db/plans";
import type { Configuration, MeterTerms, PlanPrice } from "@headroom/domain/configuration";
import { amountOf } from "@headroom/domain/money";

export interface PlanView {
  id: string;
  version: number;
  displayName: string;
  /** The price of a month in the first currency listed, rounded to whole minor units; 0: free; null: yearly only. */
  monthlyPriceCents: number | null;
  prices: PlanPrice[];
  seats: {
    kind: "licensed" | "auto";
    included: number;
    /** null: no limit, or, where seats are sold, as many as are bought. */
    max: number | null;
    prices: PlanPrice[];
  };
  /** Units a day of the default meter; null: none. */
  dailyPageLimit: number | null;
  limits: PlanLimitsView[];
  features: Record<string, boolean | number | string>;
  trialDays: number;
}

export interface PlanLimitsView {
  meter: string;
  dailyLimit: number | null;
  included: number | null;
  overage: {
    unitPrice: string;
    currency: string;
    /** What a unit costs those who pay in another currency. */
    otherPrices: { currency: string; unitPrice: string }[];
    /** Until the organization sets its own; null: no cap. */
    maxOverage: number | null;
    ceiling: number | null;
  } | null;
}

/** A plan's current version as callers see it; its meters in the configuration's order. */
export function toPlanView(
  { id, version, definition }: PlanRow,
  { meters: configured, defaultMeter }: Pick<Configuration, "meters" | "defaultMeter">,
): PlanView {
  const { displayName, prices, seats, meters, features, trialDays } = definition;
  return {
    id,
    version,
    displayName,
    monthlyPriceCents: monthlyPrice(prices),
    prices: [...prices],
    seats: {
      kind: seats.kind,
      included: seats.included,
      max: seats.kind === "auto" ? seats.maxSeats : null,
      prices: [...seats.prices],
    },
    dailyPageLimit: meters[defaultMeter]?.dailyLimit ?? null,
    limits: Object.keys(configured).flatMap((meter) => {
      const terms = meters[meter];
      return terms ? [limitsOf(meter, terms)] : [];
    }),
    features: { ...features },
    trialDays,
  };
}

function limitsOf(meter: string, { overage, ...terms }: MeterTerms): PlanLimitsView {
  return { meter, ...terms, overage: overage && { ...overage, otherPrices: [...overage.otherPrices] } };
}

function monthlyPrice(prices: readonly PlanPrice[]): number | null {
  const monthly = prices.find((price) => price.interval === "month");
  if (monthly) {
    return amountOf(monthly.unitAmount, 1);
  }
  return prices.length === 0 ? 0 : null;
}
