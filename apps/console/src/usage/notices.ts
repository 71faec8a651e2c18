import type { Outputs } from "../organization.tsx";
import type { Explanation, MeterUsage } from "./readings.ts";

type Plan = Outputs["plans"]["list"]["plans"][number];
type BillingStatus = Outputs["billing"]["get"]["status"];

/** Something about a meter that people should know before they go on. */
export type Notice = {
  kind: "daily_limit" | "hard_cap" | "overage";
  usage: MeterUsage;
  /** What can be done about it: a larger plan, more overage, another cap; null: to wait. */
  remedy: "upgrade" | "raise_cap" | "change_cap" | null;
};

/** Every meter's notice, the hardest first. */
export function noticesOf(
  meters: readonly MeterUsage[],
  plans: readonly Plan[],
  explanations: ReadonlyMap<string, Explanation>,
): Notice[] {
  const order = ["daily_limit", "hard_cap", "overage"];
  return meters
    .flatMap((usage) => noticeOf(usage, plans, explanations.get(usage.meter)) ?? [])
    .toSorted((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
}

function noticeOf(
  usage: MeterUsage,
  plans: readonly Plan[],
  explanation: Explanation | undefined,
): Notice | null {
  const { day, period } = usage.windows;
  const larger = (field: "dailyLimit" | "included") =>
    plans.some((plan) => isLarger(plan, usage, field)) ? "upgrade" : null;
  if (day.limit !== null && day.used + day.held >= day.limit) {
    return { kind: "daily_limit", usage, remedy: larger("dailyLimit") };
  }
  const sold = isSold(explanation);
  if (period.limit !== null && period.used + period.held >= period.limit) {
    const remedy = sold && canHaveMore(explanation) ? "raise_cap" : larger("included");
    return { kind: "hard_cap", usage, remedy };
  }
  return usage.overage > 0 ? { kind: "overage", usage, remedy: sold ? "change_cap" : null } : null;
}

/** True when the plan sells overage of the meter and it can be had now. */
function isSold(explanation: Explanation | undefined): boolean {
  const { line } = explanation ?? {};
  const rule = explanation?.limits.find(({ limit }) => limit === "max_overage")?.rule.code;
  return (
    line?.unitPrice != null &&
    !["no_overage_terms", "no_subscription", "subscription_state"].includes(rule ?? "")
  );
}

function canHaveMore(explanation: Explanation | undefined): boolean {
  return explanation?.limits.find(({ limit }) => limit === "max_overage")?.rule.code !== "ceiling";
}

function isLarger(plan: Plan, usage: MeterUsage, field: "dailyLimit" | "included"): boolean {
  const own = usage[field];
  const terms = plan.limits.find(({ meter }) => meter === usage.meter);
  if (plan.id === usage.planId || terms === undefined || own === null) return false;
  const other = terms[field];
  return other === null || other > own;
}

/** What overage costs so far, in minor units: what is above the hard cap is not billed. Null: none is sold. */
export function overageMoney(
  usage: MeterUsage,
  explanation: Explanation | undefined,
  amountFor: (units: number, unitPrice: string) => number,
): { amount: number; most: number | null; unitPrice: string; currency: string; units: number } | null {
  const { line } = explanation ?? {};
  if (line == null || line.unitPrice === null || line.currency === null) return null;
  const { unitPrice, currency } = line;
  const most = usage.maxOverage === null ? null : amountFor(usage.maxOverage, unitPrice);
  const { used } = usage.windows.period;
  // What the server has worked out itself, settled changes of plan among it, is better than our own.
  if (line.total === used) return { amount: line.amount, units: line.quantity, most, unitPrice, currency };
  const above = usage.hardCap === null ? 0 : Math.max(0, Math.min(line.overCap, used - usage.hardCap));
  const units = Math.max(0, usage.overage - above);
  return { amount: amountFor(units, unitPrice), units, most, unitPrice, currency };
}

/** A subscription whose state takes limits away, or will. */
export function troubleOf(status: BillingStatus): "past_due" | "restricted" | "suspended" | null {
  return status === "past_due" || status === "restricted" || status === "suspended" ? status : null;
}
