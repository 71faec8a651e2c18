import type Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startReceiver } from "./testing/receiver.ts";
import { openWorkbench, until, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
let stripe: Stripe;
beforeAll(async () => {
  bench = await openWorkbench();
  stripe = bench.stripe;
});
afterAll(() => bench.close());

const wanted = {
  name: "Headroom",
  type: "webhook_endpoint" as const,
  event_payload: "thin" as const,
  enabled_events: ["v1.customer.created"],
};

test("a change is told in both styles: the thin event has no data, names its twin, and is verified alike", async () => {
  const receiver = await startReceiver(null);
  try {
    const destination = await stripe.v2.core.eventDestinations.create({
      ...wanted,
      webhook_endpoint: { url: receiver.url },
      include: ["webhook_endpoint.signing_secret"],
    });
    const secret = String(destination.webhook_endpoint?.signing_secret);
    const { id } = await stripe.customers.create();
    await until(() => receiver.all.length === 1 && bench.receiver.all.length === 1);
    const [thin] = receiver.all;
    const notification = stripe.parseEventNotification(String(thin?.body), String(thin?.signature), secret);
    expect(notification).toMatchObject({
      object: "v2.core.event",
      type: "v1.customer.created",
      related_object: { id, type: "customer", url: `/v1/customers/${id}` },
      snapshot_event: bench.receiver.all[0]?.id,
      reason: { type: "request" },
    });
    expect(notification).not.toHaveProperty("data");
    expect(
      await (notification as { fetchRelatedObject: () => Promise<object> }).fetchRelatedObject(),
    ).toMatchObject({ id });
    expect(await notification.fetchEvent()).toMatchObject({ id: thin?.id, type: "v1.customer.created" });
    expect(() =>
      stripe.webhooks.constructEvent(String(thin?.body), String(thin?.signature), secret),
    ).toThrow();
    await bench.control("/_sandbox/events/deliver", { ids: [thin?.id, thin?.id] });
    expect(receiver.all.map((one) => one.id)).toEqual([thin?.id, thin?.id, thin?.id]);
  } finally {
    await receiver.close();
  }
});

test("a destination is made, shown without its secrets, changed, switched off and on, pinged and deleted", async () => {
  const receiver = await startReceiver(null);
  try {
    const { eventDestinations } = stripe.v2.core;
    const url = receiver.url;
    const { id, webhook_endpoint: bare } = await eventDestinations.create({
      ...wanted,
      webhook_endpoint: { url },
    });
    expect(bare).toEqual({});
    expect(await eventDestinations.retrieve(id, { include: ["webhook_endpoint.url"] })).toMatchObject({
      webhook_endpoint: { url },
    });
    const changed = await eventDestinations.update(id, { name: "Other", metadata: { a: "1" } });
    expect(changed).toMatchObject({
      name: "Other",
      metadata: { a: "1" },
      enabled_events: wanted.enabled_events,
    });
    const pinged = await eventDestinations.ping(id);
    await until(() => receiver.all.length === 1);
    expect(receiver.all[0]).toMatchObject({ id: pinged.id, type: "v2.core.event_destination.ping" });
    expect(await eventDestinations.disable(id)).toMatchObject({
      status: "disabled",
      status_details: { disabled: { reason: "user" } },
    });
    const { id: unheard } = await stripe.customers.create();
    await eventDestinations.enable(id);
    const { id: heard } = await stripe.customers.create();
    await until(() => receiver.all.length === 2);
    const related = receiver.all.map(
      ({ event }) => (event as unknown as { related_object: { id: string } }).related_object.id,
    );
    expect(related).toEqual([id, heard]);
    expect(related).not.toContain(unheard);
    await eventDestinations.del(id);
    await expect(eventDestinations.retrieve(id)).rejects.toMatchObject({ statusCode: 404 });
  } finally {
    await receiver.close();
  }
});

test("thin events are listed page by page, by type, object and time", async () => {
  const made: string[] = [];
  for (let i = 0; i < 5; i++) made.unshift((await stripe.products.create({ name: `p${i}` })).id);
  const types = ["v1.product.created"];
  const listed: string[] = [];
  for await (const event of stripe.v2.core.events.list({ types, limit: 2 })) {
    listed.push(String((event as unknown as { related_object: { id: string } }).related_object.id));
  }
  expect(listed.slice(0, 5)).toEqual(made);
  const one = await stripe.v2.core.events.list({ object_id: String(made[3]) });
  expect(one.data.map(({ type }) => type)).toEqual(types);
  const later = Math.ceil(Date.now() / 1000) + 60;
  expect((await stripe.v2.core.events.list({ created: { gte: later } })).data).toEqual([]);
  expect((await stripe.v2.core.events.list({ types, created: { lt: later } })).data).toHaveLength(5);
});

test("a v2 body must be JSON with parameters that Stripe has", async () => {
  const post = async (body: string) => {
    const response = await fetch(`${bench.url}/v2/core/event_destinations`, {
      method: "POST",
      headers: { authorization: "Bearer sk_test_x", "content-type": "application/json" },
      body,
    });
    return [response.status, ((await response.json()) as { error: { code?: string } }).error.code];
  };
  expect(await post("{")).toEqual([400, undefined]);
  expect(await post("[]")).toEqual([400, undefined]);
  expect(await post('{"colour":"red"}')).toEqual([400, "parameter_unknown"]);
  expect(await post(JSON.stringify({ ...wanted, type: "amazon_eventbridge" }))).toEqual([
    400,
    "sandbox_unsupported",
  ]);
});

test("every page of a list has what the first one asked for", async () => {
  for (const name of ["a", "b", "c"]) {
    await stripe.customers.create({ name });
    await stripe.products.create({ name });
  }
  const types: string[] = [];
  const query = { types: ["v1.customer.created"], created: { gte: 0 }, limit: 1 };
  for await (const { type } of stripe.v2.core.events.list(query)) types.push(type);
  expect(types.length).toBeGreaterThanOrEqual(3);
  expect(new Set(types)).toEqual(new Set(["v1.customer.created"]));
  const later = { ...query, created: { gt: 4_000_000_000 } };
  expect((await stripe.v2.core.events.list(later)).data).toEqual([]);
});
