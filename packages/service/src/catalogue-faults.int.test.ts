import type { Configuration } from "@headroom/domain/configuration";
import { clearFaults, type FaultRequest, injectFault } from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { pushPlans } from "./plans.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench();
});
afterEach(() => clearFaults(bench.sandboxUrl));
afterAll(() => bench?.close());

const added: Record<string, Configuration["plans"][string]> = {};

/** The shipped plans, those of earlier tests, and one more, sold by one price. */
function withPlan(id: string): Configuration {
  const { pro } = bench.configuration.plans;
  if (pro === undefined) throw new Error("the shipped configuration has no plan pro");
  const seats = { kind: "licensed" as const, included: 1, prices: [], proration: "none" as const };
  added[id] = { ...pro, seats };
  return { ...bench.configuration, plans: { ...bench.configuration.plans, ...added } };
}

const products = { method: "POST", path: "/v1/products" } as const;
const prices = { method: "POST", path: "/v1/prices" } as const;

// The client makes three tries of a call, under one key.
test.each<[string, FaultRequest, number]>([
  ["product 500 for a day", { kind: "status_kept", ...products, status: 500, times: 1 }, 1],
  ["price 500 for a day", { kind: "status_kept", ...prices, status: 500, times: 1 }, 1],
  ["product 500 after it was made", { kind: "status_after_commit", ...products, status: 500, times: 3 }, 1],
  ["price 500 after it was made", { kind: "status_after_commit", ...prices, status: 500, times: 3 }, 1],
  ["product no answer", { kind: "reset_after_commit", ...products, times: 3 }, 2],
  ["price no answer", { kind: "reset_after_commit", ...prices, times: 3 }, 2],
  ["price down for two pushes", { kind: "status", ...prices, status: 500, times: 12 }, 3],
])("%s: one of each, after so many pushes", async (name, fault, pushes) => {
  const id = name.replaceAll(" ", "_");
  const configuration = withPlan(id);
  await injectFault(bench.sandboxUrl, fault);
  for (let push = 1; push < pushes; push += 1) {
    await expect(pushPlans({ ...bench.worker, configuration }, { dryRun: false })).rejects.toMatchObject({
      name: "StripeFault",
    });
  }
  await pushPlans({ ...bench.worker, configuration }, { dryRun: false });
  const made = await bench.stripe.products.list({ limit: 100 });
  expect(made.data.filter((product) => product.metadata.headroom_plan === id)).toHaveLength(1);
  const product = `headroom_${id}_plan`;
  const { data } = await bench.stripe.prices.list({ product, limit: 100 });
  expect(data.map((price) => price.lookup_key)).toEqual([`headroom_${id}_v1_plan_month_usd`]);
  const linked = await bench.rows(
    "select stripe_price_id as price from headroom.plan_price where plan_id = $1",
    id,
  );
  expect(linked).toEqual([{ price: data[0]?.id }]);
});
