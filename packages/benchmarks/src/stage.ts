import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { migrate } from "@headroom/db/migrate";
import { ensureLogin } from "@headroom/db/roles";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@headroom/db/testing/embedded";
import { removePostgresData } from "@headroom/db/testing/postgres-cluster";
import type pg from "pg";
import { withClient } from "./clients.ts";

/** A migrated database. */
export interface StageDatabase {
  /** Logs in as the superuser. */
  adminUrl: string;
  /** Logs in as no superuser, as the applications do. */
  url: string;
}

/** What a benchmark stands on: a PostgreSQL of its own, and whatever it starts besides. */
export interface Stage {
  /** A new database, migrated to the present. */
  createDatabase(): Promise<StageDatabase>;
  /** Runs statements as the superuser. */
  asAdmin<Result>(database: StageDatabase, work: (client: pg.Client) => Promise<Result>): Promise<Result>;
  /** Called when the benchmark is over, the last one first. */
  onEnd(end: () => Promise<void>): void;
  /** Bytes of WAL written since the server began. */
  walBytes(): Promise<number>;
  /** Cuts the server off in the middle of its work (an immediate stop), and starts it again on what the disk has. */
  crash(): Promise<void>;
  settings: Settings;
  /** For files; gone with the stage. */
  directory: string;
  end(): Promise<void>;
}

/** PostgreSQL's settings by name, as `show` says them. */
export type Settings = Readonly<Record<string, string>>;

// The evidence of docs/benchmarks.md was taken with these; everything that makes an answer durable is the default.
const tuning = {
  shared_buffers: "2GB",
  max_wal_size: "8GB",
  checkpoint_timeout: "30min",
  work_mem: "32MB",
  max_connections: "100",
};

const told = [
  "server_version",
  "fsync",
  "synchronous_commit",
  "full_page_writes",
  "wal_sync_method",
  "wal_compression",
  "wal_level",
  ...Object.keys(tuning),
];

/** Every process has its own directory here, named by its id. */
const home = path.resolve(import.meta.dirname, "../../../.headroom/benchmarks");

/** Settings without which an acknowledgement can be lost. */
const durable = { fsync: "on", synchronous_commit: "on", full_page_writes: "on" } as const;

/** @throws Error when an acknowledged commit could be lost: such numbers are worth nothing */
export function assertDurable(settings: Settings): void {
  const loose = Object.entries(durable).filter(([name, value]) => settings[name] !== value);
  if (loose.length > 0) {
    throw new Error(`not measured: ${loose.map(([name, value]) => `${name} must be ${value}`).join(", ")}`);
  }
}

/**
 * Starts an empty PostgreSQL in `.headroom/benchmarks`.
 * @param overrides further settings of the server
 * @throws Error unless every commit is durable
 */
export async function openStage(overrides: Settings = {}): Promise<Stage> {
  removeAbandoned();
  const directory = path.join(home, String(process.pid));
  const dataDirectory = dataOf(directory);
  mkdirSync(directory, { recursive: true });
  const started = { dataDirectory, settings: { ...tuning, ...overrides }, log: () => undefined };
  const ends: (() => Promise<void>)[] = [];
  let server: EmbeddedPostgres = await startEmbeddedPostgres(started);
  const login = { name: "bench", password: randomBytes(16).toString("hex") };

  const stage: Stage = {
    settings: await readSettings(server.url),
    directory,
    async createDatabase() {
      const name = `bench_${randomBytes(4).toString("hex")}`;
      await withClient(server.url, (client) => client.query(`create database ${name}`));
      const adminUrl = urlOf(server.url, { pathname: name });
      await migrate({ connectionString: adminUrl });
      await ensureLogin(adminUrl, login.name, login.password);
      return { adminUrl, url: urlOf(adminUrl, { username: login.name, password: login.password }) };
    },
    asAdmin: ({ adminUrl }, work) => withClient(adminUrl, work),
    onEnd: (end) => void ends.unshift(end),
    walBytes: () =>
      withClient(server.url, async (client) => {
        const { rows } = await client.query("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as bytes");
        return Number(rows[0].bytes);
      }),
    async crash() {
      process.kill(server.pid, "SIGQUIT");
      await server.exited;
      server = await startEmbeddedPostgres({ ...started, port: server.port });
    },
    async end() {
      for (const end of ends) await end();
      await server.stop();
      remove(directory);
    },
  };
  try {
    assertDurable(stage.settings);
  } catch (error) {
    await stage.end();
    throw error;
  }
  return stage;
}

const dataOf = (directory: string) => path.join(directory, "postgres");

// The data may be elsewhere, where the server's account cannot enter the checkout.
function remove(directory: string): void {
  removePostgresData(dataOf(directory));
  rmSync(directory, { recursive: true, force: true });
}

/** What was left by processes that were killed. */
function removeAbandoned(): void {
  mkdirSync(home, { recursive: true });
  for (const name of readdirSync(home)) {
    if (name === String(process.pid) || !isRunning(Number(name))) remove(path.join(home, name));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function readSettings(url: string): Promise<Settings> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string; value: string }>(
      "select name, current_setting(name) as value from pg_settings where name = any($1)",
      [told],
    );
    const found = new Map(rows.map(({ name, value }) => [name, value]));
    return Object.fromEntries(told.map((name) => [name, found.get(name) ?? ""]));
  });
}

function urlOf(url: string, parts: Partial<Pick<URL, "pathname" | "username" | "password">>): string {
  return Object.assign(new URL(url), parts).href;
}
