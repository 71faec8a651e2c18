import type { AppRouter } from "@headroom/client";
import type { inferRouterOutputs } from "@trpc/server";
import type { Billing, Plan, Preview } from "../billing/managing.ts";

type Meter = Pick<
  inferRouterOutputs<AppRouter>["usage"]["get"]["meters"][number],
  "meter" | "dailyUsed" | "dailyLimit" | "monthlyUsed" | "included"
>;

/** A limit as it is and as it would be; null: there is none. */
export type LimitChange = {
  kind: "seats" | "daily" | "period";
  /** Of which meter; null: of none. */
  meter: string | null;
  used: number;
  now: number | null;
  after: number | null;
  /** More is used already than the other plan allows. */
  exceeds: boolean;
};

/** What holds now beside what another plan would allow. Rows without a limit on either side are left out. */
export function limitChanges(
  billing: Pick<Billing, "seats" | "seatsPurchased">,
  meters: readonly Meter[],
  plans: { from: Plan | null; to: Plan },
  preview: Pick<Preview, "overLimit">,
): LimitChange[] {
  const { seats } = billing;
  const rows: Omit<LimitChange, "exceeds">[] = [
    {
      kind: "seats",
      meter: null,
      used: seats.used,
      now: seats.limit,
      after: seatsThen(billing, plans, preview),
    },
    ...meters.flatMap(({ meter, dailyUsed, dailyLimit, monthlyUsed, included }) => {
      const terms = plans.to.limits.find((one) => one.meter === meter);
      // A meter that a plan does not have is closed under it.
      const other = terms ?? { dailyLimit: 0, included: 0 };
      return [
        { kind: "daily" as const, meter, used: dailyUsed, now: dailyLimit, after: other.dailyLimit },
        { kind: "period" as const, meter, used: monthlyUsed, now: included, after: other.included },
      ];
    }),
  ];
  return rows
    .filter(({ now, after }) => now !== null || after !== null)
    .map((row) => ({ ...row, exceeds: row.after !== null && row.used > row.after }));
}

// Seats that were bought stay bought where the other plan sells seats ahead; what follows the members always holds them.
function seatsThen(
  { seats, seatsPurchased }: Pick<Billing, "seats" | "seatsPurchased">,
  { from, to }: { from: Plan | null; to: Plan },
  { overLimit }: Pick<Preview, "overLimit">,
): number | null {
  if (overLimit !== null) return overLimit.limit;
  if (to.seats.kind === "auto") return to.seats.max;
  if (to.seats.prices.length === 0) return to.seats.included;
  if (from?.seats.kind === "auto") return Math.max(to.seats.included, seats.members);
  return to.seats.included + seatsPurchased;
}
