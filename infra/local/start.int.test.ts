import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
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
