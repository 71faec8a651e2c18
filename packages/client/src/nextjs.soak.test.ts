import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packClient } from "./testing/customer.ts";
import { type Program, startProgram } from "./testing/programs.ts";
import { stageMetering } from "./testing/staged-meter.ts";

/** What a customer's Next.js application is made of; its compiler is older than ours, whose package has no API. */
const dependencies = {
  "@trpc/client": "11.22.1",
  "@trpc/server": "11.22.1",
  "@types/node": "24.19.2",
  "@types/react": "19.3.0",
  next: "16.4.6",
  react: "19.3.1",
  "react-dom": "19.3.1",
  typescript: "5.9.3",
};
const run = promisify(execFile);
const next = "node_modules/next/dist/bin/next";

let packed: Awaited<ReturnType<typeof packClient>>;
let staged: Awaited<ReturnType<typeof stageMetering>>;
let program: Program;
beforeAll(async () => {
  [packed, staged] = await Promise.all([packClient(), stageMetering()]);
}, 300_000);
afterAll(async () => {
  await program?.stop();
  await staged?.close();
  packed?.remove();
});

test("the Next.js example is built from what npm installs, and its page has today's usage", async () => {
  const cwd = path.join(packed.directory, "examples/nextjs");
  const client = { "@headroom/client": `file:${packed.tarball}` };
  const manifest = { name: "customer", private: true, dependencies: { ...dependencies, ...client } };
  writeFileSync(path.join(cwd, "package.json"), JSON.stringify(manifest));
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd });
  const env = {
    HEADROOM_URL: staged.url,
    HEADROOM_API_KEY: staged.apiKey,
    NEXT_TELEMETRY_DISABLED: "1",
    NODE_ENV: "production",
  };
  await run(process.execPath, [next, "build"], { cwd, env: { ...process.env, ...env } });
  program = await startProgram([next, "start", "--port", "0"], { cwd, env, ready: /localhost:(\d+)/ });
  const page = async () => (await fetch(program.url)).text();
  expect(await page()).toContain("<p>0 of 100 pages used today</p>");
  await staged.client.usage.consume.mutate({ quantity: 7 });
  expect(await page()).toContain("<p>7 of 100 pages used today</p>");
}, 300_000);
