import type { StripeBench } from "../stripe-bench.ts";
import type { Scene } from "./scene.ts";

/** A price that is of no plan of ours; its id. */
export async function makeStrangePrice({ stripe }: StripeBench): Promise<string> {
  const { id: product } = await stripe.products.create({ name: "Something else" });
  const price = { product, currency: "usd", unit_amount: 100, recurring: { interval: "month" as const } };
  return (await stripe.prices.create(price)).id;
}

/** The newest price of each plan, as an act asks for it. */
export async function pricesOf({ rows }: StripeBench): Promise<Scene["price"]> {
  const found = await rows(
    `select distinct on (plan_id, role, billing_interval) plan_id, role, billing_interval, stripe_price_id as id
     from headroom.plan_price where stripe_price_id is not null
     order by plan_id, role, billing_interval, plan_version desc`,
  );
  const ids = new Map(
    found.map((one) => [`${one.plan_id} ${one.role} ${one.billing_interval}`, String(one.id)]),
  );
  return (plan, role, interval = "month") => ids.get(`${plan} ${role} ${interval}`) ?? "";
}
