import { defineConfig } from "@headroom/service/configuration";

const pages = { dailyLimit: 100_000 };
const jobs = (included: number, unitPrice: string) => ({
  included,
  overage: { unitPrice, currency: "usd", maxOverage: 5_000 },
});
const sold = (month: string, year: string) =>
  [
    { interval: "month", currency: "usd", unitAmount: month },
    { interval: "year", currency: "usd", unitAmount: year },
  ] as const;

/** Two pairs of plans: seats that follow the members, and seats that are bought. */
export default defineConfig({
  meters: { pages: { displayName: "Pages" }, jobs: { displayName: "Jobs" } },
  defaultMeter: "pages",
  policies: { invites: { mode: "direct" } },
  rateLimits: {
    invitesByActor: { points: 1_000, windowSeconds: 60 },
    invitesByOrganization: { points: 1_000, windowSeconds: 60 },
  },
  plans: {
    free: {
      displayName: "Free",
      default: true,
      seats: { kind: "licensed", included: 3 },
      meters: { pages, jobs: { included: 10 } },
    },
    team: {
      displayName: "Team",
      prices: [...sold("2900", "29000")],
      trialDays: 14,
      seats: { kind: "auto", included: 3, prices: [...sold("900", "9000")] },
      meters: { pages, jobs: jobs(100, "2.5") },
    },
    business: {
      displayName: "Business",
      prices: [...sold("9900", "99000")],
      seats: { kind: "auto", included: 10, prices: [...sold("700", "7000")] },
      meters: { pages, jobs: jobs(1_000, "1.75") },
    },
    studio: {
      displayName: "Studio",
      prices: [...sold("2900", "29000")],
      seats: { kind: "licensed", included: 3, prices: [...sold("900", "9000")] },
      meters: { pages, jobs: jobs(100, "2.5") },
    },
    agency: {
      displayName: "Agency",
      prices: [...sold("9900", "99000")],
      proration: "now",
      seats: { kind: "licensed", included: 10, prices: [...sold("700", "7000")] },
      meters: { pages, jobs: jobs(1_000, "1.75") },
    },
  },
});
