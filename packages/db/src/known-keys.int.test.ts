import { randomUUID } from "node:crypto";
import { uuidv7 } from "@headroom/platform/uuid";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "./client.ts";
import { learnKeys, readUnsealedDays, rollUpDay } from "./tallies.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { makePastPartition } from "./testing/usage-days.ts";

let scratch: TestDatabase;
let worker: Database;
beforeAll(async () => {
  scratch = await createTestDatabase();
  worker = await scratch.connect("hr_worker");
  for (const ago of daysAgo) dayOf.set(ago, await makePastPartition(scratch.admin, ago));
});
afterAll(() => scratch?.drop());

const daysAgo = [1, 2, 3, 17, 40, 41];
const dayOf = new Map<number, string>();
const day = (ago: number) => dayOf.get(ago) as string;
const tenants = Array.from({ length: 3 }, () => uuidv7());

interface Key {
  organization: string;
  key: string;
  /** The first day it can have been received on. */
  born: string | null;
}

const rows = async <Row extends object>(text: string, ...values: unknown[]) =>
  (await scratch.admin.query<Row>(text, values)).rows;

async function store(ago: number, keys: readonly Key[]): Promise<void> {
  // Nothing is received on a day that has ended: it is as if the day had just been.
  await rows(
    "update headroom.usage_partition set sealed_at = null, events = null, opaque_keys = null where received_on = $1",
    day(ago),
  );
  await rows(
    `insert into headroom.usage_event (organization_id, meter, key, received_on, id, quantity, mode, occurred_at,
        received_at, local_date, period_start, fingerprint, day_used, day_end, period_used, period_end)
      select o, 'pages', k, $3, gen_random_uuid(), 1, 'record', $3::date, $3::date, $3, $3::date, '', 1, $3::date, 1, $3::date
      from unnest($1::uuid[], $2::text[]) as e (o, k)`,
    keys.map(({ organization }) => organization),
    keys.map(({ key }) => key),
    day(ago),
  );
}

async function seal(): Promise<void> {
  for (const one of await readUnsealedDays(worker)) await rollUpDay(worker, one);
}

const listsOf = (keys: readonly Key[]) => [
  keys.map(({ organization }) => organization),
  keys.map(() => "pages"),
  keys.map(({ key }) => key),
  keys.map(({ born }) => born),
];

/** The place of each key that was received before, and the day. */
async function ask(keys: readonly Key[], text = asFiltered): Promise<string[]> {
  const found = await rows<{ place: number; day: string }>(text, ...listsOf(keys));
  return found.map((one) => `${one.place} on ${one.day}`).sort();
}
const today = "(clock_timestamp() at time zone 'UTC')::date";
const asFiltered = `select place, (event).received_on::text as day
  from headroom.earlier_events($1::uuid[], $2::text[], $3::text[], $4::date[], ${today})`;
const oneByOne = `select k.place, u.received_on::text as day
  from unnest($1::uuid[], $2::text[], $3::text[], $4::date[]) with ordinality as k (organization, meter, key, born, place)
  join headroom.usage_event u on u.organization_id = k.organization and u.meter = k.meter and u.key = k.key
  where u.received_on between coalesce(k.born, ${today} - 41) and ${today} - 1`;

/** Begins to learn, and dies before the end. */
async function learnAndDie(): Promise<void> {
  const client = await worker.pool.connect();
  await client.query("begin");
  await client.query("select learn_keys(1000000)");
  client.release(true);
}

const opaque = (): Key => ({
  organization: tenants[Math.floor(Math.random() * 3)] as string,
  key: `order-${randomUUID()}`,
  born: null,
});
const dated = (ago: number): Key => ({ ...opaque(), key: uuidv7(), born: day(ago) });

const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant("store" as const),
      ago: fc.constantFrom(...daysAgo),
      count: fc.constantFrom(1, 30, 300),
    }),
    fc.record({ do: fc.constant("seal" as const) }),
    fc.record({ do: fc.constant("learn" as const), most: fc.constantFrom(1, 200, 100_000) }),
    fc.record({ do: fc.constant("die" as const) }),
  ),
  { minLength: 6, maxLength: 14 },
);

test("whatever days the filter knows, every key is found that looking into each day finds", async () => {
  const stored: Key[] = [];
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      for (const step of list) {
        if (step.do === "seal") await seal();
        else if (step.do === "learn") await learnKeys(worker, step.most);
        else if (step.do === "die") await learnAndDie();
        else {
          const keys = Array.from({ length: step.count }, (_, n) =>
            n % 5 === 4 ? dated(step.ago) : opaque(),
          );
          await store(step.ago, keys);
          stored.push(...keys);
        }
      }
      const old = Array.from({ length: 40 }, () => stored[Math.floor(Math.random() * stored.length)]);
      for (const known of [old.filter((key) => key !== undefined), stored.slice(-3)]) {
        const keys = [
          ...known,
          opaque(),
          dated(3),
          ...known.map((key) => ({ ...key, organization: uuidv7() })),
        ];
        const found = await ask(keys);
        expect(found.length).toBeGreaterThanOrEqual(known.length);
        expect(found).toEqual(await ask(keys, oneByOne));
      }
    }),
    { numRuns: 12 },
  );
});

const blocks = async () =>
  (
    await rows<{ blocks: number; count: number }>(
      "select blocks, count(*)::integer as count from headroom.key_filter group by blocks",
    )
  )[0];
const forget = () => rows("update headroom.usage_partition set opaque_keys = null");
const learnAll = async () => {
  await seal();
  while ((await learnKeys(worker, 100_000)) > 0);
};

test("the filter grows with the busiest day and shrinks after it, and forgets no key", async () => {
  const busy = Array.from({ length: 1_300 }, opaque);
  await store(2, busy);
  await learnAll();
  const large = (await blocks())?.blocks as number;
  expect(large).toBeGreaterThanOrEqual(32);
  expect(await blocks()).toEqual({ blocks: large, count: large });
  // Every day but one has become quiet.
  await rows("update headroom.usage_partition set opaque_keys = 1 where opaque_keys > 1");
  const late = [opaque(), opaque()];
  await store(17, late);
  await seal();
  await rows("update headroom.usage_partition set opaque_keys = 1 where received_on <> $1", day(17));
  await rows(
    "delete from headroom.usage_event where received_on = $1 and not key = any ($2)",
    day(17),
    late.map(({ key }) => key),
  );
  await learnAll();
  expect(await blocks()).toEqual({ blocks: large / 2, count: large / 2 });
  const keys = [...busy.slice(0, 100), ...late];
  expect(await ask(keys)).toEqual(await ask(keys, oneByOne));
  expect(await ask(keys)).toHaveLength(102);
  // Whoever is between the two sizes finds some blocks gone.
  await rows("delete from headroom.key_filter where block % 2 = 0");
  expect(await ask(keys)).toHaveLength(102);
  await rows("delete from headroom.key_filter");
  expect(await ask(keys)).toHaveLength(102);
  await forget();
});

test("a key that the filter has not seen is looked for nowhere", async () => {
  const [unseen] = [opaque()];
  await forget();
  await learnAll();
  const known = await ask([unseen]);
  expect(known).toEqual([]);
  // Past every rule, to see where is looked: a row on a day whose keys the filter has learned.
  await rows(
    `insert into headroom.usage_event select (e).* from (select jsonb_populate_record(u, jsonb_build_object(
        'key', $1::text, 'organization_id', $2::uuid)) as e from headroom.usage_event u where received_on = $3 limit 1) x`,
    unseen.key,
    unseen.organization,
    day(2),
  );
  expect([await ask([unseen]), await ask([unseen], oneByOne)]).toEqual([[], [`1 on ${day(2)}`]]);
  await rows("update headroom.usage_partition set opaque_keys = null where received_on = $1", day(2));
  expect(await ask([unseen])).toEqual([`1 on ${day(2)}`]);
});

test("what the day of 64 days ago left in the filter is cleared before it means another day", async () => {
  await forget();
  await rows("update headroom.key_filter set days = -1, seen = array_fill((-1)::bigint, array[1000])");
  const fresh = Array.from({ length: 100 }, opaque);
  await learnAll();
  const [found] = await rows<{ count: number }>(
    `select coalesce(cardinality(places), 0) as count from headroom.keys_in_filter($1::uuid[], $2::text[], $3::text[],
      (select bit_or(headroom.bit_of_day(d)) from unnest($4::date[]) d))`,
    ...listsOf(fresh).slice(0, 3),
    // Yesterday is learned some minutes after midnight.
    daysAgo.filter((ago) => ago > 1).map(day),
  );
  expect(found?.count).toBeLessThan(5);
});

test("a full block knows each of its keys, and takes at most one of a hundred others for seen within 41 days", async () => {
  const [counted] = await rows<{ known: number; mistaken: number }>(`
    with keys as (
      select d, headroom.hash_of_key('00000000-0000-0000-0000-000000000000', 'pages', d || '-' || k) as hash,
          headroom.bit_of_day('2026-01-01'::date + d) as day
        from generate_series(1, 41) d, generate_series(1, 40) k),
    block as (
      select headroom.with_keys(array_fill(0::bigint, array[1000]), array_agg(hash), array_agg(day)) as seen from keys)
    select (select count(*)::integer from keys where headroom.days_of_key(seen, hash) & day <> 0) as known,
        (select count(*)::integer from generate_series(1, 20000) n where headroom.days_of_key(seen,
          headroom.hash_of_key('00000000-0000-0000-0000-000000000000', 'pages', 'other-' || n)) <> 0) as mistaken
      from block`);
  expect(counted?.known).toBe(41 * 40);
  expect(counted?.mistaken).toBeLessThan(200);
  expect(counted?.mistaken).toBeGreaterThan(0);
});
