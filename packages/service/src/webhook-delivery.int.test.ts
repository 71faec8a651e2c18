import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { listAudit } from "./audit.ts";
import { type Received, type Receiver, startReceiver } from "./testing/receiver.ts";
import { openWebhookBench, type WebhookBench } from "./testing/webhook-bench.ts";
import { redeliverWebhook } from "./webhook-deliveries.ts";
import { getWebhook, updateWebhook } from "./webhooks.ts";

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

const verify = (secret: string, { body, headers }: Received) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);
const statusWith = (status: number, headers = {}) => {
  receiver.answer = (response) => void response.writeHead(status, headers).end();
};
/** Seconds until the first delivery's next attempt. */
const pauseOf = ([delivery]: { nextAttemptAt: string | null }[]) =>
  (Date.parse(delivery?.nextAttemptAt ?? "") - Date.now()) / 1_000;

test("a message is signed as the receiver's own library verifies, and told of exactly", async () => {
  const { access, secret, webhookId, send, deliveries } = await bench.endpoint(receiver.url);
  const [sent] = await send();
  await bench.run();
  const [got] = receiver.received as [Received];
  expect(receiver.received).toHaveLength(1);
  expect(got.headers).toMatchObject({ "content-type": "application/json", "webhook-id": sent?.eventId });
  expect(verify(secret, got)).toEqual({
    type: "webhook.test",
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    data: {
      organizationId: `org_${access.organizationId}`,
      seq: sent?.eventSeq,
      webhookId: `whk_${webhookId}`,
    },
  });
  expect(() => verify(secret, { ...got, body: got.body.replace("test", "tset") })).toThrow("signature");
  expect(await deliveries()).toEqual([
    {
      ...sent,
      status: "delivered",
      nextAttemptAt: null,
      deliveredAt: expect.any(String),
      attempts: [
        {
          attempt: 1,
          at: expect.any(String),
          durationMs: expect.any(Number),
          responseStatus: 204,
          error: null,
        },
      ],
    },
  ]);
});

test("the events of an endpoint arrive in their order", async () => {
  const { send } = await bench.endpoint(receiver.url);
  const sent = await send(12);
  await bench.run();
  expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual(
    sent.map(({ eventId }) => eventId),
  );
});

describe("after a failure", () => {
  test("the same message comes again, later, and what follows does not wait for it", async () => {
    const { secret, send, deliveries } = await bench.endpoint(receiver.url);
    receiver.answer = (response) =>
      void response.writeHead(receiver.received.length === 1 ? 500 : 200).end("ok");
    const [failing, following] = await send(2);
    await bench.run();
    const ids = () => receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(ids()).toEqual([failing?.eventId, following?.eventId]);
    const [second, first] = await deliveries();
    expect(second).toMatchObject({ status: "delivered" });
    expect(first).toMatchObject({
      status: "pending",
      attempts: [{ attempt: 1, responseStatus: 500, error: null }],
    });
    const pause = pauseOf([first as { nextAttemptAt: string | null }]);
    expect(pause).toBeGreaterThan(3);
    expect(pause).toBeLessThan(6);
    await bench.skipPauses();
    await bench.run();
    expect(ids()).toEqual([failing?.eventId, following?.eventId, failing?.eventId]);
    expect(receiver.received[2]?.body).toBe(receiver.received[0]?.body);
    verify(secret, receiver.received[2] as Received);
    expect((await deliveries())[1]).toMatchObject({
      status: "delivered",
      attempts: [
        { attempt: 2, responseStatus: 200 },
        { attempt: 1, responseStatus: 500 },
      ],
    });
  });

  test("the receiver may ask for a longer pause", async () => {
    const { send, deliveries } = await bench.endpoint(receiver.url);
    statusWith(503, { "retry-after": "1800" });
    await send();
    await bench.run();
    expect(pauseOf(await deliveries())).toBeGreaterThan(1_700);
    statusWith(429, { "retry-after": new Date(Date.now() + 7_200_000).toUTCString() });
    await bench.skipPauses();
    await bench.run();
    expect(pauseOf(await deliveries())).toBeGreaterThan(7_000);
    expect(pauseOf(await deliveries())).toBeLessThan(7_300);
  });

  test("eleven attempts are all; asked for again, it has as many", async () => {
    const { access, webhookId, send, deliveries } = await bench.endpoint(receiver.url);
    statusWith(500);
    const [sent] = await send();
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      await bench.skipPauses();
      await bench.run();
      expect((await deliveries())[0]).toMatchObject({ status: "pending", attempts: { length: attempt } });
    }
    await bench.skipPauses();
    await bench.run();
    expect((await deliveries())[0]).toMatchObject({ status: "failed", nextAttemptAt: null });
    await bench.skipPauses();
    await bench.run();
    expect(receiver.received).toHaveLength(11);
    const eventId = (sent?.eventId ?? "").slice("evt_".length);
    const again = await redeliverWebhook(bench.world.context, access, { webhookId, eventId });
    expect(again).toMatchObject({ status: "pending", attempts: { length: 11 } });
    await bench.run();
    expect((await deliveries())[0]).toMatchObject({ status: "pending", attempts: { length: 12 } });
    expect(pauseOf(await deliveries())).toBeLessThan(6);
    await redeliverWebhook(bench.world.context, access, { webhookId, eventId });
    statusWith(200);
    await bench.run();
    expect((await deliveries())[0]).toMatchObject({ status: "delivered" });
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  });

  test("what was delivered can be asked for again: the same id and bytes, signed afresh", async () => {
    const { access, webhookId, secret, send, deliveries } = await bench.endpoint(receiver.url);
    const [sent] = await send();
    await bench.run();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const eventId = (sent?.eventId ?? "").slice("evt_".length);
    await redeliverWebhook(bench.world.context, access, { webhookId, eventId });
    await bench.run();
    const [first, second] = receiver.received as [Received, Received];
    expect(second.body).toBe(first.body);
    expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
    expect(Number(second.headers["webhook-timestamp"])).toBeGreaterThan(
      Number(first.headers["webhook-timestamp"]),
    );
    verify(secret, second);
    expect((await deliveries())[0]).toMatchObject({ status: "delivered", attempts: { length: 2 } });
  });

  test.each([
    [
      "redirects inside",
      (url: string) => statusWith(307, { location: url }),
      { responseStatus: 307, error: null },
    ],
    ["hangs", () => (receiver.answer = () => {}), { responseStatus: null, error: "timeout" }],
  ])("a receiver that %s has failed", async (_, behave, outcome) => {
    const inside = await startReceiver();
    const { send, deliveries } = await bench.endpoint(receiver.url);
    behave(inside.url);
    await send();
    await bench.run();
    expect((await deliveries())[0]).toMatchObject({
      status: "pending",
      attempts: [{ attempt: 1, ...outcome }],
    });
    expect(inside.received).toEqual([]);
    await inside.close();
  });
});

describe("an endpoint is disabled", () => {
  test("at once when it says that it is gone; what waits goes on when it is enabled", async () => {
    const { access, webhookId, send, deliveries } = await bench.endpoint(receiver.url);
    const { context } = bench.world;
    statusWith(410);
    await send(3);
    await bench.run();
    expect(receiver.received).toHaveLength(1);
    expect(await getWebhook(context, access, { webhookId })).toMatchObject({
      status: "disabled",
      disabledReason: "gone",
    });
    expect((await deliveries()).map(({ status }) => status)).toEqual(["pending", "pending", "failed"]);
    const audit = await listAudit(context, { ...access, permission: "audit.view" }, { limit: 1 });
    expect(audit.entries[0]).toMatchObject({
      action: "webhook.updated",
      target: `whk_${webhookId}`,
      data: { status: "disabled", reason: "gone" },
    });
    const events = await bench.admin(
      "select name from headroom.event where organization_id = $1 order by seq desc limit 1",
      [access.organizationId],
    );
    expect(events).toEqual([{ name: "webhook.updated" }]);
    statusWith(204);
    const enabled = await updateWebhook(context, access, { webhookId, status: "enabled" });
    expect(enabled).toMatchObject({ disabledReason: null, failingSince: null });
    await bench.run();
    expect(receiver.received).toHaveLength(3);
  });

  test("after five days of nothing but failures, and not before", async () => {
    const { access, webhookId, send } = await bench.endpoint(receiver.url);
    const { context } = bench.world;
    const failSince = async (age: string) => {
      await bench.admin(
        `update headroom.webhook_endpoint set failing_since = clock_timestamp() - $2::interval where id = $1`,
        [webhookId, age],
      );
      await send();
      await bench.run();
      return getWebhook(context, access, { webhookId });
    };
    statusWith(500);
    await send();
    await bench.run();
    const began = await getWebhook(context, access, { webhookId });
    expect(Date.now() - Date.parse(began.failingSince ?? "")).toBeLessThan(5_000);
    expect(await failSince("4 days 23 hours")).toMatchObject({ status: "enabled" });
    statusWith(200);
    expect(await failSince("6 days")).toMatchObject({ status: "enabled", failingSince: null });
    statusWith(500);
    expect(await failSince("5 days")).toMatchObject({ status: "disabled", disabledReason: "failing" });
  });
});
