/** What `year-plans.config.ts` sells, in the oracle's words. */
import type { PlanPrices } from "./year-lines.ts";
import type { Life } from "./year-oracle.ts";

/** Plans as they are bought by the month. */
export const monthly: Life["prices"] = {
  team: { plan: 2_900, seat: 900, includedUnits: 100, unitMillicents: 2_500 },
  business: { plan: 9_900, seat: 700, includedUnits: 1_000, unitMillicents: 1_750 },
};
/** Plans as they are bought by the year. */
export const yearly: Life["prices"] = {
  studio: { plan: 29_000, seat: 9_000, includedUnits: 100, unitMillicents: 2_500 },
  agency: { plan: 99_000, seat: 7_000, includedUnits: 1_000, unitMillicents: 1_750 },
};

/** Every plan at both intervals, and how a change to it is settled. */
export const sold: PlanPrices = {
  "team/month": { plan: 2_900, seat: 900, follows: true, proration: "next" },
  "team/year": { plan: 29_000, seat: 9_000, follows: true, proration: "next" },
  "business/month": { plan: 9_900, seat: 700, follows: true, proration: "next" },
  "business/year": { plan: 99_000, seat: 7_000, follows: true, proration: "next" },
  "studio/month": { plan: 2_900, seat: 900, follows: false, proration: "next" },
  "studio/year": { plan: 29_000, seat: 9_000, follows: false, proration: "next" },
  "agency/month": { plan: 9_900, seat: 700, follows: false, proration: "now" },
  "agency/year": { plan: 99_000, seat: 7_000, follows: false, proration: "now" },
};

/** Members that are free under the plans whose seats follow them. */
export const membersIncluded = { team: 3, business: 10 };
