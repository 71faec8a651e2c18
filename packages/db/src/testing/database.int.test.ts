import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { createTestDatabase } from "./database.ts";

const first = await createTestDatabase();
const second = await createTestDatabase();
afterAll(() => second.drop());

test("each clone is a database of its own", async () => {
  await first.admin.query("create table public.only_here (x integer)");
  const elsewhere = await second.admin.query("select to_regclass('public.only_here') as found");
  expect(elsewhere.rows[0].found).toBeNull();
});

test("the login is no superuser and may take the roles of the applications", async () => {
  const database = await second.connect("hr_api");
  const answer = await database.pool.query(
    "select current_user as role, rolsuper, rolbypassrls from pg_roles where rolname = session_user",
  );
  expect(answer.rows).toEqual([{ role: "hr_api", rolsuper: false, rolbypassrls: false }]);
});

test("drop deletes a database that somebody is still connected to", async () => {
  const client = new pg.Client({ connectionString: first.url });
  client.on("error", () => undefined);
  await client.connect();
  await first.drop();
  const name = new URL(first.url).pathname.slice(1);
  const left = await second.admin.query("select 1 from pg_database where datname = $1", [name]);
  expect(left.rowCount).toBe(0);
});
