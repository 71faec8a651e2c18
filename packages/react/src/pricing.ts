/** A price of a plan or of one of its seats. */
export type PricingPrice = {
  interval: "month" | "year";
  /** ISO 4217, lower case. */
  currency: string;
  /** A decimal of minor units. */
  unitAmount: string;
};

/** A plan as `plans.list` answers it; only what is shown. */
export type PricingPlan = {
  id: string;
  displayName: string;
  /** Empty: free. */
  prices: readonly PricingPrice[];
  seats: {
    kind: "licensed" | "auto";
    included: number;
    max: number | null;
    /** Empty: seats are not sold. */
    prices: readonly PricingPrice[];
  };
  limits: readonly {
    meter: string;
    dailyLimit: number | null;
    included: number | null;
    overage: {
      unitPrice: string;
      currency: string;
      otherPrices: readonly { currency: string; unitPrice: string }[];
    } | null;
  }[];
  features: Readonly<Record<string, boolean | number | string>>;
  trialDays: number;
};

/** How plans are to be paid. */
export type Terms = { interval: "month" | "year"; currency: string };

/** What was chosen: a plan, and how it is to be paid; `interval` and `currency` are null for a free one. */
export type PlanChoice = { planId: string; interval: "month" | "year" | null; currency: string | null };

/** The plan that is there, and what takes its place later. */
export type CurrentPlan = {
  planId: string;
  /** What it is paid by; null: it is free, or somebody else pays. */
  interval: string | null;
  currency: string | null;
  pendingPlanId: string | null;
};

/**
 * What choosing a plan would be: `choose` where nothing can be compared, `current` the plan in force, `keep` the same while
 * another one waits, `pending` the one that waits, `interval` the same plan paid otherwise.
 */
export type Relation = "choose" | "current" | "keep" | "pending" | "interval" | "upgrade" | "downgrade";

const monthsOf = { month: 1, year: 12 } as const;
const intervals = ["month", "year"] as const;

/** The intervals that something is sold by, the shorter first. */
export function intervalsOf(plans: readonly PricingPlan[]): Terms["interval"][] {
  const sold = new Set(plans.flatMap(({ prices }) => prices.map(({ interval }) => interval)));
  return intervals.filter((interval) => sold.has(interval));
}

/** The currencies that something is sold in, in the plans' order. */
export function currenciesOf(plans: readonly PricingPlan[]): string[] {
  return [...new Set(plans.flatMap(({ prices }) => prices.map(({ currency }) => currency)))];
}

/** The price on these terms, else by another interval in the same currency; null: it is not sold in it, or is free. */
export function priceOn(prices: readonly PricingPrice[], { interval, currency }: Terms): PricingPrice | null {
  const inCurrency = prices.filter((price) => price.currency === currency);
  return inCurrency.find((price) => price.interval === interval) ?? inCurrency[0] ?? null;
}

/** What a price comes to in a month, in minor units. */
export function monthlyAmount({ unitAmount, interval }: PricingPrice): number {
  return Number(unitAmount) / monthsOf[interval];
}

/** The share that paying by the year saves against twelve months; null where the plan is not sold by both, or saves nothing. */
export function yearlySaving({ prices }: Pick<PricingPlan, "prices">, currency: string): number | null {
  const by = (interval: Terms["interval"]) =>
    prices.find((price) => price.interval === interval && price.currency === currency);
  const month = by("month");
  const year = by("year");
  if (month === undefined || year === undefined || Number(month.unitAmount) === 0) return null;
  const saving = 1 - monthlyAmount(year) / monthlyAmount(month);
  return saving > 0 ? saving : null;
}

/** What choosing a plan would be for whoever has `current`. */
export function relationOf(
  plan: PricingPlan,
  plans: readonly PricingPlan[],
  terms: Terms,
  current: CurrentPlan | null,
): Relation {
  if (current === null) return "choose";
  const price = priceOn(plan.prices, terms);
  if (plan.id === current.planId) {
    if (price !== null && current.interval !== null && price.interval !== current.interval) return "interval";
    return current.pendingPlanId === null ? "current" : "keep";
  }
  if (plan.id === current.pendingPlanId) return "pending";
  const now = plans.find(({ id }) => id === current.planId);
  if (now === undefined || (plan.prices.length > 0 && price === null)) return "choose";
  const costNow = costOn(now, terms);
  const costThen = price === null ? 0 : monthlyAmount(price);
  if (costNow === null || costNow === costThen) return "choose";
  return costThen > costNow ? "upgrade" : "downgrade";
}

function costOn({ prices }: PricingPlan, terms: Terms): number | null {
  if (prices.length === 0) return 0;
  const price = priceOn(prices, terms);
  return price === null ? null : monthlyAmount(price);
}

/** What one unit above the included ones costs in a currency; null: the meter stops there, or no price is in it. */
export function overagePriceOf(
  { overage }: PricingPlan["limits"][number],
  currency: string,
): { unitPrice: string; currency: string } | null {
  if (overage === null) return null;
  return [overage, ...overage.otherPrices].find((price) => price.currency === currency) ?? null;
}
