import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { Account } from "./postgres-account.ts";
import type { Binaries } from "./postgres-binaries.ts";

/** What one server process needs to run. */
export type ServerOptions = {
  binaries: Binaries;
  cluster: string;
  account: Account;
  port: number;
  settings: Readonly<Record<string, string>>;
  log: (line: string) => void;
};

/** A server that accepts connections. `exited` resolves when its process is gone, however it went. */
export type ServerProcess = { child: ChildProcess; pid: number; exited: Promise<void> };

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** True when the process with this id is a server of this cluster: ids are used again after a restart. */
const serves = (pid: number, cluster: string): boolean => {
  if (process.platform !== "linux") {
    return /postgres/.test(spawnSync("ps", ["-o", "comm=", "-p", String(pid)], { encoding: "utf8" }).stdout);
  }
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
  } catch {
    return false;
  }
};

/** Removes the lock file of a server that was killed, where its id now belongs to another program. */
export const forgetKilledServer = (cluster: string): void => {
  const file = path.join(cluster, "postmaster.pid");
  if (!existsSync(file) || process.platform === "win32") return;
  const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
  if (!serves(pid, cluster)) rmSync(file, { force: true });
};

/** The server writes its state into the last line of its lock file, whatever it is told to log. */
const isReady = (pid: number, cluster: string): boolean => {
  try {
    const lines = readFileSync(path.join(cluster, "postmaster.pid"), "utf8").split("\n");
    return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
  } catch {
    return false;
  }
};

/** A sibling that stops the server when this process is gone, even by kill -9: its input closes then. */
const guard = (child: ChildProcess, cluster: string, removed: string | null): void => {
  const script = path.join(import.meta.dirname, "guard", "main.ts");
  const watcher = spawn(process.execPath, [script, String(child.pid), cluster, removed ?? ""], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    cwd: "/",
  });
  watcher.unref();
  watcher.stdin.on("error", () => undefined);
  child.once("exit", () => watcher.stdin.end());
};

/**
 * Starts the server and resolves when it accepts connections; rejects with what it said when it ends
 * before. Its own session keeps a Ctrl-C in the terminal away from it: who started it stops it.
 * With `removed`, that directory is deleted when the starting process dies.
 */
export const launch = async (options: ServerOptions, removed: string | null): Promise<ServerProcess> => {
  const settings = Object.entries(options.settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(options.binaries.postgres, ["-D", options.cluster, ...settings], {
    ...options.account,
    cwd: options.cluster,
    env: { LC_ALL: "C" },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const exited = once(child, "exit").then(() => undefined);
  if (child.pid === undefined) return exited.then(() => Promise.reject(new Error("no process")));
  guard(child, options.cluster, removed);
  const output = once(child, "close");
  const said: string[] = [];
  const keep = (line: string) => said.push(line);
  const lines = createInterface({ input: child.stderr }).on("line", options.log).on("line", keep);
  while (isRunning(child) && !isReady(child.pid, options.cluster)) await delay(20);
  if (!isRunning(child)) {
    await output;
    throw new Error(`PostgreSQL did not start:\n${said.join("\n")}`);
  }
  lines.off("line", keep);
  return { child, pid: child.pid, exited };
};

const endedWithin = async (server: ServerProcess, ms: number): Promise<boolean> => {
  const timer = new AbortController();
  const waited = delay(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([server.exited, waited]);
  timer.abort();
  return !isRunning(server.child);
};

/** Stops the server: disconnects everybody and writes everything down; harder where that does not help. */
export const halt = async (server: ServerProcess, binaries: Binaries, cluster: string): Promise<void> => {
  if (!isRunning(server.child)) return;
  if (process.platform === "win32") {
    spawnSync(binaries.pgCtl, ["stop", "-D", cluster, "-m", "fast", "-w"], { stdio: "ignore" });
  }
  for (const [signal, ms] of [
    ["SIGINT", 10_000],
    ["SIGQUIT", 5_000],
    ["SIGKILL", 5_000],
  ] as const) {
    if (isRunning(server.child)) server.child.kill(signal);
    if (await endedWithin(server, ms)) return;
  }
};
