import { type Rule, unitsOf } from "./explanations.ts";
import { sumOf } from "./money.ts";
import { unitsAboveCap } from "./overage.ts";
import { linesOf, type OverageLine, type Segment } from "./overage-lines.ts";

/** Why a period has the overage line that it has. */
export type ChargeCode =
  | "billed"
  | "nothing_over"
  | "above_cap_only"
  | "no_overage_terms"
  | "trial"
  | "not_billed_by_stripe";

/** The overage line of a period: total − included − what is above the hard cap, at the unit price. */
export interface ExplainedCharge {
  total: number;
  /** null: no end, so nothing is ever over. */
  included: number | null;
  /** Units that stand above the hard cap; billed only where the plan says so. */
  overCap: number;
  quantity: number;
  /** Decimal string of minor units. */
  unitPrice: string | null;
  currency: string | null;
  /** Integer minor units, rounded once, half up. */
  amount: number;
  rule: Rule<ChargeCode>;
}

export interface ChargeFacts {
  total: number;
  included: number | null;
  hardCap: number | null;
  /** Units that were above the hard cap when they were written. */
  overCap: number;
  /** The plan sells overage of the meter. */
  sold: boolean;
  unitPrice: string | null;
  currency: string | null;
  billAboveCap: boolean;
  /** Stripe bills this organization, and no trial runs. */
  billable: boolean;
  trialing: boolean;
  /** The plan that rates the period, or the rest of it. */
  plan: { planId: string; planVersion: number };
  /** What plan changes within the period settled. */
  segments: readonly Segment[];
}

/** The line that a period comes to, with its arithmetic. */
export function explainCharge(facts: ChargeFacts): ExplainedCharge {
  const { included, unitPrice, currency } = facts;
  const total = Math.max(0, facts.total);
  const count = { total, included, hardCap: facts.hardCap, overCap: facts.overCap };
  const overCap = unitsAboveCap(count);
  const line = { total, included, overCap, unitPrice, currency };
  const none = (code: ChargeCode, text: string): ExplainedCharge => ({
    ...line,
    quantity: 0,
    amount: 0,
    rule: { code, text },
  });
  if (!facts.sold || unitPrice === null || currency === null) {
    return none("no_overage_terms", "The plan sells no overage of this meter, so no line is ever made.");
  }
  if (facts.trialing) {
    return none("trial", "Trial usage is never billed.");
  }
  if (!facts.billable) {
    return none(
      "not_billed_by_stripe",
      "No subscription of Stripe's past its trial: overage is shown and not sent.",
    );
  }
  const terms = { ...facts.plan, unitPrice, currency, billAboveCap: facts.billAboveCap };
  const lines = linesOf(count, terms, facts.segments);
  if (lines.length === 0) {
    const over = included !== null && total > included;
    return over
      ? none(
          "above_cap_only",
          `All ${unitsOf(total - included)} above what is included are above the hard cap, which is not billed.`,
        )
      : none(
          "nothing_over",
          `${total} of ${included ?? "any number of"} included units: nothing is above them.`,
        );
  }
  const charge = {
    quantity: lines.reduce((sum, one) => sum + one.quantity, 0),
    amount: sumOf(lines.map((one) => one.amount)),
  };
  const text = facts.segments.length === 0 ? arithmetic(facts, line, charge) : settled(lines);
  return { ...line, ...charge, rule: { code: "billed", text } };
}

function settled(lines: readonly OverageLine[]): string {
  const parts = lines.map(
    ({ planId, planVersion, quantity, unitPrice, amount, currency }) =>
      `under ${planId} v${planVersion}: ${unitsOf(quantity)} × ${unitPrice} = ${amount} minor units of ${currency}`,
  );
  return `The plan changed within the period, and each part is settled by its own terms. ${parts.join("; ")}.`;
}

function arithmetic(
  { included, billAboveCap, unitPrice, currency }: ChargeFacts,
  { total, overCap }: { total: number; overCap: number },
  { quantity, amount }: { quantity: number; amount: number },
): string {
  const notBilled = overCap > 0 && !billAboveCap ? ` − ${overCap} above the hard cap` : "";
  const cost =
    amount < Number.MAX_SAFE_INTEGER
      ? `= ${amount} minor units of ${currency}, rounded once, half up.`
      : `is more than an amount can hold: ${amount} minor units of ${currency} stand for it.`;
  return `${total} − ${included} included${notBilled} = ${unitsOf(quantity)} × ${unitPrice} ${cost}`;
}
