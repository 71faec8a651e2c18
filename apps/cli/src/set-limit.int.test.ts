import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { encodeId } from "@headroom/domain/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headroomOn } from "./testing/headroom.ts";

let database: TestDatabase;
let make: Factory;
beforeAll(async () => {
  database = await createTestDatabase();
  make = createFactory(database.admin);
  expect((await headroom("plans", "push")).code).toBe(0);
});
afterAll(() => database?.drop());

const headroom = headroomOn(() => database.url);

const rows = async (sql: string, ...values: unknown[]) => (await database.admin.query(sql, values)).rows;

const overridesOf = (raw: string) =>
  rows(
    `select kind, name, value, reason, set_by from headroom.operator_override
     where organization_id = $1 order by kind, name`,
    raw,
  );

const setLimit = (raw: string, ...options: string[]) =>
  headroom("organizations", "set-limit", encodeId("org", raw), ...options);

test("first says what it would do, then does all of it at once, shows it, and takes it back", async () => {
  const raw = await make.organization();
  const places = ["--meter", "pages", "--daily-limit", "5000", "--included", "none", "--seats", "7"];
  const all = [
    ...places,
    "--feature",
    "organizations=true",
    "--reason",
    "launch",
    "--expires-at",
    "2999-01-01",
  ];
  const tried = await setLimit(raw, ...all, "--dry-run", "--json");
  expect(JSON.parse(tried.out)).toMatchObject({
    dryRun: true,
    organizationId: encodeId("org", raw),
    changes: [
      { kind: "daily_limit", name: "pages", previous: null, override: { value: 5_000, setBy: "kim" } },
      { kind: "included", name: "pages", override: { value: null } },
      { kind: "seats", name: null, override: { value: 7, expiresAt: "2999-01-01T00:00:00.000Z" } },
      { kind: "feature", name: "organizations", override: { value: true, reason: "launch" } },
    ],
  });
  expect(await overridesOf(raw)).toEqual([]);
  expect((await setLimit(raw, ...all, "--dry-run")).out).toContain(
    "pages daily_limit: the plan's → 5000 until 2999-01-01T00:00:00.000Z, not changed\n",
  );

  expect(await setLimit(raw, ...all)).toMatchObject({ code: 0, err: "" });
  const common = { reason: "launch", set_by: "kim" };
  expect(await overridesOf(raw)).toEqual([
    { kind: "daily_limit", name: "pages", value: 5_000, ...common },
    { kind: "feature", name: "organizations", value: true, ...common },
    { kind: "included", name: "pages", value: null, ...common },
    { kind: "seats", name: "", value: 7, ...common },
  ]);
  const shown = await headroom("organizations", "show", encodeId("org", raw));
  expect(shown.out).toMatch(
    /override +pages daily_limit: 5000 until 2999-01-01T00:00:00.000Z \(kim: launch\)/,
  );
  expect(shown.out).toMatch(/seats +0 of 7/);
  const json = await headroom("organizations", "show", encodeId("org", raw), "--json");
  expect(JSON.parse(json.out)).toMatchObject({
    overrides: [{ kind: "daily_limit" }, { kind: "feature" }, { kind: "included" }, { kind: "seats" }],
  });

  const back = ["--meter", "pages", "--daily-limit", "plan", "--included", "plan", "--seats", "plan"];
  expect(await setLimit(raw, ...back, "--feature", "organizations=plan")).toMatchObject({
    code: 0,
    out: expect.stringContaining("pages included: no limit until 2999-01-01T00:00:00.000Z → the plan's\n"),
  });
  expect(await overridesOf(raw)).toEqual([]);
  expect((await setLimit(raw, ...back)).out).toBe("the plan's values hold already\n");
  expect(
    await rows(
      `select action, actor_kind, actor_id, count(*)::int from headroom.audit_entry
       where organization_id = $1 group by 1, 2, 3 order by 1`,
      raw,
    ),
  ).toEqual([
    { action: "override.removed", actor_kind: "operator", actor_id: "kim", count: 4 },
    { action: "override.set", actor_kind: "operator", actor_id: "kim", count: 4 },
  ]);
});

test.each([
  ["true", true],
  ["5", 5],
  ['"5"', "5"],
  ["basic", "basic"],
  ["null", "null"],
  ["{}", "{}"],
  ["", ""],
  ["a=b", "a=b"],
])("a feature's value %j is %j", async (text, value) => {
  const raw = await make.organization();
  const set = await setLimit(raw, "--feature", `organizations=${text}`, "--reason", "x");
  expect(set).toMatchObject({ code: 0 });
  expect(await overridesOf(raw)).toMatchObject([{ kind: "feature", value }]);
});

test.each([
  ["nothing to set", ["--reason", "x"], 2, /nothing to set/],
  ["a limit without its meter", ["--daily-limit", "5", "--reason", "x"], 2, /--meter/],
  ["a meter without a limit", ["--meter", "pages", "--seats", "5", "--reason", "x"], 2, /--meter/],
  ["no reason", ["--seats", "5"], 2, /--reason/],
  ["a blank reason", ["--seats", "5", "--reason", " "], 2, /--reason/],
  ["a long reason", ["--seats", "5", "--reason", "a".repeat(501)], 1, /reason is not 1 to 500/],
  ["a negative limit", ["--seats=-5", "--reason", "x"], 2, /whole number/],
  ["a limit beyond 2^53", ["--seats", "9007199254740992", "--reason", "x"], 2, /whole number/],
  ["no whole number", ["--seats", "1e3", "--reason", "x"], 2, /whole number/],
  ["a feature without a value", ["--feature", "organizations", "--reason", "x"], 2, /name=value/],
  ["a time that is none", ["--seats", "5", "--reason", "x", "--expires-at", "soon"], 2, /ISO 8601/],
  ["a time that is past", ["--seats", "5", "--reason", "x", "--expires-at", "2020-01-01"], 1, /past/],
  ["a misspelt meter", ["--meter", "page", "--included", "5", "--reason", "x"], 1, /no such meter/],
  ["a misspelt feature", ["--feature", "ssso=true", "--reason", "x"], 1, /known are: organizations/],
])("%s is an error, and changes nothing", async (_what, options, code, message) => {
  const raw = await make.organization();
  const answer = await setLimit(raw, ...options);
  expect(answer).toMatchObject({ code, out: "", err: expect.stringMatching(message) });
  expect(await overridesOf(raw)).toEqual([]);
});

test("an organization that there is not is an error", async () => {
  const answer = await headroom(
    "organizations",
    "set-limit",
    "no-such-slug",
    "--seats",
    "5",
    "--reason",
    "x",
  );
  expect(answer).toMatchObject({ code: 1, err: expect.stringContaining("no organization no-such-slug") });
});
