import { defineConfig } from "@headroom/service/configuration";

/** A plan with a feature that users can be granted. */
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
  },
  policies: { organizations: { createRequires: "organizations" } },
});
