import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "@headroom/db/testing/embedded";
import type { Stage, StageDatabase } from "./stage.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const patienceMs = 20_000;

/**
 * Starts a program that serves HTTP at `PORT`, its log in a file of the stage, and waits until it answers. It ends with
 * the stage.
 * @param script below the checkout
 * @returns its address: `http://127.0.0.1:4000`
 */
export async function startServer(
  stage: Stage,
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const port = await freePort();
  const log = path.join(stage.directory, `${port}.log`);
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", path.join(root, script)], {
    env: { ...environment, HOST: "127.0.0.1", PORT: String(port) },
    stdio: ["ignore", openSync(log, "a"), openSync(log, "a")],
  });
  const exited = once(child, "exit");
  stage.onEnd(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  const url = `http://127.0.0.1:${port}`;
  for (let waited = 0; !(await answers(url)); waited += 50) {
    if (child.exitCode !== null || waited > patienceMs) {
      throw new Error(`${script} does not answer:\n${readFileSync(log, "utf8")}`);
    }
    await delay(50);
  }
  return url;
}

/** Starts the api as it runs in production: every check, limit, log line and metric is on. */
export function startApi(stage: Stage, database: StageDatabase): Promise<string> {
  return startServer(stage, "apps/api/src/main.ts", {
    HEADROOM_ENV: "test",
    HEADROOM_CONFIG: path.join(root, "headroom.config.ts"),
    DATABASE_URL: database.url,
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
