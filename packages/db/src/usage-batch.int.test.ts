import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "./client.ts";
import { recountUsage } from "./tallies.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createFactory, type Factory } from "./testing/factories.ts";
import { usageRequest as request } from "./testing/usage-requests.ts";
import { consumeUnheld, consumeUsage } from "./usage.ts";
import type { UsageOutcome, UsageRequest } from "./usage-requests.ts";

let scratch: TestDatabase;
let api: Database;
let worker: Database;
let make: Factory;

const now = "2028-03-15T12:00:00Z";

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  worker = await scratch.connect("hr_worker");
  make = createFactory(scratch.admin);
  await make.plan("free", {
    pages: { dailyLimit: 30, included: null, overage: null },
    jobs: { dailyLimit: null, included: 20, overage: null },
  });
});
afterAll(() => scratch?.drop());
beforeEach(() => make.setClock(now));

async function account() {
  const organizationId = await make.organization();
  return { organizationId, credential: await make.key(organizationId) };
}
type Account = Awaited<ReturnType<typeof account>>;

/** Accounts that get a run's events, and the places of the events by id: what may differ from another such side. */
interface Side {
  accounts: Account[];
  places: Map<string, number>;
}

const side = async (): Promise<Side> => ({
  accounts: await Promise.all([account(), account(), account()]),
  places: new Map(),
});

/** The requests that a batch becomes on one side; `from` is the place of its first event. */
function requestsOf({ accounts, places }: Side, batch: readonly Event[], from: number): UsageRequest[] {
  return batch.map(({ account, key, mode, ...rest }, index) => {
    const { credential } = accounts[account] as Account;
    const late = rest.occurredAt !== null;
    const sent = request(credential, { ...rest, key: `key ${key}`, mode: late ? "record" : mode });
    places.set(sent.id, from + index);
    return sent;
  });
}

function comparable(outcomes: readonly UsageOutcome[], { places }: Side) {
  return outcomes.map((one) => {
    const eventId = "eventId" in one ? places.get(one.eventId) : null;
    return "gate" in one ? { ...one, eventId, at: null, occurredAt: null } : { ...one, eventId };
  });
}

async function oneByOne(requests: readonly UsageRequest[]): Promise<UsageOutcome[]> {
  const outcomes: UsageOutcome[] = [];
  for (const request of requests) {
    outcomes.push(...(await consumeUsage(api, [request])));
  }
  return outcomes;
}

const event = fc.record({
  account: fc.nat(2),
  meter: fc.constantFrom("pages", "jobs"),
  key: fc.nat(30),
  quantity: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.constantFrom(15, 25, 40)),
  mode: fc.oneof(
    { weight: 4, arbitrary: fc.constant("reject" as const) },
    fc.constantFrom("cap" as const, "record" as const),
  ),
  occurredAt: fc.oneof(
    { weight: 8, arbitrary: fc.constant(null) },
    fc.constantFrom(
      "2028-03-15T00:00:00Z",
      "2028-03-14T23:59:59Z",
      "2028-02-20T00:00:00Z",
      "2028-03-15T12:04:00Z",
    ),
  ),
});

type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

describe("a batch", () => {
  test("comes to the same as its events one by one, whatever fits, repeats, or is late", async () => {
    const batches = fc.array(fc.array(event, { minLength: 2, maxLength: 12 }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(batches, async (run) => {
        const [together, apart] = [await side(), await side()];
        for (const [index, batch] of run.entries()) {
          const batched = await consumeUsage(api, requestsOf(together, batch, index * 100));
          const single = await oneByOne(requestsOf(apart, batch, index * 100));
          expect(comparable(batched, together)).toEqual(comparable(single, apart));
        }
        for (const { organizationId } of [...together.accounts, ...apart.accounts]) {
          for (const gate of await recountUsage(worker, organizationId)) {
            expect(gate).toMatchObject({ dayUsed: gate.dayCounted, periodUsed: gate.periodCounted });
          }
        }
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  test("answers each of two hundred organizations its own", async () => {
    const accounts = await Promise.all(Array.from({ length: 200 }, account));
    const requests = accounts.flatMap(({ credential }, index) => [
      request(credential, { quantity: (index % 20) + 1 }),
      request(credential, { meter: "jobs", quantity: (index % 10) + 1 }),
    ]);
    const [first, second] = accounts as [Account, Account];
    const strangers = [
      request(Buffer.alloc(32)),
      request(first.credential, { organizationId: second.organizationId }),
    ];
    const shuffled = [...requests, ...strangers].sort((a, b) => (a.id.slice(-6) < b.id.slice(-6) ? -1 : 1));
    const outcomes = await consumeUsage(api, shuffled);
    for (const [index, asked] of shuffled.entries()) {
      const outcome = outcomes[index] as UsageOutcome;
      if (strangers.includes(asked)) {
        expect(outcome.outcome).toBe(
          asked.organizationId === null ? "unauthenticated" : "organization_not_found",
        );
      } else {
        expect(outcome).toMatchObject({ outcome: "accepted", eventId: asked.id, accepted: asked.quantity });
        expect("gate" in outcome && outcome.gate.periodUsed).toBe(asked.quantity);
      }
    }
  });

  test("answers a key that it has twice once, and another payload as a mismatch", async () => {
    const { organizationId, credential } = await account();
    const first = request(credential, { key: "same", quantity: 3 });
    const outcomes = await consumeUsage(api, [
      first,
      request(credential, { key: "same", quantity: 3 }),
      request(credential, { key: "same", quantity: 4 }),
      request(credential, { quantity: 2 }),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["accepted", "duplicate", "mismatch", "accepted"]);
    expect(outcomes[1]).toMatchObject({ eventId: first.id, accepted: 3, gate: { dayUsed: 3 } });
    expect(outcomes[3]).toMatchObject({ gate: { dayUsed: 5 } });
    const [pages] = (await recountUsage(worker, organizationId)).filter(({ meter }) => meter === "pages");
    expect(pages).toMatchObject({ dayUsed: 5, dayCounted: 5 });
  });

  test("looks its keys up by the index, however small the day is beside it", async () => {
    const { credential } = await account();
    const some = (count: number) =>
      Array.from({ length: count }, () => request(credential, { mode: "record", bornOn: today }));
    const today = new Date().toISOString().slice(0, 10);
    const day = `headroom.usage_event_${today.replaceAll("-", "")}`;
    const scans = async () => {
      const { rows } = await scratch.admin.query<{ whole: number; byIndex: number }>(
        `select seq_scan::int as whole, idx_scan::int as "byIndex" from pg_stat_user_tables where relid = $1::regclass`,
        [day],
      );
      return rows[0] as { whole: number; byIndex: number };
    };
    await consumeUsage(api, some(1_000));
    await consumeUsage(api, some(1_000));
    await scratch.admin.query(`analyze ${day}`);
    const settled = async () => {
      await api.pool.query("select pg_stat_force_next_flush()");
      return scans();
    };
    const before = await settled();
    await consumeUnheld(api, some(512));
    await expect.poll(async () => (await settled()).byIndex - before.byIndex).toBeGreaterThanOrEqual(512);
    expect((await scans()).whole).toBe(before.whole);
  });

  test("passes over gates that somebody holds, and over those that are not there", async () => {
    const [held, free, fresh] = await Promise.all([account(), account(), account()]);
    await consumeUsage(api, [request(held.credential), request(free.credential)]);
    const holding = await scratch.admin.connect();
    try {
      await holding.query("begin");
      await holding.query("select from headroom.usage_gate where organization_id = $1 for no key update", [
        held.organizationId,
      ]);
      const outcomes = await consumeUnheld(api, [
        request(held.credential),
        request(free.credential),
        request(fresh.credential),
      ]);
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(["later", "accepted", "later"]);
      expect(outcomes[0]).toMatchObject({ organizationId: held.organizationId });
      expect(await consumeUnheld(api, [request(held.credential)])).toMatchObject([{ outcome: "later" }]);
      await expect(consumeUsage(api, [request(held.credential)])).rejects.toMatchObject({
        code: "55P03",
      });
    } finally {
      await holding.query("rollback");
      holding.release();
    }
    expect(await consumeUnheld(api, [request(held.credential)])).toMatchObject([{ outcome: "accepted" }]);
  });

  test("finds keys of earlier days, alone and among others, and none before a key was born", async () => {
    const { credential } = await account();
    const first = request(credential, { key: "an order", quantity: 3 });
    await consumeUsage(api, [first]);
    await scratch.admin.query("update headroom.usage_event set received_on = received_on - 1 where id = $1", [
      first.id,
    ]);
    const { rows } = await scratch.admin.query(
      "select received_on::text as day, (received_on + 1)::text as next from headroom.usage_event where id = $1",
      [first.id],
    );
    const again = (bornOn: string | null, quantity = 3) =>
      request(credential, { key: "an order", quantity, bornOn });
    const replay = { outcome: "duplicate", eventId: first.id, accepted: 3 };
    for (const bornOn of [null, rows[0].day]) {
      expect(await consumeUsage(api, [again(bornOn)])).toMatchObject([replay]);
      expect(await consumeUsage(api, [again(bornOn, 4)])).toMatchObject([{ outcome: "mismatch" }]);
      expect(await consumeUsage(api, [request(credential), again(bornOn), again(bornOn, 4)])).toMatchObject([
        { outcome: "accepted" },
        replay,
        { outcome: "mismatch" },
      ]);
    }
    const later = again(rows[0].next);
    expect(await consumeUsage(api, [request(credential), later])).toMatchObject([
      { outcome: "accepted" },
      { outcome: "accepted", eventId: later.id },
    ]);
  });
});

test("a meter called null is another one than the default", async () => {
  const key = await make.key(await make.organization());
  const outcomesOf = async (...meters: (string | null)[]) => {
    const requests = meters.map((meter) => request(key, { meter }));
    return (await consumeUsage(api, requests)).map(({ outcome }) => outcome);
  };
  expect(await outcomesOf(null, "null")).toEqual(["accepted", "unknown_meter"]);
  expect(await outcomesOf("null", null)).toEqual(["unknown_meter", "accepted"]);
});

test("what releases before this one call answers a row for each event, with the same numbers", async () => {
  const { credential, organizationId } = await account();
  await consumeUsage(api, [request(credential, { quantity: 5 })]);
  const keys = ["one", "two", "one", "three"];
  const { rows } = await api.pool.query(
    `select u.position, u.outcome, u.accepted, u.day_used, u.daily_limit, u.day_end = g.day_end as same_day,
        u.period_used, u.period_end = g.period_end as same_period, u.hard_cap, u.occurred_at > clock_now() - interval '1 minute' as now
      from usage_consume(array[$1, $2]::bytea[], null, null, $3::text[], null, array(select gen_random_uuid() from generate_series(1, 4)),
        array[2, 3, 2, 1]::bigint[], array['reject', 'reject', 'reject', 'reject'], null, null,
        array_fill('\\x00'::bytea, array[4]), null, false, false, array[1, 1, 1, 2]) u
      left join lateral (select * from usage_status($4::uuid) s where s.meter = 'pages') g on true
      order by u.position`,
    [credential, Buffer.alloc(32), keys, organizationId],
  );
  const numbers = { daily_limit: 30, same_day: true, same_period: true, hard_cap: null, now: true };
  expect(rows.slice(0, 3)).toEqual([
    { position: 1, outcome: "accepted", accepted: 2, day_used: 7, period_used: 7, ...numbers },
    { position: 2, outcome: "accepted", accepted: 3, day_used: 10, period_used: 10, ...numbers },
    { position: 3, outcome: "duplicate", accepted: 2, day_used: 7, period_used: 7, ...numbers },
  ]);
  expect(rows[3]).toMatchObject({ position: 4, outcome: "unauthenticated", accepted: null });
});
