import { defaultRateLimits } from "@headroom/domain/rate-limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "./client.ts";
import { createRateLimitStore, removeEndedRateLimits, type TakePoints } from "./rate-limits.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

let scratch: TestDatabase;
let db: Database;
beforeAll(async () => {
  scratch = await createTestDatabase();
  db = await scratch.connect("hr_api");
});
afterAll(() => scratch?.drop());

/** A store as one process has it. */
const store = (limits: Partial<typeof defaultRateLimits> | object = {}, database = db) =>
  createRateLimitStore(database, { ...defaultRateLimits, ...limits });
const outcomes = async (calls: ReturnType<TakePoints>[]) => {
  const all = await Promise.all(calls);
  return all.filter(({ refused }) => refused === null).length;
};
const times = <Result>(count: number, call: () => Result) => Array.from({ length: count }, call);
const rowsOf = async (key: string) =>
  (
    await scratch.admin.query("select points, expire from headroom.rate_limit where key like $1", [
      `%:${key}`,
    ])
  ).rows;

test("200 at once against a limit of 50, from two processes, are 50", async () => {
  const limits = { unknownInviteTokens: { points: 50, windowSeconds: 60 } };
  const [one, two] = [store(limits), store(limits, await scratch.connect("hr_api"))];
  const claims = [{ name: "unknownInviteTokens" as const, key: "race" }];
  expect(await outcomes([...times(100, () => one(claims)), ...times(100, () => two(claims))])).toBe(50);
});

test("many at once for several points each never exceed the limit", async () => {
  const limits = { invitesByActor: { points: 50, windowSeconds: 60 } };
  const take = store(limits);
  const claims = [
    { name: "invitesByActor" as const, key: "bulk" },
    { name: "invitesByOrganization" as const, key: "bulk" },
  ];
  expect(await outcomes(times(40, () => take(claims, 5)))).toBe(10);
});

test("says how each limit stands, and refuses when one has no room for all, taking nothing from any", async () => {
  const take = store({ invitesByActor: { points: 10, windowSeconds: 60 } });
  const claims = [
    { name: "invitesByActor" as const, key: "ada" },
    { name: "invitesByOrganization" as const, key: "acme" },
  ];
  expect(await take(claims, 7)).toEqual({
    states: [
      { name: "invitesByActor", points: 10, windowSeconds: 60, remaining: 3, resetSeconds: 60 },
      {
        name: "invitesByOrganization",
        points: 300,
        windowSeconds: 86_400,
        remaining: 293,
        resetSeconds: 86_400,
      },
    ],
    refused: null,
  });
  expect((await take(claims, 4)).refused).toMatchObject({ name: "invitesByActor", remaining: 3 });
  expect(
    (
      await take(
        [
          { name: "invitesByActor", key: "eve" },
          { name: "invitesByOrganization", key: "acme" },
        ],
        11,
      )
    ).refused,
  ).toMatchObject({ name: "invitesByActor", remaining: 10 });
  expect(await take(claims, 3)).toMatchObject({
    states: [{ remaining: 0 }, { remaining: 290 }],
    refused: null,
  });
});

test("a key that is over its limit is refused from memory, without a statement", async () => {
  const watched = await scratch.connect("hr_api");
  const take = store({ unknownInviteTokens: { points: 2, windowSeconds: 60 } }, watched);
  const claims = [{ name: "unknownInviteTokens" as const, key: "memory" }];
  await Promise.all(times(3, () => take(claims)));
  let statements = 0;
  const { query } = watched.pool;
  watched.pool.query = ((...all: unknown[]) => {
    statements += 1;
    return (query as (...all: unknown[]) => unknown).apply(watched.pool, all);
  }) as typeof query;
  expect(await outcomes(times(20, () => take(claims)))).toBe(0);
  expect(statements).toBe(0);
  expect(await rowsOf("memory")).toMatchObject([{ points: 3 }]);
});

test("a window ends by real time, whatever the clock of development says", async () => {
  await scratch.admin.query("update headroom.dev_clock set clock_offset = '1 day'");
  const take = store({ unknownInviteTokens: { points: 1, windowSeconds: 1 } });
  const claims = [{ name: "unknownInviteTokens" as const, key: "window" }];
  expect(await outcomes([take(claims)])).toBe(1);
  expect(await outcomes([take(claims)])).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect(await outcomes([take(claims)])).toBe(1);
});

test("the worker removes what has ended, and only that", async () => {
  await scratch.admin.query("delete from headroom.rate_limit");
  const insert = (key: string, secondsAgo: number) =>
    scratch.admin.query(
      "insert into headroom.rate_limit values ($1, 1, (extract(epoch from clock_timestamp()) - $2::int) * 1000)",
      [key, secondsAgo],
    );
  await Promise.all([insert("ended", 120), insert("just ended", 5), insert("open", -60)]);
  expect(await removeEndedRateLimits(await scratch.connect("hr_worker"))).toBe(1);
  const { rows } = await scratch.admin.query("select key from headroom.rate_limit order by key");
  expect(rows).toEqual([{ key: "just ended" }, { key: "open" }]);
});

test("the table is unlogged, and without the database nobody gets through", async () => {
  const { rows } = await scratch.admin.query(
    "select relpersistence from pg_class where relname = 'rate_limit'",
  );
  expect(rows).toEqual([{ relpersistence: "u" }]);
  const gone = await scratch.connect("hr_api");
  const take = store({}, gone);
  await gone.close();
  await expect(take([{ name: "unknownInviteTokens", key: "gone" }])).rejects.toThrow();
});
