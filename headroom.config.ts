import { defineConfig } from "@headroom/service/configuration";

export default defineConfig({
  meters: {
    pages: { displayName: "Pages" },
    jobs: { displayName: "Jobs" },
  },
  defaultMeter: "pages",
  modules: { profiles: true, conversations: true },
  plans: {
    free: {
      displayName: "Free",
      default: true,
      seats: { kind: "licensed", included: 2 },
      meters: {
        pages: { dailyLimit: 1_000 },
        jobs: { included: 10 },
      },
    },
    pro: {
      displayName: "Pro",
      prices: [{ interval: "month", currency: "usd", unitAmount: "2900" }],
      seats: {
        kind: "licensed",
        included: 5,
        prices: [{ interval: "month", currency: "usd", unitAmount: "900" }],
      },
      meters: {
        pages: { dailyLimit: 10_000 },
        jobs: { included: 100, overage: { unitPrice: "2.5", currency: "usd", maxOverage: 0 } },
      },
    },
  },
});
