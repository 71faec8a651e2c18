export { createFormats, type Formats } from "./formats.ts";
export { type Messages, messages } from "./messages.ts";
export type { CurrentPlan, PricingPlan, PricingPrice } from "./pricing.ts";
export { type PlanChoice, PricingTable, type PricingTableProps } from "./pricing-table.tsx";
export { HeadroomProvider, type HeadroomProviderProps, useFormats } from "./provider.tsx";
