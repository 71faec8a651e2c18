import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startSandbox } from "./sandbox.ts";
import { spawnSandbox } from "./testing/process.ts";
import { startReceiver, webhookSecret } from "./testing/receiver.ts";
import { clientOf, openWorkbench, until, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.close());

test("a receiver that fails first gets the event again until it answers 2xx", async () => {
  const { stripe, receiver } = bench;
  receiver.answer((count) => (count < 2 ? 500 : 200));
  const customer = await stripe.customers.create();
  await until(() => receiver.all.length === 3);
  expect(receiver.all.map(({ status }) => status)).toEqual([500, 500, 200]);
  expect(new Set(receiver.all.map(({ id }) => id)).size).toBe(1);
  expect(receiver.all[0]?.event).toMatchObject({
    pending_webhooks: 1,
    data: { object: { id: customer.id } },
  });
  const id = String(receiver.all[0]?.id);
  await until(async () => (await stripe.events.retrieve(id)).pending_webhooks === 0);
});

test("events not yet delivered are listed as such", async () => {
  const { stripe, receiver } = bench;
  receiver.answer(() => 503);
  const { id } = await stripe.customers.create();
  await until(() => receiver.all.length > 0);
  const failing = await stripe.events.list({ delivery_success: false });
  expect(failing.data.map(({ data }) => data.object)).toMatchObject([{ id }]);
  expect((await stripe.events.list({ delivery_success: true })).data).toEqual([]);
  receiver.answer(() => 200);
  await until(async () => (await stripe.events.list({ delivery_success: true })).data.length === 1);
});

test("an event can be sent again", async () => {
  const { stripe, receiver } = bench;
  await stripe.customers.create();
  await until(() => receiver.all.length === 1);
  const id = String(receiver.all[0]?.id);
  expect((await bench.control(`/_sandbox/events/${id}/resend`)).body).toMatchObject({ id, object: "event" });
  await until(() => receiver.all.length === 2);
  expect(receiver.all[1]?.id).toBe(id);
  expect((await bench.control("/_sandbox/events/evt_none/resend")).status).toBe(404);
});

test("endpoints made through the API get the types they asked for, with a secret of their own", async () => {
  const { stripe } = bench;
  const made = await stripe.webhookEndpoints.create({
    url: "http://127.0.0.1:9/",
    enabled_events: ["product.created"],
  });
  const own = await startReceiver(String(made.secret));
  try {
    await stripe.webhookEndpoints.update(made.id, { url: own.url });
    expect((await stripe.webhookEndpoints.retrieve(made.id)).secret).toBeUndefined();
    await stripe.customers.create();
    await stripe.products.create({ name: "P" });
    await until(() => own.all.length === 1);
    expect(own.types()).toEqual(["product.created"]);
    await stripe.webhookEndpoints.update(made.id, { disabled: true });
    await stripe.products.create({ name: "Q" });
    await stripe.webhookEndpoints.del(made.id);
    expect((await stripe.webhookEndpoints.list()).data.map(({ id }) => id)).toEqual(["we_sandbox"]);
    await until(() => bench.receiver.all.length === 3);
    expect(own.all).toHaveLength(1);
  } finally {
    await own.close();
  }
});

test("an endpoint at a bad address is refused", async () => {
  const bad = bench.stripe.webhookEndpoints.create({ url: "javascript:alert(1)", enabled_events: ["*"] });
  await expect(bad).rejects.toMatchObject({ code: "url_invalid" });
});

test("kill -9 in the middle of delivery: a restart on the same file delivers the rest and forgets nothing", async () => {
  const directory = mkdtempSync(join(tmpdir(), "stripe-sandbox-kill-"));
  const receiver = await startReceiver();
  const environment = {
    STRIPE_SANDBOX_FILE: join(directory, "sandbox.sqlite"),
    WEBHOOK_URL: receiver.url,
    WEBHOOK_SECRET: webhookSecret,
  };
  const first = await spawnSandbox(environment);
  try {
    // Every second answer fails, so that at any moment some are delivered, some failed, some not tried.
    receiver.answer((count) => (count % 2 === 0 ? 500 : 200));
    const stripe = clientOf(first);
    const options = { idempotencyKey: "cus:0" };
    const kept = await stripe.customers.create({ name: "n0" }, options);
    await fetch(`${first.url}/_sandbox/clock/advance`, {
      method: "POST",
      body: JSON.stringify({ by: "40d" }),
    });
    const ids = [kept.id];
    for (let n = 1; n < 40; n += 1) ids.push((await stripe.customers.create({ name: `n${n}` })).id);
    await until(() => receiver.types().length >= 5);
    expect(await first.stop("SIGKILL")).toBe("SIGKILL");
    expect(receiver.types().length).toBeLessThan(40);

    receiver.answer(() => 200);
    const second = await spawnSandbox(environment);
    try {
      const again = clientOf(second);
      await until(
        () => new Set(receiver.all.filter(({ status }) => status === 200).map(({ id }) => id)).size === 40,
      );
      const delivered = receiver.all
        .filter(({ status }) => status === 200)
        .map(({ event }) => (event.data.object as { id: string }).id);
      expect(new Set(delivered)).toEqual(new Set(ids));
      const listed = await again.customers.list({ limit: 100 });
      expect(listed.data.map(({ id }) => id).reverse()).toEqual(ids);
      expect((await again.customers.create({ name: "n0" }, options)).id).toBe(kept.id);
      const clock = (await (await fetch(`${second.url}/_sandbox/clock`)).json()) as { now: string };
      expect(Date.parse(clock.now) - Date.now()).toBeGreaterThan(39 * 86_400_000);
      await until(async () => (await again.events.list({ delivery_success: false })).data.length === 0);
      expect(await second.stop("SIGTERM")).toBe(0);
    } finally {
      second.child.kill("SIGKILL");
    }
  } finally {
    first.child.kill("SIGKILL");
    await receiver.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

test("a second process on the same file is refused", async () => {
  const second = spawnSandbox({ STRIPE_SANDBOX_FILE: bench.file });
  await expect(second).rejects.toThrow(/did not start/);
});

test("a file of the first version is taken over, with what was not delivered yet", async () => {
  const directory = mkdtempSync(join(tmpdir(), "stripe-sandbox-first-"));
  const file = join(directory, "sandbox.sqlite");
  const receiver = await startReceiver();
  try {
    const old = new DatabaseSync(file);
    old.exec(readFileSync(new URL("testing/recorded/first-version.sql", import.meta.url), "utf8"));
    old.close();
    const { close } = await startSandbox({ file, port: 0, webhookUrl: receiver.url, webhookSecret });
    await until(() => receiver.all.length === 1);
    expect(receiver.all[0]).toMatchObject({ id: "evt_waiting", status: 200 });
    await close();
  } finally {
    await receiver.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
