import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createSecretBox } from "./encryption.ts";
import { type Received, type Receiver, startReceiver } from "./testing/receiver.ts";
import { openWebhookBench, type WebhookBench } from "./testing/webhook-bench.ts";
import { createWebhookCourier, pruneWebhookDeliveries } from "./webhook-delivery.ts";
import { deleteWebhook, getWebhook, rotateWebhook } from "./webhooks.ts";

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

test("after a rotation both secrets sign, until the old one's time is over", async () => {
  const { access, webhookId, secret: old, send } = await bench.endpoint(receiver.url);
  const fresh = (await rotateWebhook(bench.world.context, access, { webhookId })).secret ?? "";
  await send();
  await bench.run();
  const during = receiver.received.at(-1) as Received;
  expect(String(during.headers["webhook-signature"]).split(" ")).toHaveLength(2);
  verify(old, during);
  verify(fresh, during);
  await bench.admin(
    "update headroom.webhook_endpoint set previous_secret_until = clock_timestamp() where id = $1",
    [webhookId],
  );
  await send();
  await bench.run();
  const after = receiver.received.at(-1) as Received;
  verify(fresh, after);
  expect(() => verify(old, after)).toThrow("signature");
  expect((await getWebhook(bench.world.context, access, { webhookId })).previousSecretUntil).toBeNull();
});

test("a guarded worker sends nothing inside, whatever the endpoint's row says", async () => {
  const { send, deliveries } = await bench.endpoint(receiver.url);
  const named = await bench.endpoint(receiver.url.replace("127.0.0.1", "hooks.example.com"));
  await send();
  await named.send();
  const guarded = createWebhookCourier({
    ...bench.worker,
    webhooks: {
      secrets: bench.worker.webhooks?.secrets ?? null,
      outbound: { allowHttp: true, allowInternal: false },
      resolve: async () => [{ address: "127.0.0.1", family: 4 }],
    },
  });
  await bench.run(guarded);
  expect(await deliveries()).toMatchObject([{ status: "pending", attempts: [{ error: "url_refused" }] }]);
  expect(await named.deliveries()).toMatchObject([
    { status: "pending", attempts: [{ error: "address_refused" }] },
  ]);
  expect(receiver.received).toEqual([]);
});

test("without a key nothing is sent and nothing is lost; with another key it is told", async () => {
  const { send, deliveries } = await bench.endpoint(receiver.url);
  await send();
  const outbound = { allowHttp: true, allowInternal: true };
  const keyless = createWebhookCourier({ ...bench.worker, webhooks: { secrets: null, outbound } });
  await keyless.round();
  await keyless.settle();
  expect(await deliveries()).toMatchObject([{ status: "pending", attempts: [] }]);
  const secrets = createSecretBox([Buffer.alloc(32, 8)]);
  await bench.run(createWebhookCourier({ ...bench.worker, webhooks: { secrets, outbound } }));
  expect(await deliveries()).toMatchObject([
    { status: "pending", attempts: [{ error: "secret_unreadable" }] },
  ]);
  expect(receiver.received).toEqual([]);
});

test("an endpoint that is deleted while it is sent to leaves nothing behind", async () => {
  const { access, webhookId, send } = await bench.endpoint(receiver.url);
  await send(2);
  receiver.answer = async (response) => {
    await deleteWebhook(bench.world.context, access, { webhookId });
    response.writeHead(200).end();
  };
  await bench.run();
  expect(receiver.received).toHaveLength(1);
  const left = await bench.admin("select from headroom.webhook_attempt where endpoint_id = $1", [webhookId]);
  expect(left).toEqual([]);
});

test("a delivery whose event is not kept any more is given up", async () => {
  const { access, webhookId, send } = await bench.endpoint(receiver.url);
  const [lost, kept] = await send(2);
  await bench.admin("delete from headroom.event where organization_id = $1 and seq = $2", [
    access.organizationId,
    lost?.eventSeq,
  ]);
  await bench.run();
  expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([kept?.eventId]);
  const rows = await bench.admin(
    "select status from headroom.webhook_delivery where endpoint_id = $1 order by event_seq",
    [webhookId],
  );
  expect(rows).toEqual([{ status: "failed" }, { status: "delivered" }]);
});

test("deliveries are kept for 35 days of real time, with their attempts", async () => {
  const { access, send, deliveries } = await bench.endpoint(receiver.url);
  const [old, young] = await send(2);
  await bench.run();
  const age = (delivery: typeof old, days: string) =>
    bench.admin(
      `update headroom.webhook_delivery set created_at = clock_timestamp() - $3::interval
         where organization_id = $1 and event_seq = $2`,
      [access.organizationId, delivery?.eventSeq, days],
    );
  await age(old, "35 days 1 minute");
  await age(young, "34 days 23 hours");
  expect(await pruneWebhookDeliveries(bench.worker)).toBe(1);
  expect((await deliveries()).map(({ eventId }) => eventId)).toEqual([young?.eventId]);
  const attempts = await bench.admin(
    "select event_seq from headroom.webhook_attempt where organization_id = $1",
    [access.organizationId],
  );
  expect(attempts).toHaveLength(1);
});
