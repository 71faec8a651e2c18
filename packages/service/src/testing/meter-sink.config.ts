import { defineConfig } from "../configuration.ts";

/** A plan whose overage is told to Stripe's billing meters. */
export default defineConfig({
  meters: { pages: { displayName: "Pages" }, jobs: { displayName: "Jobs" } },
  defaultMeter: "pages",
  policies: { overage: { sink: "meter" } },
  plans: {
    free: {
      displayName: "Free",
      default: true,
      seats: { kind: "licensed", included: 2 },
      meters: { pages: {}, jobs: { included: 10 } },
    },
    pro: {
      displayName: "Pro",
      prices: [{ interval: "month", currency: "usd", unitAmount: "2900" }],
      seats: { kind: "licensed", included: 5 },
      meters: {
        pages: {},
        jobs: { included: 100, overage: { unitPrice: "2.5", currency: "usd", maxOverage: 0 } },
      },
    },
  },
});
