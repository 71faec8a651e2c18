/** What `year-plans.config.ts` sells, in the oracle's words. */
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
