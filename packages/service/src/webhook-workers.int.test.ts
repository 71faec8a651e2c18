import type { ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Receiver, startReceiver } from "./testing/receiver.ts";
import { openWebhookBench, type WebhookBench } from "./testing/webhook-bench.ts";
import { createWebhookCourier, type WebhookCourier } from "./webhook-delivery.ts";
import { deleteWebhook } from "./webhooks.ts";

let bench: WebhookBench;
let receiver: Receiver;
beforeAll(async () => {
  bench = await openWebhookBench();
});
afterAll(() => bench?.close());
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

describe("no endpoint waits for another", () => {
  const dead: ServerResponse[] = [];
  const hang = () => {
    receiver.answer = (response) => void dead.push(response);
    return createWebhookCourier(bench.patient);
  };
  const held = () =>
    bench.admin("select id from headroom.webhook_endpoint where leased_until > clock_timestamp()");
  /** A message of somebody else arrives while all the dead hang, and they still do afterwards. */
  const assertArrival = async (courier: WebhookCourier, hanging: number) => {
    await expect.poll(() => dead.length).toBe(hanging);
    const healthy = await startReceiver();
    const { send, deliveries } = await bench.endpoint(healthy.url);
    await send();
    await courier.round();
    await expect.poll(deliveries).toMatchObject([{ status: "delivered" }]);
    expect(dead).toHaveLength(hanging);
    await healthy.close();
    for (const response of dead.splice(0)) response.writeHead(500).end();
    await courier.stop();
  };

  test("when all twenty of another organization hang: it holds four places", async () => {
    const courier = hang();
    const first = await bench.endpoint(receiver.url);
    const all = [first];
    while (all.length < 20) all.push(await bench.endpoint(receiver.url, first.access));
    for (const { send } of all) await send();
    await courier.round();
    await courier.round();
    expect(await held()).toHaveLength(4);
    await assertArrival(courier, 4);
    for (const { access, webhookId } of all) await deleteWebhook(bench.world.context, access, { webhookId });
  });

  test("when many organizations' endpoints hang that failed before: they hold half of the places", async () => {
    const courier = hang();
    const all = await Promise.all(Array.from({ length: 18 }, () => bench.endpoint(receiver.url)));
    for (const { send } of all) await send();
    await bench.admin(
      "update headroom.webhook_endpoint set failing_since = clock_timestamp() where id = any($1)",
      [all.map(({ webhookId }) => webhookId)],
    );
    await courier.round();
    await courier.round();
    expect(await held()).toHaveLength(8);
    await assertArrival(courier, 8);
    for (const { access, webhookId } of all) await deleteWebhook(bench.world.context, access, { webhookId });
  });
});

describe("with two workers", () => {
  test("each message goes out once when nothing fails, in order", async () => {
    const other = createWebhookCourier(bench.worker);
    const endpoints = await Promise.all(Array.from({ length: 5 }, () => bench.endpoint(receiver.url)));
    const sent = await Promise.all(endpoints.map(({ send }) => send(8)));
    for (let round = 0; round < 6; round += 1) {
      await Promise.all([bench.courier.round(), other.round(), bench.courier.round(), other.round()]);
    }
    await Promise.all([bench.courier.settle(), other.settle()]);
    await bench.run(other);
    const arrived = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(arrived).toHaveLength(40);
    for (const messages of sent) {
      const ids = messages.map(({ eventId }) => eventId);
      expect(arrived.filter((id) => ids.includes(String(id)))).toEqual(ids);
    }
    await other.stop();
  });

  test("what a silent one holds is taken over when its lease ends, and its late answer changes nothing", async () => {
    const silent = createWebhookCourier(bench.patient);
    const { webhookId, send, deliveries } = await bench.endpoint(receiver.url);
    await send();
    const held: ServerResponse[] = [];
    receiver.answer = (response) => void held.push(response);
    await silent.round();
    await expect.poll(() => held.length).toBe(1);
    await bench.courier.round();
    await bench.courier.settle();
    expect(receiver.received).toHaveLength(1);
    const [lease] = await bench.admin(
      `select extract(epoch from leased_until - clock_timestamp())::float8 as seconds
         from headroom.webhook_endpoint where id = $1`,
      [webhookId],
    );
    expect(lease?.seconds).toBeGreaterThan(10);
    expect(lease?.seconds).toBeLessThanOrEqual(15);
    await bench.admin("update headroom.webhook_endpoint set leased_until = clock_timestamp() where id = $1", [
      webhookId,
    ]);
    const next = createWebhookCourier(bench.patient);
    await next.round();
    await expect.poll(() => held.length).toBe(2);
    expect(receiver.received[1]?.headers["webhook-id"]).toBe(receiver.received[0]?.headers["webhook-id"]);
    held[0]?.writeHead(500).end();
    await silent.settle();
    expect(await deliveries()).toMatchObject([{ status: "pending", attempts: [] }]);
    held[1]?.writeHead(204).end();
    await next.stop();
    expect(await deliveries()).toMatchObject([
      { status: "delivered", attempts: [{ attempt: 1, responseStatus: 204 }] },
    ]);
    await silent.stop();
  });

  test("one that is stopped gives back what hangs, without an attempt against it", async () => {
    const stopped = createWebhookCourier(bench.patient);
    const { send, deliveries } = await bench.endpoint(receiver.url);
    await send();
    receiver.answer = () => {};
    await stopped.round();
    await expect.poll(() => receiver.received.length).toBe(1);
    const started = performance.now();
    await stopped.stop();
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await deliveries()).toMatchObject([{ status: "pending", attempts: [] }]);
    await stopped.round();
    await stopped.settle();
    expect(receiver.received).toHaveLength(1);
    receiver.answer = (response) => void response.writeHead(204).end();
    await bench.run();
    expect(await deliveries()).toMatchObject([{ status: "delivered" }]);
  });
});
