import type { Formats } from "./formats.ts";
import type { Messages } from "./messages-en.ts";
import { overagePriceOf, type PricingPlan, priceOn, type Terms } from "./pricing.ts";

/** One thing that a plan has, or has not. */
export type PlanFact = {
  /** The same for the same thing of another plan. */
  key: string;
  text: string;
  has: boolean;
  /** How much it is, to be compared number by number; empty: it cannot be. */
  amounts: readonly number[];
};

/** A fact beside the same one of the plan that is compared with. */
export type Trend = "more" | "less" | "other" | "same";

/** How facts are put into words. */
export type FactWords = {
  words: Messages["pricing"];
  formats: Pick<Formats, "number" | "unitPrice">;
  meterName: (meter: string) => string;
  featureName: (feature: string) => string;
};

/** What a plan has, among plans: what others have and it has not is said too. */
export function factsOf(
  plan: PricingPlan,
  plans: readonly PricingPlan[],
  terms: Terms,
  tools: FactWords,
): PlanFact[] {
  const meters = [...new Set(plans.flatMap(({ limits }) => limits.map(({ meter }) => meter)))];
  const features = [...new Set(plans.flatMap((one) => Object.keys(one.features)))];
  return [
    seatFact(plan, terms, tools),
    ...meters.map((meter) => meterFact(plan, meter, terms, tools)),
    ...features.map((feature) => featureFact(plan, feature, tools)),
  ];
}

function seatFact({ seats, ...plan }: PricingPlan, terms: Terms, { words, formats }: FactWords): PlanFact {
  const included = words.seats(formats.number(seats.included), seats.included);
  const price = plan.prices.length === 0 ? null : priceOn(seats.prices, terms);
  const more =
    price === null
      ? null
      : (seats.kind === "auto" ? words.seatsFollow : words.seatsSold)(
          formats.unitPrice(price.unitAmount, price.currency),
          price.interval,
        );
  const most =
    seats.max === null || seats.max === seats.included ? null : words.seatsMost(formats.number(seats.max));
  return {
    key: "seats",
    text: [included, more, most].filter((part) => part !== null).join(", "),
    has: true,
    amounts: [seats.included],
  };
}

function meterFact(plan: PricingPlan, meter: string, { currency }: Terms, tools: FactWords): PlanFact {
  const { words, formats } = tools;
  const key = `meter:${meter}`;
  const name = tools.meterName(meter);
  const limits = plan.limits.find((one) => one.meter === meter);
  if (limits === undefined) return { key, text: words.withoutMeter(name), has: false, amounts: [0, 0] };
  const { dailyLimit, included } = limits;
  const price = overagePriceOf(limits, currency);
  const parts = [
    dailyLimit === null ? null : words.daily(formats.number(dailyLimit)),
    included === null ? null : words.included(formats.number(included)),
    price === null ? null : words.overage(formats.unitPrice(price.unitPrice, price.currency)),
  ].filter((part) => part !== null);
  return {
    key,
    text: words.meter(name, parts.length === 0 ? words.withoutLimit : parts.join(", ")),
    has: true,
    amounts: [dailyLimit ?? Number.POSITIVE_INFINITY, included ?? Number.POSITIVE_INFINITY],
  };
}

function featureFact(
  plan: PricingPlan,
  feature: string,
  { words, formats, featureName }: FactWords,
): PlanFact {
  const key = `feature:${feature}`;
  const name = featureName(feature);
  const value = plan.features[feature];
  if (value === undefined || value === false) {
    return { key, text: words.withoutFeature(name), has: false, amounts: [0] };
  }
  if (value === true) return { key, text: name, has: true, amounts: [1] };
  return {
    key,
    text: words.feature(name, typeof value === "number" ? formats.number(value) : value),
    has: true,
    amounts: typeof value === "number" ? [value] : [],
  };
}

/** How a fact differs from the same one of another plan. */
export function trendOf(fact: PlanFact, other: PlanFact | undefined): Trend {
  if (other === undefined) return "other";
  if (fact.text === other.text) return "same";
  if (fact.has !== other.has) return fact.has ? "more" : "less";
  const steps = fact.amounts.map((amount, at) => Math.sign(compare(amount, other.amounts[at] ?? amount)));
  const isMore = steps.includes(1);
  const isLess = steps.includes(-1);
  if (isMore === isLess) return "other";
  return isMore ? "more" : "less";
}

// Infinity − Infinity is not a number.
function compare(one: number, other: number): number {
  return one === other ? 0 : one - other;
}

/** A name for people of an id such as `retention_days`: its words, and short ones as the abbreviations that they are. */
export function spokenName(id: string): string {
  if (id.length <= 3) return id.toUpperCase();
  const words = id.replaceAll(/[_-]+/g, " ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
