import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { existingCluster, removePostgresData } from "@headroom/db/testing/postgres-cluster";
import { expect, onTestFinished, test } from "vitest";

test("a configuration that cannot be used starts nothing and empties nothing", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "headroom-start-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const configuration = path.join(directory, "bad.config.mjs");
  writeFileSync(configuration, 'export default { preset: "crawler", support: 7 };');
  writeFileSync(path.join(directory, "ports.json"), "{}");
  const start = path.join(import.meta.dirname, "start.ts");
  const parameters = [start, "--data", directory, "--config", configuration, "--fresh"];
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toBe(
    `${configuration} is not usable:\n  - support = 7: Invalid input: expected string, received number\n`,
  );
  expect(readdirSync(directory).sort()).toEqual(["bad.config.mjs", "ports.json"]);
});

test("Ctrl-C while the database is made is an end like any other", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "headroom-start-"));
  const postgres = path.join(directory, "postgres");
  const start = path.join(import.meta.dirname, "start.ts");
  const child = spawn(process.execPath, [start, "--data", directory, "--no-tour", "--no-seed"], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => {
    child.kill();
    removePostgresData(postgres);
    rmSync(directory, { recursive: true });
  });
  const ended = once(child, "close");
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  while (!existsSync(`${existingCluster(postgres)}.new/PG_VERSION`)) {
    expect(child.exitCode).toBeNull();
    await delay(5);
  }
  await delay(200);
  // A terminal tells all of its processes, initdb as well.
  process.kill(-(child.pid ?? 0), "SIGINT");
  expect(await ended).toEqual([0, null]);
  expect(said).not.toContain("initdb");
});
