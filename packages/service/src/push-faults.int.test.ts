import { clearFaults, type FaultRequest, injectFault } from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { pushPlans } from "./plans.ts";
import { openStripe } from "./stripe/variables.ts";
import { type EmptyAccount, openEmptyAccount } from "./testing/empty-account.ts";
import { byMeter } from "./testing/meter-plans.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
let account: EmptyAccount;
beforeAll(async () => {
  bench = await createStripeBench({ configure: byMeter });
});
// Everything is made there.
beforeEach(async () => {
  account = await openEmptyAccount();
});
afterEach(async () => {
  await clearFaults(account.url);
  await account.close();
});
afterAll(() => bench?.close());

function push() {
  const { configuration } = bench;
  const variables = {
    HEADROOM_ENV: "test",
    STRIPE_SECRET_KEY: "sk_test_bench",
    STRIPE_API_BASE: account.url,
  } as const;
  const stripe = openStripe(variables, configuration.billing);
  return pushPlans({ ...bench.worker, configuration, stripe }, { dryRun: false });
}

/** One of each at Stripe, and written down here. */
async function expectOneOfEach(): Promise<void> {
  const { stripe } = account;
  const meters = (await stripe.billing.meters.list({ limit: 100 })).data;
  expect(meters.map(({ event_name }) => event_name)).toEqual(["headroom_jobs"]);
  const linked = await bench.rows(
    "select stripe_meter_id as id from headroom.meter where stripe_meter_id is not null",
  );
  expect(linked).toEqual(meters.map(({ id }) => ({ id })));
  const { data } = await stripe.billingPortal.configurations.list({ limit: 100 });
  const portals = data.filter(({ metadata }) => metadata?.headroom_portal !== undefined);
  expect(portals).toHaveLength(1);
  const written = await bench.rows("select portal_configuration_id as id from headroom.configuration");
  expect(written).toEqual(portals.map(({ id }) => ({ id })));
  const prices = (await stripe.prices.list({ limit: 100 })).data;
  const metered = prices.filter(({ recurring }) => recurring?.usage_type === "metered");
  expect(new Set(metered.map(({ recurring }) => recurring?.meter))).toEqual(new Set([meters[0]?.id]));
  expect(new Set(prices.map(({ lookup_key }) => lookup_key)).size).toBe(prices.length);
}

const meters = { method: "POST", path: "/v1/billing/meters" } as const;
const portals = { method: "POST", path: "/v1/billing_portal/configurations" } as const;

// The client makes three tries of a call, under one key.
test.each<[string, FaultRequest, number]>([
  ["meter: 500 for a day", { kind: "status_kept", ...meters, status: 500, times: 1 }, 1],
  ["portal: 500 for a day", { kind: "status_kept", ...portals, status: 500, times: 1 }, 1],
  ["meter: 500 after it was made", { kind: "status_after_commit", ...meters, status: 500, times: 3 }, 1],
  ["portal: 500 after it was made", { kind: "status_after_commit", ...portals, status: 500, times: 3 }, 1],
  ["meter: no answer", { kind: "reset_after_commit", ...meters, times: 3 }, 2],
  ["portal: no answer", { kind: "reset_after_commit", ...portals, times: 3 }, 2],
  ["meter: down for two pushes", { kind: "status", ...meters, status: 500, times: 12 }, 3],
  ["portal: down for two pushes", { kind: "status", ...portals, status: 500, times: 12 }, 3],
])(
  "%s: one of each, after so many pushes",
  async (_name, fault, pushes) => {
    await injectFault(account.url, fault);
    for (let before = 1; before < pushes; before += 1) {
      await expect(push()).rejects.toMatchObject({ name: "StripeFault" });
    }
    await push();
    await expectOneOfEach();
    expect(await push()).toMatchObject({
      portal: "unchanged",
      stripeMeters: [{ change: "unchanged" }],
    });
  },
  30_000,
);

test("pushes at once make one of each", async () => {
  await Promise.allSettled([push(), push(), push()]);
  await push();
  await expectOneOfEach();
}, 30_000);
