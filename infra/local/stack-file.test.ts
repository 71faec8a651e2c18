import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StackFile } from "./addresses.ts";
import { openDataFolder } from "./data-folder.ts";
import { removeStackFile, sharedStackFile, writeStackFile } from "./stack-file.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "headroom-stack-file-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const stackOf = (supervisor: number): StackFile => ({
  api: "http://127.0.0.1:1",
  webhook: "http://127.0.0.1:2",
  console: "http://127.0.0.1:1",
  stripe: null,
  issuer: null,
  mail: null,
  databaseUrl: "postgres://127.0.0.1:3/headroom",
  platformKey: null,
  demoKey: null,
  configurationFile: "/elsewhere/headroom.config.ts",
  processes: { supervisor },
});
const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));

test("a stack on another data folder is found in the checkout too, by its owner only, and gone at its end", () => {
  const folder = openDataFolder(path.join(root, "elsewhere"), false);
  writeStackFile(root, folder, stackOf(process.pid));
  for (const file of [folder.file("stack.json"), sharedStackFile(root)]) {
    expect(read(file)).toEqual(stackOf(process.pid));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
  removeStackFile(root, folder);
  expect([folder.file("stack.json"), sharedStackFile(root)].filter(existsSync)).toEqual([]);
  folder.close();
});

test("a living stack is not hidden by another one, a dead one is", () => {
  const folder = openDataFolder(path.join(root, "elsewhere"), false);
  const first = openDataFolder(path.join(root, ".headroom"), false);
  writeFileSync(sharedStackFile(root), JSON.stringify(stackOf(process.ppid)));
  writeStackFile(root, folder, stackOf(process.pid));
  removeStackFile(root, folder);
  expect(read(sharedStackFile(root)).processes.supervisor).toBe(process.ppid);
  writeFileSync(sharedStackFile(root), JSON.stringify(stackOf(2 ** 22 - 1)));
  writeStackFile(root, folder, stackOf(process.pid));
  expect(read(sharedStackFile(root)).processes.supervisor).toBe(process.pid);
  folder.close();
  first.close();
});
