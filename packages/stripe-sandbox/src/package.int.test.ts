import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCustomer } from "./testing/customer.ts";
import { clientOf } from "./testing/workbench.ts";

const run = promisify(execFile);

let customer: Awaited<ReturnType<typeof createCustomer>>;
beforeAll(async () => {
  customer = await createCustomer();
}, 60_000);
afterAll(() => customer?.remove());

test("the tarball holds JavaScript and types, and nothing else", async () => {
  const { stdout } = await run("tar", ["-tzf", customer.tarball]);
  const files = stdout
    .trim()
    .split("\n")
    .map((name) => name.replace(/^package\//, ""));
  expect(files).toEqual(expect.arrayContaining(["main.js", "sandbox.d.ts", "stripe-sandbox.mjs", "LICENSE"]));
  expect(files.filter((name) => /test\.|\.ts$/.test(name) && !name.endsWith(".d.ts"))).toEqual([]);
  const controls = ["testing/controls.d.ts", "testing/controls.js"];
  expect(files.filter((name) => name.startsWith("testing/")).sort()).toEqual(controls);
});

test("npx starts it in an empty folder, from the tarball alone, and it serves the real client", async () => {
  // Not below the customer: npm would take that for the project.
  const empty = mkdtempSync(path.join(tmpdir(), "sandbox-empty-"));
  cpSync(customer.tarball, path.join(empty, "sandbox.tgz"));
  const cache = path.join(customer.directory, "cache");
  const options = ["--port", "0", "--file", "own.sqlite", "--still"];
  const child = spawn("npx", ["--yes", "--offline", "./sandbox.tgz", ...options], {
    cwd: empty,
    env: { PATH: process.env.PATH, HOME: empty, npm_config_cache: cache },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  try {
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (chunk) => resolve(String(chunk)));
      child.once("exit", (code) => reject(new Error(`npx ended with ${code}`)));
    });
    const ready = JSON.parse(line) as { url: string; port: number };
    const made = await clientOf(ready).customers.create({ name: "Ada" });
    expect(made.name).toBe("Ada");
    expect((await fetch(`${ready.url}/_sandbox/clock`)).status).toBe(200);
  } finally {
    if (child.exitCode === null) process.kill(-Number(child.pid), "SIGTERM");
    await ended;
    rmSync(empty, { recursive: true, force: true });
  }
}, 60_000);

test("the README's first minutes run in another project, to the word", async () => {
  const example = readFileSync(path.join(customer.directory, "first-minutes.mjs"), "utf8");
  const readme = readFileSync(path.resolve(import.meta.dirname, "../README.md"), "utf8");
  expect(readme).toContain(example.trim());
  // It asserts for itself, and ends with an error where it is wrong.
  await run(process.execPath, ["first-minutes.mjs"], { cwd: customer.directory });
});
