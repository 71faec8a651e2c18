import { type ChildProcess, execFile, execFileSync, fork } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { migrate } from "@headroom/db/migrate";
import { freePort } from "@headroom/db/testing/embedded";
import { removePostgresData } from "@headroom/db/testing/postgres-cluster";
import { type KeptPostgres, keepPostgres } from "@headroom/local/database.ts";
import { type KeptProcess, keepRunning } from "@headroom/local/processes.ts";
import pg from "pg";
import { until } from "./people.ts";
import { newDataDirectory } from "./stack.ts";

export type Part = "api-0" | "api-1" | "worker" | "postgres";

/** A durable PostgreSQL, two apis and a worker, each kept running: what is killed is started again at once. */
export type MeteringStack = {
  /** The two apis. */
  urls: readonly string[];
  /** As the applications log in. */
  databaseUrl: string;
  /** A superuser's connections; they break when the server does, and are made anew. */
  admin: pg.Pool;
  directory: string;
  /** kill -9; of PostgreSQL with all its children. Null when it is not running at this moment. */
  kill: (part: Part) => number | null;
  /** Resolves when every part answers. */
  whole: () => Promise<void>;
  /** Signals every process of the server. */
  signalPostgres: (signal: NodeJS.Signals) => void;
  processOf: (part: Part) => number | null;
  /** Moves the clock of the database to an instant. */
  setClock: (at: Date) => Promise<void>;
  /** The operator's command. Answers its output; rejects with its exit code. */
  headroom: (...parameters: string[]) => Promise<string>;
  startLoad: () => ChildProcess;
  stop: () => Promise<void>;
};

const root = path.resolve(import.meta.dirname, "..", "..", "..");
const execute = promisify(execFile);
const password = "metering";

/** The server's processes, itself first. It is held while they are listed, so that none is born meanwhile. */
function familyOf(postmaster: number): number[] {
  process.kill(postmaster, "SIGSTOP");
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const children = lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === postmaster)
    .map(([id]) => id as number);
  return [postmaster, ...children];
}

const signalEach = (ids: readonly number[], signal: NodeJS.Signals): void => {
  for (const id of ids) {
    try {
      process.kill(id, signal);
    } catch {
      // It has ended by itself.
    }
  }
};

const applications = ["api-0", "api-1", "worker"] as const;

/** Starts them, or the applications that are named, on an empty database and resolves when all answer. */
export async function startMeteringStack(
  environment: Record<string, string> = {},
  names: readonly (typeof applications)[number][] = applications,
): Promise<MeteringStack> {
  const directory = newDataDirectory();
  const dataDirectory = path.join(directory, "postgres");
  const logDirectory = path.join(directory, "logs");
  const keeping = { logDirectory, log: () => undefined };
  const databasePort = await freePort();
  const applicationPorts = await Promise.all(names.map(() => freePort()));
  const postgres: KeptPostgres = await keepPostgres({ ...keeping, dataDirectory, port: databasePort });
  await migrate({ connectionString: postgres.adminUrl });
  const databaseUrl = await postgres.openLogin(password);
  const admin = new pg.Pool({ connectionString: postgres.adminUrl, max: 4, connectionTimeoutMillis: 3_000 });
  admin.on("error", () => undefined);
  const variables = {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    NODE_OPTIONS: process.env.NODE_OPTIONS,
    HEADROOM_ENV: "test",
    HEADROOM_CONFIG: path.join(root, "headroom.config.ts"),
    LOG_LEVEL: "error",
    HOST: "127.0.0.1",
    DATABASE_URL: databaseUrl,
    ...environment,
  };
  const urls = applicationPorts.map((port) => `http://127.0.0.1:${port}`);
  const kept = names.map((name, index): KeptProcess => {
    const script = path.join(root, "apps", name === "worker" ? "worker" : "api", "src", "main.ts");
    const PORT = String(applicationPorts[index]);
    return keepRunning(
      { name, script, environment: { ...variables, PORT }, readyUrl: `${urls[index]}/readyz` },
      keeping,
    );
  });

  const processOf = (part: Part): number | null =>
    part === "postgres" ? postgres.pid() : (kept.find(({ name }) => name === part)?.pid() ?? null);
  const readinessOf = async (url: string): Promise<string> => {
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
      return response.ok ? "ready" : await response.text();
    } catch (error) {
      return String(error);
    }
  };
  const whole = async () => {
    const isReady = (answers: string[]) => answers.every((answer) => answer === "ready");
    await until(() => Promise.all(urls.map(readinessOf)), isReady, 60);
  };
  const loads: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const load of loads) load.kill("SIGKILL");
    await Promise.all(kept.map((one) => one.stop()));
    await admin.end();
    await postgres.stop();
    removePostgresData(dataDirectory);
    rmSync(directory, { recursive: true, force: true });
  };

  const stack: MeteringStack = {
    ...{ urls: urls.slice(0, 2), databaseUrl, admin, directory, processOf, whole, stop },
    kill: (part) => {
      const id = processOf(part);
      if (id !== null) signalEach(part === "postgres" ? familyOf(id) : [id], "SIGKILL");
      return id;
    },
    signalPostgres: (signal) => {
      const id = processOf("postgres");
      if (id !== null) signalEach(familyOf(id), signal);
    },
    setClock: async (at) => {
      await admin.query("select headroom.set_dev_clock($1::timestamptz - clock_timestamp())", [at]);
    },
    headroom: async (...parameters) => {
      const script = path.join(root, "apps/cli/src/main.ts");
      const { stdout } = await execute(process.execPath, [script, ...parameters], { env: variables });
      return stdout;
    },
    startLoad: () => {
      const child = fork(path.join(import.meta.dirname, "metering-load.ts"), { execArgv: [] });
      loads.push(child);
      return child;
    },
  };
  try {
    await Promise.all(kept.map((one) => one.ready()));
    return stack;
  } catch (error) {
    await stop();
    throw error;
  }
}
