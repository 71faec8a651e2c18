import { costOf } from "@headroom/domain/money";
import type { Outputs } from "../organization.tsx";
import type { Invoice, Upcoming } from "./invoice-types.ts";

type Meter = Pick<
  Outputs["usage"]["get"]["meters"][number],
  "meter" | "included" | "overage" | "maxOverage" | "planId"
>;
type Plan = Outputs["plans"]["list"]["plans"][number];

/** What a meter may still add to the next invoice: `units` null has no cap. */
export type MayCome = { meter: string; units: number | null; unitPrice: string; amount: number | null };

/** What overage may be added until the caps stop it; meters that sell none are left out. Amounts are minor units. */
export function mayComeOf(
  meters: readonly Meter[],
  plan: Pick<Plan, "limits"> | null,
  { currency, overage }: Pick<Upcoming, "currency" | "overage">,
): MayCome[] {
  return meters.flatMap(({ meter, included, overage: over, maxOverage }): MayCome[] => {
    const unitPrice =
      overage.findLast((line) => line.meter === meter)?.unitPrice ?? catalogued(plan, meter, currency);
    if (unitPrice === null || included === null) return [];
    if (maxOverage === null) return [{ meter, units: null, unitPrice, amount: null }];
    const units = Math.max(0, maxOverage - over);
    return [{ meter, units, unitPrice, amount: costOf(unitPrice, units) }];
  });
}

function catalogued(plan: Pick<Plan, "limits"> | null, meter: string, currency: string): string | null {
  const terms = plan?.limits.find((one) => one.meter === meter)?.overage;
  if (!terms) return null;
  return [terms, ...terms.otherPrices].find((price) => price.currency === currency)?.unitPrice ?? null;
}

/** The time that an invoice is for: its lines', since Stripe gives the first invoice of a subscription a period of no length. */
export function spanOf({
  lines,
  periodStart,
  periodEnd,
}: Pick<Invoice, "lines" | "periodStart" | "periodEnd">): {
  start: string;
  end: string;
} {
  // Overage is of the period before, and comes with the plan of the next.
  const plan = lines.filter(({ meter }) => meter === null);
  const of = plan.length > 0 ? plan : lines;
  const end =
    of
      .map((line) => line.periodEnd)
      .toSorted()
      .at(-1) ?? periodEnd;
  // What was prorated in the period before ends with that one.
  const starts = of.filter((line) => line.periodEnd === end).map((line) => line.periodStart);
  return { start: starts.toSorted()[0] ?? periodStart, end };
}

/** How an invoice's status looks. Stripe may have others than we know. */
export function toneOf(status: string): "ok" | "warning" | "danger" | undefined {
  const tones: Readonly<Record<string, "ok" | "warning" | "danger">> = {
    paid: "ok",
    open: "warning",
    uncollectible: "danger",
  };
  return tones[status];
}
