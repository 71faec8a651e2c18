import { appendFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ensureDatabase, ensureLogin } from "@headroom/db/roles";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@headroom/db/testing/embedded";

const databaseName = "headroom";
const login = "headroom";

/** The embedded PostgreSQL of the stack, started again on the same port whenever it dies. */
export type KeptPostgres = {
  /** Logs in as the superuser, to the stack's own database. */
  adminUrl: string;
  /** Makes or renews the login of the applications and answers its URL. After the migrations. */
  openLogin: (password: string) => Promise<string>;
  pid: () => number | null;
  stop: () => Promise<void>;
};

export type PostgresOptions = {
  dataDirectory: string;
  port: number;
  logDirectory: string;
  log: (line: string) => void;
  onRestart?: () => void;
};

/** Starts it and keeps it running until it is stopped. */
export const keepPostgres = async (options: PostgresOptions): Promise<KeptPostgres> => {
  mkdirSync(options.logDirectory, { recursive: true });
  const logFile = path.join(options.logDirectory, "postgres.log");
  let server: EmbeddedPostgres | null = null;
  let stopped = false;

  const start = (): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({
      dataDirectory: options.dataDirectory,
      port: options.port,
      log: (line) => appendFileSync(logFile, `${line}\n`),
      notice: options.log,
    });

  const startAgain = async (): Promise<void> => {
    while (!stopped) {
      try {
        const next = await start();
        if (stopped) return next.stop();
        watch(next);
        return options.onRestart?.();
      } catch (error) {
        options.log(`PostgreSQL does not start yet: ${error instanceof Error ? error.message : error}`);
        await delay(250);
      }
    }
  };

  let restarting: Promise<void> = Promise.resolve();
  const watch = (running: EmbeddedPostgres): void => {
    server = running;
    void running.exited.then(() => {
      server = null;
      if (stopped) return;
      options.log("PostgreSQL ended: starting it again");
      restarting = startAgain();
    });
  };

  const first = await start();
  watch(first);
  const adminUrl = await ensureDatabase(first.url, databaseName);
  return {
    adminUrl,
    openLogin: async (password) => {
      await ensureLogin(adminUrl, login, password);
      const url = new URL(adminUrl);
      url.username = login;
      url.password = password;
      return url.href;
    },
    pid: () => server?.pid ?? null,
    stop: async () => {
      stopped = true;
      await restarting;
      await server?.stop();
    },
  };
};
