import { CompiledQuery, sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database } from "./client.ts";
import { withOrganization, withSystem } from "./tenancy.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

let scratch: TestDatabase;
let one: Database;

beforeAll(async () => {
  scratch = await createTestDatabase();
  await scratch.admin.query(`
    create table headroom.thing (id integer primary key, colour text);
    insert into headroom.thing values (1, 'red'), (2, 'green');
    grant all on headroom.thing to hr_api`);
});
afterAll(() => scratch.drop());

// One connection, so that what it has prepared can be asked for.
beforeEach(async () => {
  await one?.close();
  one = open(1);
  return () => one.close();
});

const open = (max: number) =>
  createDatabase({ connectionString: scratch.url, role: "hr_api", applicationName: "headroom-test", max });

const prepared = async () =>
  (await one.pool.query("select statement from pg_prepared_statements order by statement")).rows.map(
    (row) => row.statement as string,
  );

const thing = (id: number, db: Pick<Database, "kysely"> = one) =>
  sql<{ id: number }>`select * from thing where id = ${id}`.execute(db.kysely);

describe("a statement", () => {
  test("is named from its third time on, whatever its parameters", async () => {
    for (const [times, names] of [
      [1, []],
      [2, []],
      [3, ["select * from thing where id = $1"]],
      [4, ["select * from thing where id = $1"]],
    ] as const) {
      expect((await thing(times % 2)).rows).toHaveLength(times % 2);
      expect(await prepared()).toEqual(names);
    }
  });

  test("without parameters is never named: DDL, settings, transactions, several in one", async () => {
    for (let times = 0; times < 5; times++) {
      await sql`create temporary table other (id integer); drop table other`.execute(one.kysely);
      await sql`set application_name = 'x'`.execute(one.kysely);
      await one.kysely.transaction().execute((tx) => sql`select 1`.execute(tx));
    }
    expect(await prepared()).toEqual([]);
  });

  test("that its caller names keeps that name", async () => {
    for (let times = 0; times < 4; times++) {
      await one.pool.query({ name: "mine", text: "select $1::integer", values: [times] });
    }
    const { rows } = await one.pool.query("select name from pg_prepared_statements");
    expect(rows).toEqual([{ name: "mine" }]);
  });
});

test("texts that differ each time, and too many that come again, do not fill the server's memory", async () => {
  for (let width = 1; width <= 30; width++) {
    const ids = Array.from({ length: width }, (_, index) => index);
    await sql`select * from thing where id in (${sql.join(ids)})`.execute(one.kysely);
  }
  expect(await prepared()).toEqual([]);
  for (let text = 0; text < 220; text++) {
    for (let times = 0; times < 3; times++) {
      await one.kysely.executeQuery(CompiledQuery.raw(`select $1::integer as column_${text}`, [times]));
    }
  }
  expect(await prepared()).toHaveLength(200);
});

describe("after a migration changed what a statement answers", () => {
  const addColumn = (name: string) =>
    scratch.admin.query(`alter table headroom.thing add column ${name} integer default 7`);
  const warm = async (db: Database) => {
    for (let times = 0; times < 6; times++) await thing(1, db);
    await Promise.all(Array.from({ length: 20 }, () => thing(1, db)));
  };

  test("it answers the new columns, on every connection of a process that lives on", async () => {
    const many = open(4);
    await warm(many);
    await addColumn("weight");
    const answers = await Promise.all(Array.from({ length: 40 }, () => thing(1, many)));
    for (const { rows } of answers) expect(rows).toEqual([{ id: 1, colour: "red", weight: 7 }]);
    for (let times = 0; times < 4; times++) {
      const { rows } = await thing(2, many);
      expect(rows).toHaveLength(1);
    }
    await many.close();
  });

  test("an insert that was refused for it is done once", async () => {
    const insert = (id: number) => sql`insert into thing (id) values (${id}) returning *`.execute(one.kysely);
    for (let id = 10; id < 14; id++) await insert(id);
    await addColumn("height");
    expect((await insert(14)).rows).toMatchObject([{ id: 14, height: 7 }]);
    expect((await sql`select from thing where id >= 10`.execute(one.kysely)).rows).toHaveLength(5);
  });

  test("a transaction is run again, once", async () => {
    const many = open(4);
    await warm(many);
    await addColumn("depth");
    let runs = 0;
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () =>
        withSystem(many, async (tx) => {
          runs += 1;
          return sql<{ depth: number }>`select * from thing where id = ${1}`.execute(tx);
        }),
      ),
    );
    for (const { rows } of outcomes) expect(rows).toMatchObject([{ depth: 7 }]);
    // One for each connection at most meets the old statement.
    expect(runs).toBeLessThanOrEqual(12);
    expect(runs).toBeGreaterThan(8);
    await many.close();
  });
});

test("a transaction of an organization begins in one round trip, and its setting ends with it", async () => {
  const { pool, kysely } = one;
  const sent: string[] = [];
  pool.once("acquire", (client) => {
    const { query } = client;
    client.query = ((...call: unknown[]) => {
      const [asked] = call as [string | { text: string }];
      sent.push(typeof asked === "string" ? asked : asked.text);
      return Reflect.apply(query, client, call);
    }) as typeof query;
  });
  const id = "0198c0de-0000-7000-8000-00000000000a";
  const setting = sql<{ id: string }>`select current_setting('headroom.organization_id', true) as id`;
  const { rows } = await withOrganization(one, id, (tx) => setting.execute(tx));
  expect(rows).toEqual([{ id }]);
  expect(sent).toEqual([
    `begin; select set_config('headroom.organization_id', '${id}', true)`,
    "select current_setting('headroom.organization_id', true) as id",
    "commit",
  ]);
  expect((await setting.execute(kysely)).rows).toEqual([{ id: "" }]);
  // Quotes do not end the literal.
  const odd = await withOrganization(one, "a'b\\c", (tx) => setting.execute(tx));
  expect(odd.rows).toEqual([{ id: "a'b\\c" }]);
});

test("a transaction in which nothing is asked sends nothing, and the next one begins", async () => {
  await one.kysely.transaction().execute(async () => undefined);
  await expect(
    one.kysely.transaction().execute(async () => {
      throw new Error("before anything was asked");
    }),
  ).rejects.toThrow("before anything");
  const status = sql<{ n: number }>`select count(*)::integer as n from thing where id = ${1}`;
  expect((await withSystem(one, (tx) => status.execute(tx))).rows).toEqual([{ n: 1 }]);
  await expect(
    withSystem(one, async (tx) => {
      await sql`delete from thing`.execute(tx);
      throw new Error("rolled back");
    }),
  ).rejects.toThrow("rolled back");
  expect((await status.execute(one.kysely)).rows).toEqual([{ n: 1 }]);
});

test("a transaction that fails keeps its connection usable, and names parsed in it", async () => {
  for (let times = 0; times < 3; times++) {
    await expect(
      withSystem(one, async (tx) => {
        await sql`select * from thing where id = ${1}`.execute(tx);
        await sql`select ${1}::integer / 0`.execute(tx);
      }),
    ).rejects.toMatchObject({ code: "22012" });
  }
  expect((await thing(1)).rows).toHaveLength(1);
});
