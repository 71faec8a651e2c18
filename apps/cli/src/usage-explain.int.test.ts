import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { record } from "@headroom/service/usage";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headroomOn } from "./testing/headroom.ts";

let database: TestDatabase;
let make: Factory;
let organization: string;
let member: string;
beforeAll(async () => {
  database = await createTestDatabase();
  make = createFactory(database.admin);
  expect((await headroom("plans", "push")).code).toBe(0);
  await make.setClock("2028-06-15T12:00:00Z");
  const raw = await make.organization();
  organization = encodeId("org", raw);
  await database.admin.query("insert into headroom.organization_slug values ('acme', $1)", [raw]);
  member = await make.member(raw);
  const caller = { credential: await make.key(raw), organizationId: null };
  const db = await database.connect("hr_api");
  const memberId = member;
  await record({ db }, caller, [{ quantity: 7, memberId, occurredAt: "2028-06-14T10:00:00Z" }]);
  await record(
    { db },
    caller,
    Array.from({ length: 12 }, () => ({ quantity: 1 })),
  );
});
afterAll(() => database?.drop());

const headroom = headroomOn(() => database.url);

test("tells a counter on one screen, by id and by slug", async () => {
  const { code, out } = await headroom("usage", "explain", "acme");
  expect(code).toBe(0);
  const lines = out.split("\n");
  expect(lines.length).toBeLessThan(25);
  expect(lines.filter((line) => line.length > 160)).toEqual([]);
  expect(lines).toEqual(
    expect.arrayContaining([
      "meter        pages",
      "period       2028-06-01T00:00:00.000Z to 2028-07-01T00:00:00.000Z (UTC), running",
      "             The calendar month in UTC.",
      expect.stringMatching(/^plan {9}free v1: No subscription gives a plan/),
      "used         19; the recount agrees",
      expect.stringMatching(/^line {9}The plan sells no overage/),
      expect.stringMatching(/^max overage {2}0: Plan free version 1 sells no overage/),
      expect.stringMatching(/^2028-06-15T12\S+ {2}1 {6}record {2}- {7}2028-06-15 {2}evt_/),
      "and more: see --limit",
    ]),
  );
  expect((await headroom("usage", "explain", organization)).out.split("\n")[0]).toBe("meter        pages");
});

test("tells a day, and everything as JSON", async () => {
  const { out } = await headroom("usage", "explain", "acme", "--date", "2028-06-14");
  expect(out).toContain("used   7, 7 late; the recount agrees");
  const json = JSON.parse(
    (await headroom("usage", "explain", "acme", "--window", "day", "--limit", "3", "--json")).out,
  );
  expect(json).toMatchObject({
    window: { date: "2028-06-15" },
    counter: { used: 12 },
    recount: { agrees: true },
  });
  expect(json.events).toHaveLength(3);
});

test("says so when the recount differs", async () => {
  await database.admin.query("update headroom.usage_gate set period_used = 20");
  const { out } = await headroom("usage", "explain", "acme");
  expect(out).toContain("used         20; THE RECOUNT DIFFERS: 19 used, 0 held");
  await database.admin.query("update headroom.usage_gate set period_used = 19");
});

test.each([
  [["--window", "week"], 2],
  [["--date", "2028-02-30"], 2],
  [["--period", "soon"], 2],
  [["--overage", "in_1"], 2],
  [["--limit", "201"], 2],
  [["--meter", "none"], 1],
  [["--overage", uuidv7()], 1],
  [["--period", "2028-06-02"], 1],
] as const)("%j ends with code %i", async (options, code) => {
  const done = await headroom("usage", "explain", "acme", ...options);
  expect(done).toMatchObject({ code, out: "" });
  expect(done.err).not.toBe("");
});
