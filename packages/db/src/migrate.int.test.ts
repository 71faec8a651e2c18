import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import path from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createDatabase } from "./client.ts";
import { DatabaseAheadError, migrate } from "./migrate.ts";
import { appliedMigrations, isMigrated, migrationNames } from "./migrations.ts";
import { ensureRoles } from "./roles.ts";
import { createTestDatabase } from "./testing/database.ts";

const { adminUrl, login } = inject("postgres");
const server = new pg.Pool({ connectionString: adminUrl, max: 2 });
const names = await migrationNames();
let name: string;
let url: string;
let admin: pg.Pool;
const children: ChildProcess[] = [];

beforeEach(async () => {
  name = `headroom_migrate_${randomBytes(4).toString("hex")}`;
  await server.query(`create database ${name} template template0`);
  url = Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;
  admin = new pg.Pool({ connectionString: url, max: 4 });
  admin.on("error", () => undefined);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await admin.end();
  await server.query(`drop database ${name} with (force)`);
});
afterAll(() => server.end());

const script = `
  import { migrate } from ${JSON.stringify(path.join(import.meta.dirname, "migrate.ts"))};
  await migrate({ connectionString: process.env.DATABASE_URL });`;

/** A migrator in a process of its own; `code` is its exit code, null when it was killed. */
const migrateApart = () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, DATABASE_URL: url },
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.push(child);
  return { child, code: once(child, "exit").then(([code]) => code as number | null) };
};

const tables = async (): Promise<string[]> => {
  const { rows } = await admin.query<{ tablename: string }>(
    "select tablename from pg_tables where schemaname = 'headroom' and tablename not like 'kysely%'",
  );
  return rows.map((row) => row.tablename);
};

/** Holds a name that a migration wants to give to a table: whoever creates it too waits for this transaction. */
const holdTable = async (table: string): Promise<() => Promise<void>> => {
  await ensureRoles(url);
  const client = await admin.connect();
  await client.query(`begin; set local role hr_owner; create table headroom.${table} (id integer)`);
  return async () => {
    await client.query("rollback");
    client.release();
  };
};

const someoneWaits = async (): Promise<boolean> => {
  const { rows } = await admin.query(
    "select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock' and application_name = 'headroom migrate'",
    [name],
  );
  return rows.length > 0;
};

test("three migrators at once: every migration is applied once", async () => {
  const runs = [migrateApart(), migrateApart(), migrateApart()];
  expect(await Promise.all(runs.map((run) => run.code))).toEqual([0, 0, 0]);
  expect(await appliedMigrations(admin)).toEqual(names);
  expect(await migrate({ connectionString: url })).toEqual({ applied: [] });
});

test("killed half way, nothing of it stands, and the next run succeeds", async () => {
  const letGo = await holdTable("usage_gate");
  const { child, code } = migrateApart();
  await expect.poll(someoneWaits, { timeout: 10_000 }).toBe(true);
  child.kill("SIGKILL");
  expect(await code).toBe(null);
  await letGo();
  await expect.poll(someoneWaits).toBe(false);
  expect(await tables()).toEqual([]);
  expect(await appliedMigrations(admin)).toEqual([]);
  expect((await migrate({ connectionString: url })).applied).toEqual(names);
});

test("a lock that somebody holds makes it give up, with nothing applied", async () => {
  const letGo = await holdTable("organization");
  const begun = performance.now();
  await expect(migrate({ connectionString: url })).rejects.toMatchObject({ code: "55P03" });
  expect(performance.now() - begun).toBeLessThan(9_000);
  await letGo();
  expect(await tables()).toEqual([]);
});

test("an ordinary login that has the roles may migrate", async () => {
  await ensureRoles(url);
  const ordinary = Object.assign(new URL(url), { username: login.name, password: login.password }).href;
  const { applied } = await migrate({ connectionString: ordinary });
  expect(applied).toEqual(names);
  const { rows } = await admin.query(
    "select from pg_tables where schemaname in ('headroom', 'graphile_worker') and tableowner not like 'hr\\_%'",
  );
  expect(rows).toEqual([]);
});

test("an ordinary login on a server without the schemas is told what to run", async () => {
  const ordinary = Object.assign(new URL(url), { username: login.name, password: login.password }).href;
  await expect(migrate({ connectionString: ordinary })).rejects.toMatchObject({
    name: "RolesMissingError",
    statements: expect.stringContaining("create role"),
  });
});

describe("a database that is ahead of the code", () => {
  test("is refused by the migrator and by the readiness of every app", async () => {
    const migrated = await createTestDatabase();
    try {
      const apps = await Promise.all(
        (["hr_api", "hr_worker", "hr_webhook"] as const).map((role) => migrated.connect(role)),
      );
      expect(await Promise.all(apps.map((app) => isMigrated(app.pool)))).toEqual([true, true, true]);
      await migrated.admin.query("insert into headroom.kysely_migration values ('9999_future', 'later')");
      await expect(migrate({ connectionString: migrated.adminUrl })).rejects.toThrow(DatabaseAheadError);
      expect(await Promise.all(apps.map((app) => isMigrated(app.pool)))).toEqual([false, false, false]);
    } finally {
      await migrated.drop();
    }
  });
});

test("a database that was never migrated is not ready", async () => {
  await ensureRoles(url);
  const api = createDatabase({ connectionString: url, role: "hr_api", applicationName: "headroom-test" });
  expect(await isMigrated(api.pool)).toBe(false);
  await api.close();
});
