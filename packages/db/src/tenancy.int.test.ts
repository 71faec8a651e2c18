import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database } from "./client.ts";
import { enterOrganization, type Tx, withOrganization, withSystem, withUser } from "./tenancy.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

const [ours, theirs] = [randomUUID(), randomUUID()] as const;
const [anna, ben] = [randomUUID(), randomUUID()] as const;

let database: TestDatabase;
let api: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await database.connect("hr_api");
  for (const id of [anna, ben]) {
    await database.admin.query(
      "insert into headroom.account (id, issuer, subject, created_at, updated_at) values ($1, 'test', $1::uuid::text, now(), now())",
      [id],
    );
  }
  await makeOrganization(ours, [anna]);
  await makeOrganization(theirs, [anna, ben]);
});
afterAll(() => database?.drop());

const makeOrganization = async (id: string, members: string[]): Promise<void> => {
  await database.admin.query(
    "insert into headroom.organization (id, name, slug, created_at, updated_at) values ($1, 'Acme', $1::uuid::text, now(), now())",
    [id],
  );
  for (const member of members) {
    await database.admin.query(
      `insert into headroom.membership (organization_id, id, user_id, role, created_at, updated_at)
         values ($1, $2, $3, 'member', now(), now())`,
      [id, randomUUID(), member],
    );
  }
};

const visible = async (tx: Tx): Promise<string[]> => {
  const rows = await tx.selectFrom("organization").select("id").orderBy("id").execute();
  return rows.map((row) => row.id);
};

describe("withOrganization", () => {
  test("reaches the rows of that organization and no others", async () => {
    await withOrganization(api, ours, async (tx) => {
      expect(await visible(tx)).toEqual([ours]);
      const members = await tx.selectFrom("membership").select("user_id").execute();
      expect(members).toEqual([{ user_id: anna }]);
    });
  });

  test("writes to another organization change nothing", async () => {
    const { numUpdatedRows } = await withOrganization(api, ours, (tx) =>
      tx.updateTable("membership").set({ role: "admin" }).where("user_id", "=", ben).executeTakeFirst(),
    );
    expect(numUpdatedRows).toBe(0n);
  });

  test("a row for another organization is refused", async () => {
    const attempt = withOrganization(api, ours, (tx) =>
      tx
        .insertInto("membership")
        .values({
          organization_id: theirs,
          id: randomUUID(),
          user_id: ben,
          role: "owner",
          created_at: "now",
          updated_at: "now",
        })
        .execute(),
    );
    await expect(attempt).rejects.toMatchObject({ code: "42501" });
  });

  test("the tenant does not leak to the next user of the connection", async () => {
    const one = createDatabase({
      connectionString: database.url,
      role: "hr_api",
      applicationName: "headroom-test",
      max: 1,
    });
    try {
      const pid = (tx: Tx) => sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      const first = await withOrganization(one, ours, pid);
      const next = await withSystem(one, async (tx) => ({ pid: await pid(tx), visible: await visible(tx) }));
      expect(next.pid.rows).toEqual(first.rows);
      expect(next.visible).toEqual([]);
      await withOrganization(one, ours, () => Promise.reject(new Error("stop"))).catch(() => undefined);
      expect(await withSystem(one, visible)).toEqual([]);
    } finally {
      await one.close();
    }
  });

  test("an error inside leaves nothing behind", async () => {
    const attempt = withOrganization(api, ours, async (tx) => {
      await tx.updateTable("organization").set({ name: "Gone" }).execute();
      throw new Error("stop");
    });
    await expect(attempt).rejects.toThrow("stop");
    const names = await withOrganization(api, ours, (tx) =>
      tx.selectFrom("organization").select("name").execute(),
    );
    expect(names).toEqual([{ name: "Acme" }]);
  });
});

describe("withUser", () => {
  test("reaches a person's own memberships and the organizations behind them", async () => {
    expect(await withUser(api, anna, visible)).toEqual([ours, theirs].sort());
    expect(await withUser(api, ben, visible)).toEqual([theirs]);
    const rows = await withUser(api, ben, (tx) => tx.selectFrom("membership").select("user_id").execute());
    expect(rows).toEqual([{ user_id: ben }]);
  });

  test("may enter one organization for what follows", async () => {
    const members = await withUser(api, ben, async (tx) => {
      await enterOrganization(tx, theirs);
      return tx.selectFrom("membership").select("user_id").orderBy("user_id").execute();
    });
    expect(members.map((row) => row.user_id)).toEqual([anna, ben].sort());
  });
});

test("a deadlock is retried, and neither side notices", async () => {
  const attempts: string[] = [];
  const bothHold = Promise.withResolvers<void>();
  let holding = 0;
  const crossing = (name: string, first: string, second: string) =>
    withSystem(api, async (tx) => {
      attempts.push(name);
      const touch = (id: string) =>
        tx
          .updateTable("account")
          .set((eb) => ({ name: sql<string>`coalesce(${eb.ref("name")}, '') || ${name}` }))
          .where("id", "=", id)
          .execute();
      await touch(first);
      holding += 1;
      if (holding === 2) bothHold.resolve();
      await bothHold.promise;
      await touch(second);
    });
  await Promise.all([crossing("x", anna, ben), crossing("y", ben, anna)]);
  expect(attempts).toHaveLength(3);
  const { rows } = await database.admin.query<{ name: string }>("select name from headroom.account");
  expect(rows.map((row) => row.name.length)).toEqual([2, 2]);
});

test("a connection that dies in a transaction fails that transaction and nothing else", async () => {
  const attempt = withSystem(api, async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
    await database.admin.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await sql`select 1`.execute(tx);
  });
  await expect(attempt).rejects.toThrow();
  expect(await withUser(api, ben, visible)).toEqual([theirs]);
});

test.each(["the pool", "Kysely", "nobody"])("closing ends every connection that %s opened", async (user) => {
  const closed = createDatabase({
    connectionString: database.url,
    role: "hr_api",
    applicationName: "closing",
  });
  if (user === "the pool") {
    await closed.pool.query("select 1");
  } else if (user === "Kysely") {
    await sql`select 1`.execute(closed.kysely);
  }
  await closed.close();
  await expect
    .poll(async () => {
      const { rows } = await database.admin.query(
        "select count(*) from pg_stat_activity where application_name = 'closing' and datname = current_database()",
      );
      return Number(rows[0].count);
    })
    .toBe(0);
  expect(closed.pool.ended).toBe(true);
});
