import { type Receiver, startReceiver } from "@headroom/service/testing/receiver";
import { openWebhookBench, type WebhookBench } from "@headroom/service/testing/webhook-bench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveWorld, type WorldServer } from "./testing/live-server.ts";

let bench: WebhookBench;
let receiver: Receiver;
let api: WorldServer;
beforeAll(async () => {
  receiver = await startReceiver();
  bench = await openWebhookBench();
  api = await serveWorld(bench.world.context);
});
afterAll(async () => {
  await api?.close();
  await receiver?.close();
  await bench?.close();
});

/** A call below `/v1/organizations`. */
const call: WorldServer["call"] = (as, method, path, ...sent) =>
  api.call(as, method, `/organizations${path}`, ...sent);

test("an endpoint's life over REST: every answer has its published shape", async () => {
  const { id } = (await call("ada", "POST", "", { name: "Acme" })).body;
  const all = `/${id}/webhooks`;
  const wanted = {
    url: receiver.url,
    description: " Ours ",
    events: ["webhook.test", "conversation_assigned"],
  };
  const created = await call("ada", "POST", all, wanted, { "idempotency-key": "k" });
  expect(created).toMatchObject({
    status: 201,
    body: { organization_id: id, ...wanted, description: "Ours", status: "enabled", disabled_reason: null },
  });
  const { secret, ...view } = created.body;
  expect(secret).toMatch(/^whsec_/);
  expect(await call("ada", "POST", all, wanted, { "idempotency-key": "k" })).toEqual({
    status: 201,
    body: { ...view, secret: null },
  });
  const one = `${all}/${view.id}`;
  expect(await call("ada", "GET", one)).toEqual({ status: 200, body: view });
  expect(await call("ada", "GET", all)).toEqual({
    status: 200,
    body: { webhooks: [view], next_cursor: null },
  });
  expect(await call("ada", "PATCH", one, { events: [] })).toMatchObject({
    status: 200,
    body: { events: [] },
  });
  const rotated = await call("ada", "POST", `${one}/rotate`);
  expect(rotated).toMatchObject({ status: 200, body: { previous_secret_until: expect.any(String) } });

  const tested = await call("ada", "POST", `${one}/test`);
  expect(tested).toMatchObject({
    status: 200,
    body: { name: "webhook.test", status: "pending", attempts: [] },
  });
  await bench.run();
  expect(JSON.parse(receiver.received.at(-1)?.body ?? "")).toMatchObject({
    type: "webhook.test",
    data: { organizationId: id, webhookId: view.id, seq: tested.body.event_seq },
  });
  const delivered = await call("ada", "GET", `${one}/deliveries?status=delivered&limit=1`);
  expect(delivered).toMatchObject({
    status: 200,
    body: {
      deliveries: [
        { event_id: tested.body.event_id, attempts: [{ attempt: 1, response_status: 204, error: null }] },
      ],
      next_cursor: expect.any(String),
    },
  });
  const before = receiver.received.length;
  const again = await call("ada", "POST", `${one}/deliveries/${tested.body.event_id}/redeliver`);
  expect(again).toMatchObject({ status: 200, body: { status: "pending", delivered_at: null } });
  await bench.run();
  expect(receiver.received).toHaveLength(before + 1);

  expect(await call("ada", "DELETE", one)).toMatchObject({ status: 200, body: { id: view.id } });
  expect(await call("ada", "GET", one)).toMatchObject({ status: 404, body: { code: "resource_not_found" } });
});

test.each([
  ["no address", {}],
  ["an address of another kind", { url: "ftp://example.com/" }],
  ["a password in it", { url: "https://a:b@example.com/" }],
  ["an unknown event", { url: "https://example.com/", events: ["member.vanished"] }],
  ["a field of ours", { url: "https://example.com/", secret: "whsec_mine" }],
])("creating with %s is 400", async (_, body) => {
  const { id } = (await call("ada", "POST", "", { name: "Acme" })).body;
  expect(await call("ada", "POST", `/${id}/webhooks`, body)).toMatchObject({
    status: 400,
    body: { code: "validation_failed" },
  });
});

test("an API key may not, whatever its scopes", async () => {
  const { id } = (await call("ada", "POST", "", { name: "Acme" })).body;
  const scopes = ["organizations:read", "organizations:write", "members:write"];
  const key = await call("ada", "POST", `/${id}/api-keys`, { name: "all", scopes });
  expect(await call(key.body.secret, "GET", `/${id}/webhooks`)).toMatchObject({ status: 403 });
});
