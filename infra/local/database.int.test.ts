import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { migrate } from "@headroom/db/migrate";
import { freePort } from "@headroom/db/testing/embedded";
import { removePostgresData } from "@headroom/db/testing/postgres-cluster";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { type KeptPostgres, keepPostgres } from "./database.ts";

const directory = mkdtempSync(path.join(tmpdir(), "headroom-database-"));
let postgres: KeptPostgres | null = null;

afterEach(async () => {
  await postgres?.stop();
  removePostgresData(path.join(directory, "postgres"));
  rmSync(directory, { recursive: true, force: true });
});

const ask = async (url: string, text: string): Promise<unknown> => {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: "array" })).rows[0]?.[0];
  } finally {
    await client.end();
  }
};

test("a killed PostgreSQL comes back by itself on its port, with its data and its login", async () => {
  postgres = await keepPostgres({
    dataDirectory: path.join(directory, "postgres"),
    port: await freePort(),
    logDirectory: directory,
    log: () => undefined,
  });
  await migrate({ connectionString: postgres.adminUrl });
  const url = await postgres.openLogin("first-password");
  expect(await ask(url, "select rolsuper from pg_roles where rolname = session_user")).toBe(false);
  expect(await ask(`${url}?options=-crole%3Dhr_api`, "select current_user")).toBe("hr_api");
  await ask(postgres.adminUrl, "create table kept as select 42 as answer");
  process.kill(postgres.pid() as number, "SIGKILL");
  const back = () => ask(postgres?.adminUrl ?? "", "select answer from kept").catch(() => null);
  await expect.poll(back, { timeout: 10_000, interval: 50 }).toBe(42);
  expect(await ask(url, "select current_user")).toBe("headroom");
});
