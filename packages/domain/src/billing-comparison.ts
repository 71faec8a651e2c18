import type { Instant } from "./subscriptions.ts";

/** A closed period as the ledger has it. */
export interface ComparedPeriod {
  meter: string;
  periodStart: Instant;
  periodEnd: Instant;
  /** Units above what the plan includes. */
  quantity: number;
  /** Integer minor units. */
  amount: number;
  /** False: it is a shadow, or nothing of it is sent yet. */
  sent: boolean;
}

/** A line of an invoice at Stripe that another system put there, or that a metered price of its makes. */
export interface ComparedLine {
  meter: string;
  quantity: number;
  amount: number;
  periodStart: Instant;
  periodEnd: Instant;
}

export interface OverageComparison {
  meter: string;
  periodStart: Instant;
  periodEnd: Instant;
  headroom: { quantity: number; amount: number };
  /** What others billed for it; null: no price is known by which they would. */
  stripe: { quantity: number; amount: number } | null;
  /** `unknown`: there is overage, and no price is mapped to the meter. */
  result: "same" | "differs" | "unknown" | "billed_twice";
}

/**
 * What Headroom would have billed, or has, beside what others did; the periods in which neither is anything are left
 * out. Amounts decide: another system's lines may count all units, and give the included ones away by their price.
 * @param meters those whose price of another system is known
 */
export function compareOverage(
  periods: readonly ComparedPeriod[],
  lines: readonly ComparedLine[],
  meters: ReadonlySet<string>,
): OverageComparison[] {
  return periods.flatMap(({ meter, periodStart, periodEnd, quantity, amount, sent }): OverageComparison[] => {
    const own = lines.filter((line) => line.meter === meter && isWithin(line, periodStart, periodEnd));
    const billed = { quantity: sum(own, "quantity"), amount: sum(own, "amount") };
    if (amount === 0 && billed.amount === 0) {
      return [];
    }
    const stripe = meters.has(meter) ? billed : null;
    const headroom = { quantity, amount };
    return [{ meter, periodStart, periodEnd, headroom, stripe, result: resultOf(amount, stripe, sent) }];
  });
}

function resultOf(
  amount: number,
  stripe: { amount: number } | null,
  sent: boolean,
): OverageComparison["result"] {
  if (stripe === null) {
    return sent ? "same" : "unknown";
  }
  if (sent) {
    return stripe.amount === 0 ? "same" : "billed_twice";
  }
  return amount === stripe.amount ? "same" : "differs";
}

// The middle of what a line is for: invoices of other systems round their periods to days now and then.
function isWithin(line: ComparedLine, from: Instant, to: Instant): boolean {
  const middle = (line.periodStart + line.periodEnd) / 2;
  return middle >= from && middle < to;
}

function sum(lines: readonly ComparedLine[], what: "quantity" | "amount"): number {
  return lines.reduce((all, line) => all + line[what], 0);
}
