import type { Configuration } from "@headroom/domain/configuration";
import type { StripeBench } from "./stripe-bench.ts";

/** The shipped plans, sold by the month, told to Stripe's meters. */
export function byMeter({ plans, policies, ...rest }: Configuration): Configuration {
  const monthly = Object.entries(plans).map(([id, plan]) => {
    const prices = plan.prices.filter(({ interval }) => interval === "month");
    const seats = { ...plan.seats, prices: plan.seats.prices.filter(({ interval }) => interval === "month") };
    return [id, { ...plan, prices, seats }];
  });
  const { pro } = Object.fromEntries(monthly) as Record<string, (typeof plans)[string]>;
  if (pro?.meters.jobs?.overage == null) throw new Error("the shipped plan sells overage");
  const jobs = { ...pro.meters.jobs, overage: { ...pro.meters.jobs.overage, unitPrice: "1.25" } };
  const prices = pro.prices.map((price) => ({ ...price, unitAmount: "9900" }));
  const max = { ...pro, displayName: "Max", prices, meters: { ...pro.meters, jobs } };
  return {
    ...rest,
    plans: { ...Object.fromEntries(monthly), max },
    policies: { ...policies, overage: { ...policies.overage, sink: "meter" } },
  };
}

/** What the invoices of renewals and of our own charge above the plan's price. */
export async function chargedTo(
  { stripe }: Pick<StripeBench, "stripe">,
  customerId: string,
): Promise<{ total: number; status: string | null }[]> {
  const { data } = await stripe.invoices.list({ customer: customerId, limit: 100 });
  return data
    .reverse()
    .map((invoice) => ({
      status: invoice.status,
      total: invoice.lines.data
        .filter(({ amount, metadata, parent, quantity }) => {
          const ours = metadata.headroom_overage !== undefined;
          const usage =
            parent?.subscription_item_details !== null &&
            amount !== 2900 &&
            amount !== 9900 &&
            quantity !== 0;
          return ours || usage;
        })
        .reduce((sum, { amount }) => sum + amount, 0),
    }))
    .filter(({ total }) => total !== 0);
}
