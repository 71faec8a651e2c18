/**
 * A process of its own that outlives its starter by a moment: when standard input closes (the starter
 * ended, was killed, or has stopped the server itself), the server must go too.
 * Arguments: process id of the server, its data directory, and a directory to delete afterwards or "".
 */
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

const [pidText = "", cluster = "", removed = ""] = process.argv.slice(2);
const pid = Number(pidText);

const isServing = (): boolean => {
  try {
    process.kill(pid, 0);
    return readFileSync(path.join(cluster, "postmaster.pid"), "utf8").startsWith(`${pid}\n`);
  } catch {
    return false;
  }
};

const stopServer = async (): Promise<void> => {
  for (const [signal, ms] of [
    ["SIGINT", 5_000],
    ["SIGQUIT", 3_000],
    ["SIGKILL", 1_000],
  ] as const) {
    for (let waited = 0; waited < ms && isServing(); waited += 50) {
      if (waited === 0) process.kill(pid, signal);
      await delay(50);
    }
  }
};

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
process.stdin.resume();
process.stdin.on("close", async () => {
  await stopServer();
  if (removed !== "") rmSync(removed, { recursive: true, force: true, maxRetries: 10 });
});
