import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { removePostgresData } from "@headroom/db/testing/postgres-cluster";

/** What `npm start -- --json` prints when everything is ready. */
export type ReadyStack = {
  api: string;
  webhook: string;
  console: string;
  stripe: string | null;
  issuer: string | null;
  mail: string | null;
  databaseUrl: string;
  platformKey: string | null;
  demoKey: string | null;
};

/** A stack that was started as a person would start it. */
export type Stack = {
  ready: ReadyStack;
  dataDirectory: string;
  /** Standard error so far. */
  output: () => string;
  /** The process ids of the moment, by the name of the part; also `supervisor` and `postgres`. */
  processes: () => Record<string, number>;
  /** kill -9. Answers the id that was killed. */
  kill: (name: string) => number;
  /** Ctrl-C. Answers the exit code; the data folder is deleted unless it was given. */
  stop: () => Promise<number | null>;
};

export type StackOptions = {
  /** With the three organizations of the demo, whose story is played before the stack is ready. Without unless set. */
  seeded?: boolean;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** An existing data folder, kept afterwards. A new one unless given. */
  dataDirectory?: string;
};

const bootstrap = path.resolve(import.meta.dirname, "..", "..", "..", "infra", "local", "bootstrap.mjs");
/** Variables of the shell that would replace parts of the stack. */
const replacing = ["DATABASE_URL", "STRIPE_SECRET_KEY", "OIDC_ISSUER", "SMTP_URL"];

const shell = (): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !replacing.includes(name)));

/** A data folder that PostgreSQL's account may enter, too, so that the data is in it and not on the disk outside. */
export const newDataDirectory = (): string => {
  const directory = mkdtempSync(path.join(tmpdir(), "headroom-stack-"));
  chmodSync(directory, 0o711);
  return directory;
};

const readyLine = async (child: ChildProcess, output: () => string): Promise<ReadyStack> => {
  const gone = once(child, "exit").then(([code]) => {
    throw new Error(`the stack ended with ${code} before it was ready:\n${output()}`);
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const found = (async () => {
    for await (const line of lines) if (line.startsWith("{")) return JSON.parse(line) as ReadyStack;
    return gone;
  })();
  return Promise.race([found, gone]);
};

/** Runs `npm start -- --json --no-tour --no-seed` on a data folder of its own and resolves when it is ready. */
export const startStack = async (options: StackOptions = {}): Promise<Stack> => {
  const dataDirectory = options.dataDirectory ?? newDataDirectory();
  const unseeded = options.seeded === true ? [] : ["--no-seed"];
  const parameters = ["start", "--json", "--no-tour", ...unseeded, "--data", dataDirectory];
  parameters.push(...(options.args ?? []));
  const child = spawn("node", [bootstrap, ...parameters], {
    env: { ...shell(), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const output = () => said.join("");
  const processes = (): Record<string, number> =>
    JSON.parse(readFileSync(path.join(dataDirectory, "stack.json"), "utf8")).processes;
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGINT");
      await once(child, "exit");
    }
    if (options.dataDirectory === undefined) {
      removePostgresData(path.join(dataDirectory, "postgres"));
      rmSync(dataDirectory, { recursive: true, force: true });
    }
    return child.exitCode;
  };
  try {
    const ready = await readyLine(child, output);
    return {
      ready,
      dataDirectory,
      output,
      processes,
      stop,
      kill: (name) => {
        const pid = processes()[name];
        if (pid === undefined) throw new Error(`no process ${name} runs now`);
        process.kill(pid, "SIGKILL");
        return pid;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
