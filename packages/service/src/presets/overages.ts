import type { Preset } from "../configuration-schema.ts";

/** Plans that sell units beyond what they include; every policy as it is by default. */
export const overages: Preset = {
  meters: { requests: { displayName: "Requests" } },
  defaultMeter: "requests",
  plans: {
    free: {
      displayName: "Free",
      default: true,
      seats: { kind: "licensed", included: 2 },
      meters: { requests: { included: 1_000 } },
    },
    growth: {
      displayName: "Growth",
      prices: [{ interval: "month", currency: "usd", unitAmount: "4900" }],
      seats: { kind: "licensed", included: 5 },
      meters: {
        requests: { included: 50_000, overage: { unitPrice: "0.2", currency: "usd", maxOverage: 0 } },
      },
    },
    scale: {
      displayName: "Scale",
      prices: [{ interval: "month", currency: "usd", unitAmount: "19900" }],
      seats: { kind: "licensed", included: 20 },
      meters: {
        requests: {
          included: 500_000,
          overage: { unitPrice: "0.1", currency: "usd", maxOverage: 100_000, ceiling: 5_000_000 },
        },
      },
    },
  },
};
