import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { type AlertBench, openAlertBench } from "@headroom/service/testing/alert-bench";
import { type Receiver, startReceiver } from "@headroom/service/testing/receiver";
import { createWebhook } from "@headroom/service/webhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type MailServer, startMailServer } from "./testing/mail-server.ts";

let bench: AlertBench;
let receiver: Receiver;
let mails: MailServer;
const workers: ChildProcess[] = [];
beforeAll(async () => {
  bench = await openAlertBench();
  receiver = await startReceiver();
  mails = await startMailServer();
});
afterAll(async () => {
  await Promise.all(workers.map(kill));
  await mails?.close();
  await receiver?.close();
  await bench?.close();
});

function startWorker(): ChildProcess {
  const worker = spawn(process.execPath, [path.join(import.meta.dirname, "main.ts")], {
    cwd: path.join(import.meta.dirname, "../../.."),
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      HEADROOM_ENV: "test",
      DATABASE_URL: bench.world.scratch.url,
      SECRETS_KEY: Buffer.alloc(32, 7).toString("base64"),
      WEBHOOKS_ALLOW_INTERNAL: "true",
      SMTP_URL: mails.url,
      MAIL_FROM: "Headroom <no-reply@example.com>",
      HOST: "127.0.0.1",
      PORT: "0",
      LOG_LEVEL: "error",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  workers.push(worker);
  return worker;
}

async function kill(worker: ChildProcess): Promise<void> {
  if (worker.exitCode === null && worker.signalCode === null) {
    const gone = once(worker, "exit");
    worker.kill("SIGKILL");
    await gone;
  }
}

test("a crossed threshold is told once, by mail and webhook, where the worker that tells is killed", async () => {
  const tenant = await bench.tenant();
  const alert = await tenant.alert({ window: "day", percent: 80 });
  const hooks = await tenant.access("webhooks.manage");
  await createWebhook(bench.world.context, hooks, { url: receiver.url, events: ["usage.alert_fired"] });

  const lock = await bench.world.scratch.admin.connect();
  await lock.query("begin; lock table headroom.outbox in exclusive mode");
  const first = startWorker();
  await tenant.use(81);
  const telling = () =>
    bench.admin(`select from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%outbox%'
      and datname = current_database()`);
  await expect.poll(telling, { timeout: 30_000 }).toHaveLength(1);
  await kill(first);
  await expect.poll(telling, { timeout: 10_000 }).toHaveLength(0);
  await lock.query("rollback");
  lock.release();
  expect(await tenant.fired()).toMatchObject([{ told: false }]);

  startWorker();
  startWorker();
  await expect.poll(() => receiver.received.length, { timeout: 30_000 }).toBe(1);
  await expect.poll(() => mails.received.length, { timeout: 30_000 }).toBe(1);
  expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({
    type: "usage.alert_fired",
    data: { organizationId: `org_${tenant.id}`, alertId: alert.id, threshold: 80, used: 81, limit: 100 },
  });
  expect(mails.received[0]).toMatchObject({ to: tenant.owner.email });
  expect(mails.received[0]?.text).toContain("Subject: Acme: Pages reached 80 % of the daily limit");

  await tenant.use(5);
  // Two rounds of both workers.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect([receiver.received.length, mails.received.length]).toEqual([1, 1]);
}, 90_000);
