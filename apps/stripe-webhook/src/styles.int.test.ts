import { startCheckout } from "@headroom/service/checkout";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWebhookServer } from "./server.ts";

const secrets = ["whsec_snapshots"];
let bench: StripeBench;
let server: Awaited<ReturnType<typeof startWebhookServer>>;
beforeAll(async () => {
  bench = await createStripeBench();
  server = await startWebhookServer({
    host: "127.0.0.1",
    port: 0,
    livemode: false,
    secrets,
    maxBody: 100_000,
    shutdownDelayMs: 0,
    service: bench.webhook,
  });
});
afterAll(async () => {
  await server?.close();
  await bench?.close();
});

const destination = (style: "thin" | "snapshot", types: string[]) =>
  bench.stripe.v2.core.eventDestinations.create({
    name: style,
    type: "webhook_endpoint",
    event_payload: style,
    enabled_events: types,
    webhook_endpoint: { url: `${server.url}/stripe` },
    include: ["webhook_endpoint.signing_secret"],
  });

const kept = () =>
  bench.rows(
    `select status, style, coalesce(twin_id, event_id) as change from headroom.stripe_inbox
     where type in ('customer.subscription.created', 'v1.customer.subscription.created')`,
  );

async function settled(): Promise<void> {
  await expect
    .poll(async () => (await kept()).map(({ status }) => status).sort(), { timeout: 10_000, interval: 20 })
    .toEqual(["applied", "ignored"]);
}

test("both styles arrive at the app, which verifies them alike and applies one change once", async () => {
  const types = ["customer.subscription.created"];
  for (const made of [
    await destination(
      "thin",
      types.map((type) => `v1.${type}`),
    ),
    await destination("snapshot", types),
  ]) {
    secrets.push(String(made.webhook_endpoint?.signing_secret));
  }
  const { id, access } = await bench.organization();
  const { checkoutUrl } = await startCheckout(bench.api, await access("billing.manage"), { planId: "pro" });
  await bench.pay(checkoutUrl);
  await settled();
  const events = await kept();
  expect(new Set(events.map(({ change }) => change)).size).toBe(1);
  expect(events.map(({ style }) => style).sort()).toEqual(["snapshot", "thin"]);
  const [row] = await bench.rows("select plan_id from headroom.subscription where organization_id = $1", id);
  expect(row).toEqual({ plan_id: "pro" });
});
