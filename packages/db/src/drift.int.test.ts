import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

const generator = createRequire(import.meta.url).resolve("kysely-codegen/dist/cli/bin.js");

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** Compares `schema.ts` with the live database; changes nothing. */
const verify = () =>
  spawnSync(process.execPath, [generator, "--config-file", ".kysely-codegenrc.json", "--verify"], {
    cwd: path.join(import.meta.dirname, ".."),
    env: { ...process.env, DATABASE_URL: database.adminUrl },
    encoding: "utf8",
  });

test("the row types are those of the migrated database", () => {
  const { status, stderr } = verify();
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test("a column that the types do not know is noticed", async () => {
  await database.admin.query("alter table headroom.membership add column forgotten text");
  expect(verify().status).toBe(1);
});
