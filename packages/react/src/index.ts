export { AcceptInvite, type AcceptInviteProps } from "./accept-invite.tsx";
export type { CapSetting, CapTerms } from "./cap.ts";
export { createFormats, type Formats } from "./formats.ts";
export { type InviteStep, inviteStep, type PreviewedInvite } from "./invite-steps.ts";
export {
  changesPower,
  type MemberOffer,
  type MemberSituation,
  offersFor,
  type Refusal,
} from "./member-offers.ts";
export { MembersTable, type MembersTableProps, nameOf, type TableMember } from "./members-table.tsx";
export { messages } from "./messages.ts";
export type { Messages } from "./messages-en.ts";
export { amountFor } from "./money.ts";
export { OverageCap, type OverageCapProps } from "./overage-cap.tsx";
export { spokenName } from "./plan-facts.ts";
export {
  type CurrentPlan,
  type PlanChoice,
  type PricingPlan,
  type PricingPrice,
  priceOn,
} from "./pricing.ts";
export { PricingTable, type PricingTableProps } from "./pricing-table.tsx";
export {
  type DayUsage,
  daysBetween,
  daysLater,
  daysUntil,
  localDate,
  type Projection,
  project,
} from "./projection.ts";
export { HeadroomProvider, type HeadroomProviderProps, useFormats, useWords } from "./provider.tsx";
export { type Role, roleName } from "./roles.ts";
export { type SeatCounts, SeatMeter, type SeatMeterProps } from "./seat-meter.tsx";
export { UsageChart, type UsageChartProps } from "./usage-chart.tsx";
export { UsageMeter, type UsageMeterProps } from "./usage-meter.tsx";
export { UsageTotalChart, type UsageTotalChartProps } from "./usage-total-chart.tsx";
