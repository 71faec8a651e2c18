import { defineConfig } from "@headroom/service/configuration";

const monthly = (unitAmount: string) => [{ interval: "month", currency: "usd", unitAmount }] as const;

/** Three plans, each dearer than the one before; a dearer one is settled at once. */
export default defineConfig({
  meters: { pages: { displayName: "Pages" } },
  defaultMeter: "pages",
  plans: {
    free: {
      displayName: "Free",
      default: true,
      seats: { kind: "licensed", included: 2 },
      meters: { pages: {} },
    },
    mini: {
      displayName: "Mini",
      prices: [...monthly("500")],
      seats: { kind: "licensed", included: 2 },
      meters: { pages: {} },
    },
    pro: {
      displayName: "Pro",
      prices: [...monthly("2900")],
      seats: { kind: "licensed", included: 5, prices: [...monthly("900")] },
      meters: { pages: {} },
    },
    team: {
      displayName: "Team",
      prices: [...monthly("9900")],
      proration: "now",
      seats: { kind: "licensed", included: 10, prices: [...monthly("800")] },
      meters: { pages: {} },
    },
  },
});
