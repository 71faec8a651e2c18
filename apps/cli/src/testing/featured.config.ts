import { defineConfig } from "@headroom/service/configuration";

/** A plan with a feature that users can be granted, one that is sold in two currencies, one that nobody can buy. */
export default defineConfig({
  meters: { pages: { displayName: "Pages" } },
  defaultMeter: "pages",
  plans: {
    free: {
      displayName: "Free",
      default: true,
      seats: { kind: "licensed", included: 2 },
      meters: { pages: { dailyLimit: 10 } },
    },
    max: {
      displayName: "Max",
      prices: [{ interval: "month", currency: "usd", unitAmount: "2900" }],
      seats: { kind: "licensed", included: 5 },
      meters: { pages: {} },
      features: { organizations: true, sso: true },
    },
    pro: {
      displayName: "Pro",
      prices: [
        { interval: "month", currency: "usd", unitAmount: "2900" },
        { interval: "year", currency: "eur", unitAmount: "27000" },
      ],
      seats: { kind: "licensed", included: 5 },
      meters: {
        pages: {
          included: 100,
          overage: {
            unitPrice: "2.5",
            currency: "usd",
            otherPrices: [{ currency: "eur", unitPrice: "2.3" }],
          },
        },
      },
    },
    enterprise: {
      displayName: "Enterprise",
      public: false,
      seats: { kind: "licensed", included: 500 },
      meters: { pages: {} },
    },
  },
  policies: { organizations: { createRequires: "organizations" } },
});
