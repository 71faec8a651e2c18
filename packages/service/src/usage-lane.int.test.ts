import type { Database } from "@headroom/db/client";
import { createDatabase } from "@headroom/db/client";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { usageRequest as request } from "@headroom/db/testing/usage-requests";
import type { UsageOutcome } from "@headroom/db/usage-requests";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createUsageLane } from "./usage-lane.ts";

let scratch: TestDatabase;
let api: Database;
let make: Factory;

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  make = createFactory(scratch.admin);
  await make.plan("free", { pages: { dailyLimit: 50, included: null, overage: null } });
});

afterAll(() => scratch.drop());

const used = (outcome: UsageOutcome | undefined) =>
  outcome && "gate" in outcome ? outcome.gate.dayUsed : null;

test("callers of one lane get their own answers, and one gate is exact across its batches", async () => {
  const lane = createUsageLane(api, { batch: 16 });
  const [first, second] = [
    await make.key(await make.organization()),
    await make.key(await make.organization()),
  ];
  const submit = (index: number) => lane.submit(request(index % 2 ? first : second));
  const outcomes = await Promise.all(Array.from({ length: 200 }, (_, index) => submit(index)));
  for (const mine of [0, 1]) {
    const accepted = outcomes.filter((one, index) => index % 2 === mine && one.outcome === "accepted");
    expect(accepted.map(used).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  }
});

test("one gate is exact for callers of several keys, whose lanes meet at it", async () => {
  const lane = createUsageLane(api, { lanes: 4, batch: 8 });
  const organization = await make.organization();
  const keys = await Promise.all(Array.from({ length: 6 }, () => make.key(organization)));
  const outcomes = await Promise.all(
    Array.from({ length: 120 }, (_, index) => lane.submit(request(keys[index % 6] as Buffer))),
  );
  const accepted = outcomes.filter(({ outcome }) => outcome === "accepted").map((one) => Number(used(one)));
  expect(accepted.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
});

test("an event that cannot even be written down for the database fails alone", async () => {
  const lane = createUsageLane(api);
  const key = await make.key(await make.organization());
  const bad = [request(key, { memberId: "nobody" }), request(key, { quantity: 1.5 })];
  const outcomes = await Promise.allSettled(
    [request(key), ...bad, request(key)].map((one) => lane.submit(one)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
});

test("an event that the database cannot store fails alone", async () => {
  const lane = createUsageLane(api);
  const key = await make.key(await make.organization());
  const bad = request(key, { properties: { text: "\u0000" } });
  const outcomes = await Promise.allSettled([request(key), bad, request(key)].map((one) => lane.submit(one)));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("an organization whose limits cannot be read fails alone", async () => {
  const [broken, whole] = [await make.organization(), await make.organization()];
  const keys = [await make.key(broken), await make.key(whole)] as const;
  const lane = createUsageLane(api);
  await Promise.all(keys.map((key) => lane.submit(request(key))));
  await scratch.admin.query("delete from headroom.subscription where organization_id = $1", [broken]);
  await scratch.admin.query(
    "update headroom.usage_gate set caps_valid_until = '2020-01-01' where organization_id = $1",
    [broken],
  );
  const outcomes = await Promise.allSettled(keys.map((key) => lane.submit(request(key))));
  expect(outcomes).toMatchObject([
    { status: "rejected" },
    { status: "fulfilled", value: { outcome: "accepted" } },
  ]);
});

test("an event that would count a window beyond 2^53 - 1 is refused alone", async () => {
  const lane = createUsageLane(api);
  const key = await make.key(await make.organization());
  await lane.submit(request(key, { quantity: Number.MAX_SAFE_INTEGER, mode: "record" }));
  const other = await make.key(await make.organization());
  const outcomes = await Promise.all([
    lane.submit(request(key, { mode: "record" })),
    lane.submit(request(other)),
  ]);
  expect(outcomes).toMatchObject([{ outcome: "overflow" }, { outcome: "accepted" }]);
});

test("a full queue refuses at once and decides nothing; the lane works on", async () => {
  const lane = createUsageLane(api, { batch: 2, queue: 10 });
  const key = await make.key(await make.organization());
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => lane.submit(request(key))));
  const refused = outcomes.filter((one) => one.status === "rejected");
  expect(refused).toHaveLength(20);
  expect(refused.every((one) => one.reason.code === "unavailable")).toBe(true);
  expect(used(await lane.submit(request(key)))).toBe(11);
});

test("without a database every caller is told so, and the lane comes back with it", async () => {
  const database = createDatabase({
    connectionString: scratch.url,
    role: "hr_api",
    applicationName: "lane",
    max: 1,
  });
  const lane = createUsageLane(database);
  const key = await make.key(await make.organization());
  const name = new URL(scratch.url).pathname.slice(1);
  await scratch.admin.query(`alter database ${name} connection limit 0`);
  try {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lane.submit(request(key))));
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
  } finally {
    await scratch.admin.query(`alter database ${name} connection limit -1`);
  }
  expect(used(await lane.submit(request(key)))).toBe(1);
  await database.close();
});

test("a gate that somebody holds stalls only its own organization", async () => {
  const lane = createUsageLane(api);
  const heldOrganization = await make.organization();
  const held = await make.key(heldOrganization);
  const others = await Promise.all(
    Array.from({ length: 20 }, async () => make.key(await make.organization())),
  );
  for (const key of [held, ...others]) {
    await lane.submit(request(key));
  }
  const holder = await scratch.admin.connect();
  await holder.query("begin");
  await holder.query("select from headroom.usage_gate where organization_id = $1 for no key update", [
    heldOrganization,
  ]);
  let released = false;
  const waiting = Promise.all(Array.from({ length: 5 }, () => lane.submit(request(held)))).then(
    (outcomes) => {
      expect(released).toBe(true);
      return outcomes;
    },
  );
  for (let round = 0; round < 5; round += 1) {
    const outcomes = await Promise.all(others.map((key) => lane.submit(request(key))));
    expect(outcomes.every(({ outcome }) => outcome === "accepted")).toBe(true);
  }
  released = true;
  await holder.query("rollback");
  holder.release();
  expect((await waiting).map(used).sort()).toEqual([2, 3, 4, 5, 6]);
});
