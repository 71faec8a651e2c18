import { readFileSync } from "node:fs";
import { createMetrics } from "@headroom/platform/metrics";
import { startReceiver } from "@headroom/service/testing/receiver";
import { openWebhookBench, type WebhookBench } from "@headroom/service/testing/webhook-bench";
import { createWebhookCourier } from "@headroom/service/webhook-delivery";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exposeWebhooks } from "./webhook-metrics.ts";

let bench: WebhookBench;
beforeAll(async () => {
  bench = await openWebhookBench();
});
afterAll(() => bench?.close());

test("attempts, failures, what waits and endpoints are counted as they stand", async () => {
  const metrics = createMetrics("test");
  const courier = createWebhookCourier({
    ...bench.worker,
    observe: exposeWebhooks(bench.worker.db, metrics),
  });
  const value = async (name: string) => {
    const line = new RegExp(`^headroom_webhook_${name.replaceAll(/[{}"]/g, ".")}.*? ([\\d.e+-]+)$`, "m");
    return Number(
      line.exec((await metrics.registry.metrics()).replaceAll(',service="test"', ""))?.[1] ?? "NaN",
    );
  };
  const receiver = await startReceiver();
  const good = await bench.endpoint(receiver.url);
  await good.send(2);
  expect(await value("waiting_deliveries")).toBe(2);
  await bench.admin(
    "update headroom.webhook_delivery set created_at = clock_timestamp() - interval '90 seconds'",
  );
  expect(Math.floor((await value("oldest_waiting_seconds")) / 90)).toBe(1);
  await bench.run(courier);
  expect(await value('attempts_total{outcome="delivered"}')).toBe(2);
  expect([await value("waiting_deliveries"), await value("oldest_waiting_seconds")]).toEqual([0, 0]);

  receiver.answer = (response) => void response.writeHead(503).end();
  await good.send();
  await bench.run(courier);
  expect(await value('failures_total{reason="5xx"}')).toBe(1);
  expect(await value('attempts_total{outcome="failed"}')).toBe(1);
  expect([await value("waiting_deliveries"), await value("failing_endpoints")]).toEqual([1, 1]);

  receiver.answer = (response) => void response.writeHead(410).end();
  await bench.skipPauses();
  await bench.run(courier);
  expect(await value('failures_total{reason="4xx"}')).toBe(1);
  expect(await value("given_up_endpoints")).toBe(1);
  await receiver.close();

  const refused = await bench.endpoint(receiver.url);
  await refused.send();
  await bench.run(courier);
  expect(await value('failures_total{reason="connection_failed"}')).toBe(1);
  await bench.admin("update headroom.webhook_endpoint set status = 'disabled' where status = 'enabled'");
  await bench.admin("update headroom.webhook_delivery set status = 'failed' where status = 'pending'");
  expect([
    await value("endpoints"),
    await value("disabled_endpoints"),
    await value("given_up_endpoints"),
  ]).toEqual([2, 2, 1]);
  expect(await value("failed_deliveries")).toBeGreaterThan(0);
  await courier.stop();
});

test("the page has every metric, and no other", async () => {
  const metrics = createMetrics("test");
  exposeWebhooks(bench.worker.db, metrics);
  const exposed = metrics.registry.getMetricsAsArray().map(({ name }) => name);
  const page = readFileSync(new URL("../../../docs/webhooks.md", import.meta.url), "utf8");
  const told = [...page.matchAll(/^\| `(headroom_webhook_\w+)/gm)].map(([, name]) => name);
  expect(told.sort()).toEqual(exposed.filter((name) => name.startsWith("headroom_webhook_")).sort());
});
