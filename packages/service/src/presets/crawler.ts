import type { Preset } from "../configuration-schema.ts";

/** A crawler: no owners, admins pay as well, pages are throttled by the day and counted by the calendar month. */
export const crawler: Preset = {
  meters: { pages: { displayName: "Pages" }, jobs: { displayName: "Jobs" } },
  defaultMeter: "pages",
  policies: {
    roles: { creator: "admin" },
    invites: { linkInList: true },
    billing: { by: "admins" },
    usage: { window: "calendar_month" },
  },
  plans: {
    starter: {
      displayName: "Starter",
      default: true,
      seats: { kind: "licensed", included: 3 },
      meters: { pages: { dailyLimit: 1_000 }, jobs: {} },
    },
    professional: {
      displayName: "Professional",
      prices: [{ interval: "month", currency: "usd", unitAmount: "4900" }],
      seats: { kind: "licensed", included: 10 },
      meters: { pages: { dailyLimit: 25_000 }, jobs: {} },
    },
    enterprise: {
      displayName: "Enterprise",
      prices: [{ interval: "month", currency: "usd", unitAmount: "29900" }],
      seats: { kind: "licensed", included: 100 },
      meters: { pages: { dailyLimit: 500_000 }, jobs: {} },
    },
  },
};
