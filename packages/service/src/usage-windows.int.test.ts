import { addMonths, monthOf, readZone, type ZoneClock } from "@headroom/db/testing/calendar";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory } from "@headroom/db/testing/factories";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

// Years that are over: what the coming ones bring, the platform's table of zones and the database's may know differently.
const [first, last] = [Date.UTC(2009, 0, 1), Date.UTC(2026, 0, 1)];
const hour = 3_600_000;
const day = 24 * hour;

let scratch: TestDatabase;
let zones: string[];
const clocks = new Map<string, ZoneClock>();

beforeAll(async () => {
  scratch = await createTestDatabase();
  const { rows } = await scratch.admin.query<{ name: string }>(
    "select name from unnest($1::text[]) as name where exists (select from pg_timezone_names z where z.name = name)",
    [Intl.supportedValuesOf("timeZone")],
  );
  zones = rows.map(({ name }) => name);
  for (const zone of zones) {
    clocks.set(zone, readZone(zone, first, last));
  }
});
afterAll(() => scratch.drop());

interface Sample {
  zone: string;
  at: number;
}

const clockOf = (zone: string) => clocks.get(zone) as ZoneClock;

/** What SQL says of each sample: date, start, end; dates as days since 1970. */
async function daysInSql(samples: readonly Sample[]) {
  const { rows } = await scratch.admin.query<{ date: number; start: number; end: number }>(
    `select d.day_date - date '1970-01-01' as date, extract(epoch from d.day_start)::float8 * 1000 as start,
       extract(epoch from d.day_end)::float8 * 1000 as end
     from unnest($1::text[], $2::float8[]) with ordinality as s (zone, at, position)
     cross join lateral headroom.day_of(s.zone, to_timestamp(s.at / 1000)) d order by s.position`,
    [samples.map(({ zone }) => zone), samples.map(({ at }) => at)],
  );
  return rows;
}

async function compareDays(samples: readonly Sample[]): Promise<void> {
  const answers = await daysInSql(samples);
  const wrong = samples.flatMap(({ zone, at }, index) => {
    const expected = clockOf(zone).dayOf(at);
    const answer = answers[index];
    const same =
      answer?.date === expected.date && answer.start === expected.start && answer.end === expected.end;
    return same ? [] : [{ zone, at: new Date(at).toISOString(), answer, expected }];
  });
  expect(wrong).toEqual([]);
}

test("nearly every zone of the platform is one of the database's", () => {
  expect(zones.length).toBeGreaterThan(400);
});

test("a day is what the clocks of its zone say, around every second in which they are set", async () => {
  const around = [-3 * hour, -hour - 1, -1, 0, 1, hour / 2, hour, 3 * hour];
  const samples = zones.flatMap((zone) =>
    clockOf(zone).changes.flatMap((at, index) =>
      // The rules repeat themselves: a few years of each zone are enough.
      index % 7 === 0 || index < 4 ? around.map((by) => ({ zone, at: at + by })) : [],
    ),
  );
  expect(samples.length).toBeGreaterThan(5_000);
  await compareDays(samples);
});

test("a day is what the clocks of its zone say, at any instant", async () => {
  const sample = fc.record({
    zone: fc.nat().map((n) => zones[n % zones.length] ?? "UTC"),
    at: fc.integer({ min: first + 30 * day, max: last - 30 * day }),
  });
  await fc.assert(fc.asyncProperty(fc.array(sample, { minLength: 500, maxLength: 500 }), compareDays), {
    numRuns: 10,
  });
});

test("days follow each other without a gap, in every zone, over two years", async () => {
  const { rows } = await scratch.admin.query(
    `with days as (
       select zone, d.* from unnest($1::text[]) as zone
         cross join generate_series(timestamptz '2023-12-15 12:00Z', timestamptz '2025-12-15 12:00Z', '1 day') as at
         cross join lateral headroom.day_of(zone, at) d)
     select * from (
       select *, lead(day_start) over w as next_start, lead(day_date) over w as next_date
         from (select distinct * from days) one window w as (partition by zone order by day_start)) pair
       where next_start <> day_end or next_date <> day_date + 1`,
    [
      [
        "America/Havana",
        "Atlantic/Azores",
        "America/Santiago",
        "Africa/Cairo",
        "Asia/Beirut",
        "America/Asuncion",
        "Australia/Lord_Howe",
        "America/Nuuk",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Gaza",
      ],
    ],
  );
  expect(rows).toEqual([]);
});

test("a calendar month begins with its first day, in every zone", async () => {
  const make = createFactory(scratch.admin);
  await make.plan("free", { pages: { dailyLimit: null, included: null, overage: null } });
  const organizations = await Promise.all(zones.map((timeZone) => make.organization({ timeZone })));
  const instants = [
    "2020-11-01T04:30:00Z",
    "2020-11-01T05:30:00Z",
    "2017-10-01T03:59:59Z",
    "2024-02-29T23:30:00Z",
    "2025-03-01T00:30:00Z",
    "2024-12-31T10:00:00Z",
  ].map((text) => Date.parse(text));
  const { rows } = await scratch.admin.query<{ zone: string; at: number; start: number; end: number }>(
    `select o.time_zone as zone, at, extract(epoch from p.period_start)::float8 * 1000 as start,
       extract(epoch from p.period_end)::float8 * 1000 as end
     from headroom.organization o cross join unnest($2::float8[]) as at
     cross join lateral headroom.period_of(o.id, to_timestamp(at / 1000)) p where o.id = any ($1)`,
    [organizations, instants],
  );
  const wrong = rows.filter(({ zone, at, start, end }) => {
    const clock = clockOf(zone);
    const month = monthOf(clock.dayOf(at).date);
    return start !== clock.startOf(month.first) || end !== clock.startOf(month.next);
  });
  expect(rows).toHaveLength(zones.length * instants.length);
  expect(wrong).toEqual([]);
});

test("month n of an anchor is the anchor plus n months, never chained", async () => {
  const ends = [29, 30, 31].map((date) => Date.UTC(2024, 0, date, 14, 37));
  const anchor = fc.oneof(
    fc.constantFrom(...ends, Date.UTC(2024, 1, 29, 23, 59, 59)),
    fc.integer({ min: Date.UTC(2015, 0, 1) / 1000, max: Date.UTC(2030, 0, 1) / 1000 }).map((s) => s * 1000),
  );
  const near = fc.tuple(anchor, fc.integer({ min: -60, max: 120 }), fc.constantFrom(-1, 0, 1, 12 * day));
  await fc.assert(
    fc.asyncProperty(fc.array(near, { minLength: 300, maxLength: 300 }), async (samples) => {
      const instants = samples.map(([from, months, by]) => addMonths(from, months) + by);
      const { rows } = await scratch.admin.query<{ start: number; end: number }>(
        `select extract(epoch from m.period_start)::float8 * 1000 as start,
           extract(epoch from m.period_end)::float8 * 1000 as end
         from unnest($1::float8[], $2::float8[]) with ordinality as s (anchor, at, position)
         cross join lateral headroom.month_of(to_timestamp(s.anchor / 1000), to_timestamp(s.at / 1000)) m
         order by s.position`,
        [samples.map(([from]) => from), instants],
      );
      expect(rows).toEqual(samples.map(([from], index) => anchoredMonth(from, instants[index] ?? 0)));
    }),
    { numRuns: 6, endOnFailure: true },
  );
});

function anchoredMonth(anchor: number, at: number): { start: number; end: number } {
  for (let n = Math.floor((at - anchor) / ((at < anchor ? 31 : 28) * day)) + 2; ; n--) {
    if (addMonths(anchor, n) <= at) {
      return { start: addMonths(anchor, n), end: addMonths(anchor, n + 1) };
    }
  }
}
