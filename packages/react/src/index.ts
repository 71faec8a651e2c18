export type { CapSetting, CapTerms } from "./cap.ts";
export { createFormats, type Formats } from "./formats.ts";
export { type Messages, messages } from "./messages.ts";
export { amountFor } from "./money.ts";
export { OverageCap, type OverageCapProps } from "./overage-cap.tsx";
export {
  type DayUsage,
  daysBetween,
  daysLater,
  daysUntil,
  localDate,
  type Projection,
  project,
} from "./projection.ts";
export { HeadroomProvider, type HeadroomProviderProps, useFormats } from "./provider.tsx";
export { UsageChart, type UsageChartProps } from "./usage-chart.tsx";
export { UsageMeter, type UsageMeterProps } from "./usage-meter.tsx";
export { UsageTotalChart, type UsageTotalChartProps } from "./usage-total-chart.tsx";
