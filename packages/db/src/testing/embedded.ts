import { createServer } from "node:net";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { serverAccount } from "./postgres-account.ts";
import { findBinaries } from "./postgres-binaries.ts";
import { dataHome, existingCluster, openCluster, removePostgresData } from "./postgres-cluster.ts";
import {
  forgetKilledServer,
  halt,
  launch,
  type ServerOptions,
  type ServerProcess,
} from "./postgres-process.ts";

/** A running PostgreSQL. `url` logs in as the superuser; `exited` resolves when its process is gone. */
export type EmbeddedPostgres = {
  url: string;
  port: number;
  pid: number;
  exited: Promise<void>;
  stop: () => Promise<void>;
};

/** How to start one. */
export type EmbeddedOptions = {
  /** Made when missing, used again when not. */
  dataDirectory: string;
  /** A free one unless given. */
  port?: number;
  /** Server settings beside the durable defaults. */
  settings?: Readonly<Record<string, string>>;
  /** Delete the data when the server stops, also when this process is killed. Such data is not synced. */
  temporary?: boolean;
  /** Takes what the server logs, line by line. */
  log: (line: string) => void;
  /** Takes what a person should know: another account, another place for the data. Default `log`. */
  notice?: (line: string) => void;
};

const patience = 15_000;
const retryEvery = 100;

const defaultSettings = (port: number): Record<string, string> => ({
  port: String(port),
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  timezone: "UTC",
  log_timezone: "UTC",
  // Statements of clients that have gone must not go on holding locks. Windows has no way to notice.
  ...(process.platform === "win32" ? {} : { client_connection_check_interval: "500ms" }),
});

/** A port of the loopback address that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });

const isPortTaken = (error: unknown): boolean => /Address already in use/.test(String(error));

/** Processes of a killed server need a moment to notice its death, and hold on to its memory until then. */
const isStillDying = (error: unknown): boolean =>
  /pre-existing shared memory|lock file "postmaster.pid" already exists/.test(String(error));

const launchOnFreePort = async (
  options: EmbeddedOptions,
  server: Omit<ServerOptions, "port" | "settings">,
): Promise<{ process: ServerProcess; port: number }> => {
  for (let waited = 0; ; waited += retryEvery) {
    const port = options.port ?? (await freePort());
    const settings = { ...defaultSettings(port), ...options.settings };
    forgetKilledServer(server.cluster);
    try {
      const removed = options.temporary ? path.dirname(server.cluster) : null;
      return { process: await launch({ ...server, port, settings }, removed), port };
    } catch (error) {
      const worthWaiting = isStillDying(error) || (options.port === undefined && isPortTaken(error));
      if (!worthWaiting || waited >= patience) throw error;
      await delay(retryEvery);
    }
  }
};

/**
 * Starts a real PostgreSQL from the npm-installed build: on the loopback address only, with a random
 * superuser password, durable unless the settings say otherwise. Survives kill -9 (start it again on the
 * same directory) and never outlives the process that started it. Works as root, through another account.
 */
export const startEmbeddedPostgres = async (options: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  const { log, notice = log } = options;
  const dataDirectory = path.resolve(options.dataDirectory);
  const account = serverAccount(existingCluster(dataDirectory), notice);
  const binaries = findBinaries(account, notice);
  const home = dataHome(dataDirectory, account, notice);
  const cluster = openCluster(binaries, home, account, options.temporary !== true);
  const server = { binaries, cluster: cluster.directory, account, log };
  const { process: running, port } = await launchOnFreePort(options, server);
  return {
    url: `postgres://postgres:${cluster.password}@127.0.0.1:${port}/postgres`,
    port,
    pid: running.pid,
    exited: running.exited,
    stop: async () => {
      await halt(running, binaries, cluster.directory);
      if (options.temporary) removePostgresData(dataDirectory);
    },
  };
};
