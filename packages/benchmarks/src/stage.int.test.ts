import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { assertDurable, openStage } from "./stage.ts";

const home = path.resolve(import.meta.dirname, "../../../.headroom/benchmarks");

test("nothing is measured while an acknowledged commit could be lost", () => {
  const settings = { fsync: "on", synchronous_commit: "on", full_page_writes: "on" };
  expect(() => assertDurable(settings)).not.toThrow();
  for (const name of Object.keys(settings)) {
    expect(() => assertDurable({ ...settings, [name]: "off" })).toThrow(`${name} must be on`);
  }
});

test("a server that was started loosely is refused, one that is cut off keeps what was committed", async () => {
  // Of a process that was killed: no id is as large.
  const abandoned = path.join(home, "4194305");
  mkdirSync(path.join(abandoned, "postgres"), { recursive: true });
  await expect(openStage({ synchronous_commit: "off" })).rejects.toThrow("synchronous_commit must be on");
  expect(existsSync(abandoned)).toBe(false);
  const stage = await openStage({ shared_buffers: "32MB" });
  expect(existsSync(stage.directory)).toBe(true);
  try {
    const database = await stage.createDatabase();
    await stage.asAdmin(database, (client) => client.query("create table kept as select 1 as one"));
    await stage.crash();
    const { rows } = await stage.asAdmin(database, (client) => client.query("select one from kept"));
    expect(rows).toEqual([{ one: 1 }]);
  } finally {
    await stage.end();
  }
  expect(existsSync(stage.directory)).toBe(false);
});

test("a run that is stopped while its server is being made leaves nothing", async () => {
  const main = path.join(import.meta.dirname, "main.ts");
  const run = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, "solo"], {
    stdio: "ignore",
  });
  const exited = once(run, "exit");
  const directory = path.join(home, String(run.pid));
  await expect.poll(() => existsSync(directory), { timeout: 10_000 }).toBe(true);
  run.kill("SIGTERM");
  expect(await exited).toEqual([130, null]);
  expect(existsSync(directory)).toBe(false);
});
