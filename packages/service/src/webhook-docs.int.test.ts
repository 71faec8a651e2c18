import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { retryDelays } from "@headroom/domain/webhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWebhookBench, type WebhookBench } from "./testing/webhook-bench.ts";

const root = path.join(import.meta.dirname, "../../..");
const page = readFileSync(path.join(root, "docs/webhooks.md"), "utf8");

let bench: WebhookBench;
beforeAll(async () => {
  bench = await openWebhookBench();
});
afterAll(() => bench?.close());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("the page's example receives what we send, and refuses what we did not sign", async () => {
  const example = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const { secret, send, deliveries, webhookId } = await bench.endpoint(url);
  const receiver = spawn(process.execPath, ["--input-type=module", "--eval", example], {
    cwd: path.join(root, "packages/service"),
    env: { PATH: process.env.PATH, WEBHOOK_SECRET: secret, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: string[] = [];
  createInterface({ input: receiver.stdout }).on("line", (line) => said.push(line));
  try {
    const forge = () =>
      fetch(url, { method: "POST", body: "{}" }).then(
        ({ status }) => status,
        () => "not yet",
      );
    await expect.poll(forge, { timeout: 10_000 }).toBe(400);
    await send();
    await bench.run();
    expect(await deliveries()).toMatchObject([{ status: "delivered", attempts: [{ responseStatus: 204 }] }]);
    await expect.poll(() => said.join("\n")).toContain("webhook.test");
    expect(said.join("\n")).toContain(`whk_${webhookId}`);
  } finally {
    receiver.kill("SIGKILL");
  }
});

test("the page's pauses are those of the code", () => {
  const units = { s: 1, min: 60, h: 3_600 };
  const [, text = ""] = /\*\*Retries\*\* after ([\s\S]*?), each/.exec(page) ?? [];
  const told = [...text.matchAll(/(\d+) (s|min|h)\b/g)].map(
    ([, count, unit]) => Number(count) * units[unit as keyof typeof units],
  );
  expect(told).toEqual(retryDelays);
});
