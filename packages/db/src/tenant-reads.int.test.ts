import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createDatabase, type Database } from "./client.ts";
import { type Tx, withSystem } from "./tenancy.ts";
import { readOrganization } from "./tenant-reads.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

const [ours, theirs] = [randomUUID(), randomUUID()] as const;

let scratch: TestDatabase;
let one: Database;

beforeAll(async () => {
  scratch = await createTestDatabase();
  for (const id of [ours, theirs]) {
    await scratch.admin.query(
      `insert into headroom.organization (id, name, slug, time_zone, created_at, updated_at)
         values ($1, 'Acme', 'acme-' || gen_random_uuid(), 'UTC', now(), now())`,
      [id],
    );
  }
  await scratch.admin.query(`
    create table headroom.thing (id integer primary key, colour text);
    insert into headroom.thing values (1, 'red');
    grant all on headroom.thing to hr_api`);
});
afterAll(() => scratch.drop());

// One connection: what one read leaves behind, the next one finds.
beforeEach(() => {
  one = createDatabase({
    connectionString: scratch.url,
    role: "hr_api",
    applicationName: "headroom-test",
    max: 1,
  });
  return () => one.close();
});

const visible = async (tx: Pick<Tx, "selectFrom">) =>
  (await tx.selectFrom("organization").select("id").where("name", "=", "Acme").execute()).map(({ id }) => id);

const pid = async () => (await one.pool.query("select pg_backend_pid() as pid")).rows[0].pid;

test("a read reaches the rows of its organization and no others, named or not, and leaves nothing behind", async () => {
  const before = await pid();
  for (let times = 0; times < 4; times++) {
    expect(await readOrganization(one, ours, visible)).toEqual([ours]);
    expect(await readOrganization(one, theirs, visible)).toEqual([theirs]);
    expect(await visible(one.kysely)).toEqual([]);
    expect(await withSystem(one, visible)).toEqual([]);
  }
  const { rows } = await one.pool.query(
    "select current_setting('headroom.organization_id', true) as id, current_setting('transaction_read_only') as only",
  );
  expect(rows).toEqual([{ id: "", only: "off" }]);
  expect(await pid()).toBe(before);
});

test("a read without parameters, of no rows, and of several statements", async () => {
  const found = await readOrganization(one, ours, async (tx) => ({
    all: (await sql<{ id: string }>`select id from organization`.execute(tx)).rows,
    none: await tx.selectFrom("organization").selectAll().where("id", "=", theirs).execute(),
    numbers: (await sql<{ n: number }>`select generate_series(1, 3)::int8 as n`.execute(tx)).rows,
  }));
  expect(found).toEqual({ all: [{ id: ours }], none: [], numbers: [{ n: 1 }, { n: 2 }, { n: 3 }] });
});

test("nothing can be written", async () => {
  for (let times = 0; times < 4; times++) {
    const write = readOrganization(one, ours, (tx) =>
      tx.updateTable("organization").set({ name: "Gone" }).where("id", "=", ours).execute(),
    );
    await expect(write).rejects.toMatchObject({ code: "25006" });
  }
  expect(await readOrganization(one, ours, visible)).toEqual([ours]);
});

test("an error is its reader's alone, and the connection goes on", async () => {
  const before = await pid();
  for (let times = 0; times < 4; times++) {
    for (const divisor of [0, 2]) {
      const read = readOrganization(one, ours, (tx) =>
        sql<{ n: number }>`select 4 / ${divisor}::int4 as n`.execute(tx),
      );
      if (divisor === 0) await expect(read).rejects.toMatchObject({ code: "22012" });
      else expect((await read).rows).toEqual([{ n: 2 }]);
    }
    expect(await visible(one.kysely)).toEqual([]);
  }
  expect(await pid()).toBe(before);
});

/** A read that lasts, and what the server does to it. */
async function disturbed(doing: "pg_cancel_backend" | "pg_terminate_backend"): Promise<unknown> {
  const sleeping = readOrganization(one, ours, (tx) => sql`select pg_sleep(${10})`.execute(tx));
  const ended = sleeping.catch((error: unknown) => error);
  const disturb = () =>
    scratch.admin.query(`select ${doing}(pid) from pg_stat_activity where wait_event = 'PgSleep'`);
  while ((await disturb()).rowCount === 0);
  return ended;
}

test("a connection that ends under a read is replaced", async () => {
  const before = await pid();
  expect(await disturbed("pg_terminate_backend")).toBeInstanceOf(Error);
  expect(await readOrganization(one, ours, visible)).toEqual([ours]);
  expect(await pid()).not.toBe(before);
});

test("a cancelled read ends alone", async () => {
  const before = await pid();
  expect(await disturbed("pg_cancel_backend")).toMatchObject({ code: "57014" });
  expect(await readOrganization(one, ours, visible)).toEqual([ours]);
  expect(await pid()).toBe(before);
});

test("a read whose columns a migration changed is asked again", async () => {
  const things = () =>
    readOrganization(one, ours, (tx) => sql`select * from thing where id = ${1}`.execute(tx));
  for (let times = 0; times < 4; times++) expect((await things()).rows).toEqual([{ id: 1, colour: "red" }]);
  await scratch.admin.query("alter table headroom.thing add size integer");
  expect((await things()).rows).toEqual([{ id: 1, colour: "red", size: null }]);
});
