import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { migrate } from "../migrate.ts";
import { ensureLogin } from "../roles.ts";
import { startEmbeddedPostgres } from "./embedded.ts";
import { openMemoryFolder } from "./memory-folder.ts";

/** Where the tests of this run find PostgreSQL. */
export type TestServer = {
  /** Logs in as the superuser, to any database of the server. */
  adminUrl: string;
  /** A migrated database that nobody connects to. */
  template: string;
  /** A login that is no superuser and may take every role whose name starts with hr_. */
  login: { name: string; password: string };
};

declare module "vitest" {
  export interface ProvidedContext {
    postgres: TestServer;
  }
}

/** Lost with the run, so nothing waits for the disk. */
const fast = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", log_min_messages: "fatal" };

type Server = { url: string; stop: () => Promise<void> };

const startServer = async (): Promise<Server> => {
  const given = process.env.TEST_DATABASE_URL;
  if (given !== undefined && given !== "") return { url: given, stop: async () => undefined };
  const dataDirectory = mkdtempSync(path.join(tmpdir(), "headroom-tests-"));
  return startEmbeddedPostgres({ dataDirectory, temporary: true, settings: fast, log: () => undefined });
};

const asAdmin = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const makeTemplate = async (url: string, template: string): Promise<void> => {
  await asAdmin(url, (client) => client.query(`create database ${template} template template0`));
  const target = new URL(url);
  target.pathname = `/${template}`;
  await migrate({ connectionString: target.href });
  await asAdmin(url, (client) =>
    client.query(`alter database ${template} is_template true allow_connections false`),
  );
};

/** Leaves a server that outlives the run as it was; clones that tests forgot go as well. */
const clear = async (server: TestServer): Promise<void> => {
  await asAdmin(server.adminUrl, async (client) => {
    await client.query(`alter database ${server.template} is_template false`);
    const databases = await client.query<{ datname: string }>(
      "select datname from pg_database where starts_with(datname, $1)",
      [server.template],
    );
    for (const { datname } of databases.rows) await client.query(`drop database ${datname} with (force)`);
    await client.query(`drop role ${server.login.name}`);
  });
};

/**
 * Vitest calls this once per run: one server (an embedded one, or the one of TEST_DATABASE_URL, a
 * superuser's URL), one migrated template. Answers what vitest calls at the end.
 * @public
 */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = openMemoryFolder();
  // The workers start after this, and everything temporary of theirs goes there, too.
  if (folder !== null) process.env.TMPDIR = folder.directory;
  const server = await startServer();
  const run = `headroom_test_${randomBytes(4).toString("hex")}`;
  const provided: TestServer = {
    adminUrl: server.url,
    template: run,
    login: { name: run, password: randomBytes(16).toString("hex") },
  };
  try {
    await makeTemplate(provided.adminUrl, provided.template);
    await ensureLogin(provided.adminUrl, provided.login.name, provided.login.password);
  } catch (error) {
    await server.stop();
    folder?.remove();
    throw error;
  }
  project.provide("postgres", provided);
  return async () => {
    if (process.env.TEST_DATABASE_URL) await clear(provided);
    await server.stop();
    folder?.remove();
  };
};
