import type { Outputs } from "../organization.tsx";
import type { MeterUsage } from "../usage/readings.ts";

type Alert = Outputs["alerts"]["list"]["alerts"][number];
export type AlertWindow = Alert["window"];
export type AlertLimit = NonNullable<Alert["of"]>;
export type AlertInput = { window: AlertWindow; percent: number; of: AlertLimit };

const shares = [80, 100];

/** The alerts that most want: at 80 and 100 % of each limit that there is, as far as they are not there yet. */
export function suggestionsFor(usage: MeterUsage, alerts: readonly Alert[]): AlertInput[] {
  const limits: readonly (readonly [AlertWindow, AlertLimit, number | null])[] = [
    ["day", "daily_limit", usage.dailyLimit],
    ["period", "included", usage.included],
    ["period", "hard_cap", usage.hardCap === usage.included ? null : usage.hardCap],
  ];
  return limits
    .filter(([, , limit]) => limit !== null && limit > 0)
    .flatMap(([window, of]) => shares.map((percent) => ({ window, of, percent })))
    .filter((one) => !alerts.some(({ of, percent }) => of === one.of && percent === one.percent));
}
