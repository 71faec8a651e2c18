export { createFormats, type Formats } from "./formats.ts";
export { type Messages, messages } from "./messages.ts";
export { spokenName } from "./plan-facts.ts";
export { type CurrentPlan, type PricingPlan, type PricingPrice, priceOn } from "./pricing.ts";
export { type PlanChoice, PricingTable, type PricingTableProps } from "./pricing-table.tsx";
export { HeadroomProvider, type HeadroomProviderProps, useFormats } from "./provider.tsx";
