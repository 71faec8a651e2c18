import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "@headroom/db/client";
import { createDatabase } from "@headroom/db/client";
import type { NewEvent } from "@headroom/db/inbox";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInboxLane } from "./inbox-lane.ts";

let scratch: TestDatabase;
let webhook: Database;
beforeAll(async () => {
  scratch = await createTestDatabase();
  webhook = await scratch.connect("hr_webhook");
});
afterAll(() => scratch?.drop());

function event(payload = '{"n":1}', more: Partial<NewEvent> = {}): NewEvent {
  return {
    eventId: `evt_${uuidv7()}`,
    style: "snapshot",
    twinId: null,
    account: "",
    livemode: false,
    type: "customer.updated",
    apiVersion: null,
    objectId: "cus_1",
    customerId: "cus_1",
    createdAt: new Date(1_780_000_000_000),
    payload: Buffer.from(payload),
    secretIndex: 0,
    status: "pending",
    ...more,
  };
}

async function stored(events: readonly NewEvent[]): Promise<number[]> {
  const { rows } = await scratch.admin.query<{ id: string; times: number }>(
    "select event_id as id, count(*)::int as times from headroom.stripe_inbox where event_id = any($1) group by 1",
    [events.map(({ eventId }) => eventId)],
  );
  return events.map(({ eventId }) => rows.find(({ id }) => id === eventId)?.times ?? 0);
}

const codesOf = async (answers: Promise<boolean>[]) =>
  (await Promise.allSettled(answers)).map((one) =>
    one.status === "fulfilled" ? one.value : one.reason.code,
  );

/** Statements that meet the inbox stand still until `release`. */
async function holdInbox() {
  const holder = await scratch.admin.connect();
  await holder.query("begin");
  await holder.query("lock table headroom.stripe_inbox in access exclusive mode");
  return async () => {
    await holder.query("rollback");
    holder.release();
  };
}

test("all fields of every event in a batch are kept", async () => {
  const { keep } = createInboxLane(webhook);
  const events = [
    event('{"quoted":"\\"a\\\\b\\" {,} ü 🜨"}', { account: "acct_1", apiVersion: "v", secretIndex: null }),
    event(`{"long":"${"x".repeat(100_000)}"}`, { objectId: null, customerId: null, status: "ignored" }),
    event('{"big":12345678901234567890123}', { livemode: true, status: "quarantined" }),
  ];
  expect(await Promise.all(events.map(keep))).toEqual([true, true, true]);
  const { rows } = await scratch.admin.query(
    `select event_id as "eventId", account, livemode, type, api_version as "apiVersion", object_id as "objectId",
        customer_id as "customerId", created_at as "createdAt", payload = p.text::jsonb as same,
        secret_index as "secretIndex", style, twin_id as "twinId", status
      from unnest($1::text[], $2::text[]) with ordinality as p (id, text, place)
      join headroom.stripe_inbox on event_id = p.id order by place`,
    [events.map(({ eventId }) => eventId), events.map(({ payload }) => payload?.toString())],
  );
  expect(rows).toEqual(events.map(({ payload: _, ...fields }) => ({ ...fields, same: true })));
});

test("one id many times in a batch, and in batches of two lanes at once, is new once", async () => {
  const lanes = [createInboxLane(webhook, { batch: 40 }), createInboxLane(webhook, { batch: 40 })] as const;
  const events = Array.from({ length: 100 }, () => event());
  const twice = events.flatMap((one) => [one, one]);
  const answers = await Promise.all([...twice.map(lanes[0].keep), ...twice.toReversed().map(lanes[1].keep)]);
  expect(answers.filter(Boolean)).toHaveLength(100);
  expect(new Set(await stored(events))).toEqual(new Set([1]));
});

test.each([
  ["a NUL in a text", event('{"text":"\\u0000"}')],
  ["half a character", event('{"text":"\\ud800"}')],
  ["arrays in arrays without end", event("[".repeat(200_000) + "]".repeat(200_000))],
  ["a NUL in its type", event("{}", { type: "a\u0000b" })],
])("an event with %s fails alone", async (_, bad) => {
  const { keep } = createInboxLane(webhook);
  const good = [event(), event()] as const;
  const answers = await Promise.allSettled([good[0], bad, good[1]].map(keep));
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(await stored([...good, bad])).toEqual([1, 1, 0]);
});

test("a full queue refuses at once, by number and by bytes, and what it took is kept", async () => {
  const release = await holdInbox();
  const few = createInboxLane(webhook, { batch: 2, queue: 5 });
  const light = createInboxLane(webhook, { queueBytes: 2_500 });
  const events = Array.from({ length: 8 }, () => event(JSON.stringify("x".repeat(998))));
  const answers = [...events.slice(0, 6).map(few.keep), ...events.slice(4).map(light.keep)];
  expect(await codesOf([answers[5], ...answers.slice(8)] as Promise<boolean>[])).toEqual([
    "unavailable",
    "unavailable",
    "unavailable",
  ]);
  await release();
  expect((await codesOf(answers)).filter((answer) => answer === "unavailable")).toHaveLength(3);
  expect(await stored(events)).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
  expect(await Promise.all(events.slice(6).map(light.keep))).toEqual([true, true]);
});

test("while the database is silent everybody is told so in time, and what was not sent is never kept", async () => {
  const { keep } = createInboxLane(webhook, { batch: 2, patienceMs: 300 });
  const release = await holdInbox();
  const startedAt = performance.now();
  // Two batches at once.
  const sent = [event(), event(), event(), event()].map(keep);
  await sleep(50);
  const queued = [event(), event(), event()];
  expect(new Set(await codesOf([...sent, ...queued.map(keep)]))).toEqual(new Set(["unavailable"]));
  expect(performance.now() - startedAt).toBeLessThan(1_500);
  await release();
  const last = event();
  expect(await keep(last)).toBe(true);
  expect(await stored([...queued, last])).toEqual([0, 0, 0, 1]);
});

test("without a database everybody is told so, and the lane comes back with it", async () => {
  const database = createDatabase({
    connectionString: scratch.url,
    role: "hr_webhook",
    applicationName: "lane",
    max: 1,
  });
  const { keep } = createInboxLane(database);
  const name = new URL(scratch.url).pathname.slice(1);
  await scratch.admin.query(`alter database ${name} connection limit 0`);
  const events = [event(), event()];
  try {
    const answers = await Promise.allSettled(events.map(keep));
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  } finally {
    await scratch.admin.query(`alter database ${name} connection limit -1`);
  }
  expect(await Promise.all(events.map(keep))).toEqual([true, true]);
  await database.close();
});
