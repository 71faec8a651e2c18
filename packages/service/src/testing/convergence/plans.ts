import type { Configuration, PlanDefinition, PlanPrice } from "@headroom/domain/configuration";

const usd = (month: string, year?: string): PlanPrice[] => [
  { interval: "month", currency: "usd", unitAmount: month },
  ...(year === undefined ? [] : [{ interval: "year" as const, currency: "usd", unitAmount: year }]),
];

const jobs = (included: number, maxOverage: number) => ({
  dailyLimit: null,
  included,
  overage: { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage, ceiling: null },
});

/**
 * The plans of the lives: two free ones, seats bought and seats that follow the members, a trial, a downgrade at once, a
 * price by the year.
 */
export function withLives(shipped: Configuration): Configuration {
  const { free, pro } = shipped.plans as { free: PlanDefinition; pro: PlanDefinition };
  const pages = (dailyLimit: number) => ({ dailyLimit, included: null, overage: null });
  const sold = (included: number, prices: PlanPrice[]) => ({
    kind: "licensed" as const,
    included,
    prices,
    proration: "next_invoice" as const,
  });
  const plans: Record<string, PlanDefinition> = {
    free,
    community: { ...free, default: false, displayName: "Community" },
    solo: {
      ...pro,
      displayName: "Solo",
      prices: usd("1000", "10000"),
      seats: sold(1, usd("500", "5000")),
      meters: { pages: pages(2_000), jobs: jobs(20, 40) },
    },
    studio: {
      ...pro,
      displayName: "Studio",
      prices: usd("4000", "40000"),
      seats: sold(3, usd("700", "7000")),
      graceDays: 3,
      proration: "now",
      meters: { pages: pages(3_000), jobs: jobs(50, 60) },
    },
    quick: {
      ...pro,
      displayName: "Quick",
      prices: usd("1500"),
      seats: sold(2, usd("600")),
      downgrade: "now",
      meters: { pages: pages(4_000), jobs: jobs(10, 0) },
    },
    crew: {
      ...pro,
      displayName: "Crew",
      prices: usd("3000"),
      seats: { kind: "auto", included: 1, maxSeats: null, prices: usd("800"), proration: "next_invoice" },
      meters: { pages: pages(5_000), jobs: jobs(40, 10) },
    },
    taste: {
      ...pro,
      displayName: "Taste",
      prices: usd("2500"),
      seats: sold(2, usd("900")),
      trialDays: 14,
      meters: { pages: pages(6_000), jobs: jobs(25, 30) },
    },
  };
  return { ...shipped, plans };
}

/** What the configuration becomes in the middle of a life: `solo` has a second version. */
export function withSecondSolo(configuration: Configuration): Configuration {
  const { solo } = configuration.plans as { solo: PlanDefinition };
  const second = { ...solo, meters: { ...solo.meters, jobs: jobs(30, 40) } };
  return { ...configuration, plans: { ...configuration.plans, solo: second } };
}
