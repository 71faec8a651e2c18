import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

/** A program of ours that runs until the stack stops. */
export type ProcessSpec = {
  name: string;
  /** The .ts file to run, absolute. */
  script: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Answers 200 here when it works. */
  readyUrl: string;
};

/** One that is kept running. */
export type KeptProcess = {
  name: string;
  /** Null in the moment between an end and the next start. */
  pid: () => number | null;
  /** Resolves when it is ready, rejects when it ends again and again before it ever was. */
  ready: () => Promise<void>;
  /** Ends it and starts it with other variables; resolves when it is ready again. */
  restart: (environment: ProcessSpec["environment"]) => Promise<void>;
  /** SIGTERM, and SIGKILL after the grace time. */
  stop: () => Promise<void>;
};

export type Keeping = {
  logDirectory: string;
  log: (line: string) => void;
  /** Called when a process has been started again. */
  onRestart?: () => void;
};

const graceMs = 15_000;
const firstAttempts = 3;
const readyMs = 60_000;
const pollEvery = 50;
const preload = path.join(import.meta.dirname, "preload.ts");

/** At once after a life of a second or more; slower, up to a second, for one that keeps dying. */
const pauseBefore = (shortLives: number): number => Math.min(shortLives * 100, 1_000);

const answers = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
};

const launch = (spec: ProcessSpec, logFile: string, again: boolean): ChildProcess => {
  const output = openSync(logFile, again ? "a" : "w");
  // A session of its own, so that Ctrl-C reaches the supervisor alone, which stops things in order. The
  // channel tells the child when the supervisor is gone.
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--import", preload, spec.script],
    { env: spec.environment, stdio: ["ignore", output, output, "ipc"], detached: true, windowsHide: true },
  );
  closeSync(output);
  child.on("error", () => undefined);
  return child;
};

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await gone;
  clearTimeout(timer);
};

/** The last lines that a process wrote, for the person who has to find out why it does not start. */
const lastWords = (logFile: string): string =>
  readFileSync(logFile, "utf8").trim().split("\n").slice(-25).join("\n");

/** Starts the program and starts it again whenever it ends, until it is stopped. */
export const keepRunning = (spec: ProcessSpec, keeping: Keeping): KeptProcess => {
  mkdirSync(keeping.logDirectory, { recursive: true });
  const logFile = path.join(keeping.logDirectory, `${spec.name}.log`);
  let child: ChildProcess;
  let restart: NodeJS.Timeout | undefined;
  let environment = spec.environment;
  let stopped = false;
  let isWanted = false;
  let ends = 0;
  let shortLives = 0;

  const begin = (): void => {
    child = launch({ ...spec, environment }, logFile, ends > 0);
    const startedAt = performance.now();
    child.once("exit", (code, signal) => {
      if (stopped) return;
      ends += 1;
      if (isWanted) {
        isWanted = false;
        begin();
        keeping.onRestart?.();
        return;
      }
      shortLives = performance.now() - startedAt < 1_000 ? shortLives + 1 : 0;
      keeping.log(`${spec.name} ended (${signal ?? `code ${code}`}): starting it again`);
      restart = setTimeout(() => {
        begin();
        keeping.onRestart?.();
      }, pauseBefore(shortLives));
    });
  };

  const ready = async (): Promise<void> => {
    const deadline = performance.now() + readyMs;
    while (!stopped && !(await answers(spec.readyUrl))) {
      if (ends >= firstAttempts || performance.now() > deadline) {
        throw new Error(`${spec.name} does not start:\n${lastWords(logFile)}`);
      }
      await delay(pollEvery);
    }
  };

  begin();
  return {
    name: spec.name,
    pid: () => (child.exitCode === null && child.signalCode === null ? (child.pid ?? null) : null),
    ready,
    restart: async (changed) => {
      environment = changed;
      isWanted = true;
      await end(child);
      await ready();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(restart);
      await end(child);
    },
  };
};
