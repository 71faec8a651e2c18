import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { type Receiver, startReceiver } from "@headroom/service/testing/receiver";
import { openWebhookBench, type WebhookBench } from "@headroom/service/testing/webhook-bench";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startWebhookLoop } from "./webhooks.ts";

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

test("two loops at once send each message once, within seconds, while another receiver hangs", async () => {
  const hanging = await startReceiver();
  hanging.answer = () => {};
  const dead = await bench.endpoint(hanging.url);
  const { send } = await bench.endpoint(receiver.url);
  const loops = [startWebhookLoop(bench.patient), startWebhookLoop(bench.patient)];
  await dead.send(3);
  await expect.poll(() => hanging.received.length, { timeout: 5_000 }).toBe(1);
  const sent = await send(10);
  const arrived = () => receiver.received.map(({ headers }) => headers["webhook-id"]);
  await expect.poll(arrived, { timeout: 5_000 }).toEqual(sent.map(({ eventId }) => eventId));
  await Promise.all(loops.map((loop) => loop.stop()));
  expect(arrived()).toHaveLength(10);
  expect(hanging.received).toHaveLength(1);
  await hanging.close();
});

test("a worker that is killed while it sends is followed by another within its lease", async () => {
  const { send, deliveries } = await bench.endpoint(receiver.url);
  receiver.answer = () => {};
  const startWorker = () =>
    spawn(process.execPath, [path.join(import.meta.dirname, "main.ts")], {
      cwd: path.join(import.meta.dirname, "../../.."),
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        NODE_OPTIONS: process.env.NODE_OPTIONS,
        HEADROOM_ENV: "test",
        DATABASE_URL: bench.world.scratch.url,
        SECRETS_KEY: Buffer.alloc(32, 7).toString("base64"),
        WEBHOOKS_ALLOW_INTERNAL: "true",
        HOST: "127.0.0.1",
        PORT: "0",
        LOG_LEVEL: "error",
      },
      stdio: "ignore",
    });
  const first = startWorker();
  await send();
  await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(1);
  const gone = once(first, "exit");
  first.kill("SIGKILL");
  await gone;
  expect(await deliveries()).toMatchObject([{ status: "pending", attempts: [] }]);
  receiver.answer = (response) => void response.writeHead(204).end();
  const { rows } = await bench.world.scratch.admin.query(
    "select leased_until > now() and leased_until <= now() + interval '15 s' as held from headroom.webhook_endpoint where url = $1",
    [receiver.url],
  );
  expect(rows).toEqual([{ held: true }]);
  const second = startWebhookLoop(bench.worker);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(receiver.received).toHaveLength(1);
  // What is left of the 15 seconds.
  await bench.world.scratch.admin.query("update headroom.webhook_endpoint set leased_until = now()");
  await expect.poll(deliveries, { timeout: 10_000, interval: 100 }).toMatchObject([{ status: "delivered" }]);
  expect(receiver.received).toHaveLength(2);
  expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body);
  await second.stop();
}, 60_000);
