import type { Rule } from "./explanations.ts";
import type { Instant } from "./subscriptions.ts";

/** How a window came about. */
export type WindowCode =
  | "local_day"
  | "calendar_month"
  | "subscription_month"
  | "stripe_period"
  | "after_change"
  | "recorded";

export interface ExplainedWindow {
  rule: Rule<WindowCode>;
  /** Whole months between the subscription's anchor and the start; null: not counted from an anchor. */
  monthsAfterAnchor: number | null;
}

/** A local day: it ends at the next local midnight, whatever the hours between. */
export function explainDay(zone: string, start: Instant, end: Instant): ExplainedWindow {
  const hours = (end - start) / 3_600_000;
  const length = hours === 24 ? "" : ` It has ${hours} hours.`;
  const text = `A day is from local midnight to local midnight in ${zone}.${length}`;
  return { rule: { code: "local_day", text }, monthsAfterAnchor: null };
}

/** What a period can be recognized by. Instants. */
export interface PeriodFacts {
  start: Instant;
  zone: string;
  /** The first instant of the local calendar month that the start lies in. */
  monthStart: Instant;
  /** null: no subscription runs. */
  anchor: Instant | null;
  /** The month counted from the anchor that the start lies in. */
  anchored: { start: Instant; months: number } | null;
  /** The start of the period that Stripe names now. */
  stripeStart: Instant | null;
  /** It is the gate's own. */
  running: boolean;
}

/** How a period came about. A past one is recognized by where it starts. */
export function explainPeriod(facts: PeriodFacts): ExplainedWindow {
  const { start, zone, anchored } = facts;
  const told = (code: WindowCode, text: string, monthsAfterAnchor: number | null = null) => ({
    rule: { code, text },
    monthsAfterAnchor,
  });
  if (anchored !== null && anchored.start === start) {
    const { months } = anchored;
    const month = `month ${months + 1} of the subscription, ${months} month${months === 1 ? "" : "s"} after its anchor`;
    return start === facts.stripeStart
      ? told("stripe_period", `Stripe's period, which is ${month}.`, anchored.months)
      : told("subscription_month", `It is ${month}.`, anchored.months);
  }
  if (start === facts.stripeStart) {
    return told("stripe_period", "Stripe's period: it names another start than the anchor does.");
  }
  if (facts.monthStart === start && (facts.anchor === null || !facts.running)) {
    return told("calendar_month", `The calendar month in ${zone}.`);
  }
  if (facts.running) {
    const rest = facts.anchor === null ? `the calendar month in ${zone}` : "the subscription's month";
    const text = `It began where the one before was ended, by a change of subscription or zone, and goes to the end of ${rest}.`;
    return told("after_change", text);
  }
  return told("recorded", "A past period, with the bounds that it ran within.");
}
