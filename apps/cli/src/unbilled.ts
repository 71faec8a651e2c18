import type { UnbilledPeriod } from "@headroom/service/unbilled-periods";

/** Whose period, of which meter, from when to when, how many units above the plan, and what they would have cost. */
export function describeUnbilled(period: UnbilledPeriod): string[] {
  const { organizationId, meter, periodStart, periodEnd, quantity, amount, currency } = period;
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
  const places = digits.maximumFractionDigits ?? 2;
  const money = `${(amount / 10 ** places).toFixed(places)} ${currency.toUpperCase()}`;
  return [organizationId, meter, `${periodStart} to ${periodEnd}`, `${quantity} units`, money];
}
