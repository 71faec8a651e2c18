type Interval = "month" | "year";

/** The words of the pricing table. */
export const pricing = {
  paidBy: "Paid by",
  intervals: { month: "Monthly", year: "Yearly" },
  currency: "Currency",
  onlyDifferences: (plan: string) => `Show only what differs from ${plan}`,
  free: "Free",
  per: { month: "a month", year: "a year" },
  perMonth: (price: string) => `${price} a month`,
  saves: (share: string) => `saves ${share}`,
  notSold: (currency: string) => `Not sold in ${currency}`,
  current: "Current plan",
  pending: "Takes over next",
  trial: (_days: string, days: number) =>
    days === 1 ? "1 day to try it free" : `${days} days to try it free`,
  sameOtherwise: (plan: string) => `All else as in ${plan}`,
  seats: (count: string, plain: number) => (plain === 1 ? "1 seat" : `${count} seats`),
  seatsSold: (price: string, interval: Interval) =>
    `more for ${price} each a ${interval === "year" ? "year" : "month"}`,
  seatsFollow: (price: string, interval: Interval) =>
    `each further member ${price} a ${interval === "year" ? "year" : "month"}`,
  seatsMost: (count: string) => `${count} at most`,
  meter: (name: string, terms: string) => `${name}: ${terms}`,
  daily: (count: string) => `${count} a day`,
  included: (count: string) => `${count} a month`,
  overage: (price: string) => `then ${price} each`,
  withoutLimit: "unlimited",
  withoutMeter: (name: string) => `No ${name}`,
  feature: (name: string, value: string) => `${name}: ${value}`,
  withoutFeature: (name: string) => `No ${name}`,
  trends: { more: "more than now", less: "less than now", other: "other than now" },
  actions: {
    choose: (plan: string) => `Choose ${plan}`,
    upgrade: (plan: string) => `Upgrade to ${plan}`,
    downgrade: (plan: string) => `Downgrade to ${plan}`,
    keep: (plan: string) => `Keep ${plan}`,
    interval: { month: "Pay by the month", year: "Pay by the year" },
  },
};
