import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDataFolder } from "./data-folder.ts";
import { UsageError } from "./options.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "headroom data "));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("keeps secrets between starts, for its owner's eyes only", () => {
  const first = openDataFolder(directory, false);
  const secrets = first.secrets();
  first.close();
  expect(openDataFolder(directory, false).secrets()).toEqual(secrets);
  expect(statSync(path.join(directory, "secrets.json")).mode & 0o777).toBe(0o600);
});

test("a folder of an earlier version gets the secrets that it lacks, and keeps them", () => {
  const folder = openDataFolder(directory, false);
  const { secretsKey, ...earlier } = folder.secrets();
  folder.write("secrets.json", earlier);
  const secrets = folder.secrets();
  expect(secrets).toMatchObject(earlier);
  expect(secrets.secretsKey).not.toBe(secretsKey);
  expect(folder.secrets()).toEqual(secrets);
  folder.close();
});

test.each([
  ["", "it is a file"],
  ["below", "what it would lie in is a file"],
])("what cannot be a folder is named, and why: %s", (below, reason) => {
  const file = path.join(directory, "thesis.txt");
  writeFileSync(file, "mine");
  const wanted = path.join(file, below);
  const told = `${wanted} cannot be the data folder: ${reason}; give another with --data`;
  expect(() => openDataFolder(wanted, true)).toThrow(new UsageError(told));
});

test("--fresh removes what stacks put there and nothing else", () => {
  const first = openDataFolder(directory, false);
  const secrets = first.secrets();
  first.write("ports.json", { api: 1 });
  writeFileSync(path.join(directory, "thesis.txt"), "mine");
  first.close();
  const second = openDataFolder(directory, true);
  expect(second.read("ports.json")).toBeNull();
  expect(second.secrets()).not.toEqual(secrets);
  expect(existsSync(path.join(directory, "thesis.txt"))).toBe(true);
});

test("a living stack keeps others out, also with --fresh; a dead one does not", async () => {
  const holder = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  writeFileSync(path.join(directory, "supervisor.pid"), String(holder.pid));
  expect(() => openDataFolder(directory, true)).toThrow(UsageError);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  openDataFolder(directory, false).close();
  expect(existsSync(path.join(directory, "supervisor.pid"))).toBe(false);
});

test("the id of a killed stack that another program has now keeps nobody out", () => {
  openDataFolder(directory, false);
  const file = path.join(directory, "supervisor.pid");
  const [, start] = readFileSync(file, "utf8").split(" ");
  writeFileSync(file, `${process.ppid} ${start}`);
  openDataFolder(directory, false).close();
});
