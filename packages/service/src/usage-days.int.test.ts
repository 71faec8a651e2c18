import { readZone } from "@headroom/db/testing/calendar";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openUsageBench, pro, type UsageBench } from "./testing/usage-bench.ts";

let bench: UsageBench;
beforeAll(async () => {
  bench = await openUsageBench();
});
afterAll(() => bench.end());

const second = 1000;
const hour = 3600 * second;

describe("the length of a day", () => {
  test.each([
    ["23 hours", "America/New_York", "2028-03-12", "2028-03-12T05:00:00.000Z", "2028-03-13T04:00:00.000Z"],
    ["25 hours", "America/New_York", "2028-11-05", "2028-11-05T04:00:00.000Z", "2028-11-06T05:00:00.000Z"],
    ["23 hours", "Europe/Berlin", "2028-03-26", "2028-03-25T23:00:00.000Z", "2028-03-26T22:00:00.000Z"],
    ["25 hours", "Europe/Berlin", "2028-10-29", "2028-10-28T22:00:00.000Z", "2028-10-29T23:00:00.000Z"],
    [
      "24 and a half",
      "Australia/Lord_Howe",
      "2028-04-02",
      "2028-04-01T13:00:00.000Z",
      "2028-04-02T13:30:00.000Z",
    ],
    [
      "23 and a half",
      "Australia/Lord_Howe",
      "2028-10-01",
      "2028-09-30T13:30:00.000Z",
      "2028-10-01T13:00:00.000Z",
    ],
    [
      "no midnight",
      "America/Sao_Paulo",
      "2018-11-04",
      "2018-11-04T03:00:00.000Z",
      "2018-11-05T02:00:00.000Z",
    ],
    ["no midnight", "Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00.000Z", "2024-04-26T21:00:00.000Z"],
    ["no midnight", "Asia/Beirut", "2025-03-30", "2025-03-29T22:00:00.000Z", "2025-03-30T21:00:00.000Z"],
    ["no midnight", "America/Santiago", "2024-09-08", "2024-09-08T04:00:00.000Z", "2024-09-09T03:00:00.000Z"],
    ["23 o'clock twice", "Asia/Beirut", "2024-10-26", "2024-10-25T21:00:00.000Z", "2024-10-26T22:00:00.000Z"],
    [
      "midnight twice",
      "America/Havana",
      "2024-11-03",
      "2024-11-03T04:00:00.000Z",
      "2024-11-04T05:00:00.000Z",
    ],
    [
      "midnight twice",
      "Atlantic/Azores",
      "2024-10-27",
      "2024-10-27T00:00:00.000Z",
      "2024-10-28T01:00:00.000Z",
    ],
    [
      "before a date that never was",
      "Pacific/Apia",
      "2011-12-29",
      "2011-12-29T10:00:00.000Z",
      "2011-12-30T10:00:00.000Z",
    ],
  ])("%s in %s, %s", async (_, timeZone, date, start, end) => {
    const one = await bench.metered({ timeZone });
    await bench.setClock(Date.parse(start) - 30 * second);
    expect((await one.take(100)).allowed).toBe(true);
    expect((await one.status()).dayEnd).toBe(start);
    await bench.setClock(start);
    expect(await one.take(60)).toMatchObject({ allowed: true, windows: { day: { resetsAt: end } } });
    await bench.setClock((Date.parse(start) + Date.parse(end)) / 2);
    expect(await one.take(41)).toMatchObject({ allowed: false, reason: "daily_limit", remaining: 40 });
    await bench.setClock(Date.parse(end) - 30 * second);
    expect(await one.take(40)).toMatchObject({
      allowed: true,
      windows: { day: { used: 100, resetsAt: end } },
    });
    const refused = await one.take(1);
    expect(refused).toMatchObject({ allowed: false, windows: { day: { resetsAt: end } } });
    expect(refused.retryAfterSeconds).toBeGreaterThan(20);
    expect(refused.retryAfterSeconds).toBeLessThanOrEqual(30);
    await one.verify();
    await bench.setClock(end);
    expect(await one.take(7)).toMatchObject({ allowed: true, windows: { day: { used: 7 } } });
    const dates = (await one.events()).map((event) => event.date);
    expect(dates.slice(1, 3)).toEqual([date, date]);
    expect(dates[0] && dates[0] < date && dates[3] && dates[3] > date).toBe(true);
    await one.verify();
  });

  test.each([
    ["America/Havana", "2024-11-03T04:30:00Z"],
    ["America/Havana", "2024-11-03T05:30:00Z"],
    ["Atlantic/Azores", "2024-10-27T00:30:00Z"],
  ])("in an hour that comes twice a limit holds from the first event on: %s at %s", async (timeZone, at) => {
    const [fresh, idle] = [await bench.metered({ timeZone }), await bench.metered({ timeZone })];
    await bench.setClock(Date.parse(at) - 40 * hour);
    await idle.take(100);
    await bench.setClock(at);
    for (const one of [fresh, idle]) {
      expect(await one.take(100)).toMatchObject({ allowed: true, windows: { day: { used: 100 } } });
      expect(await one.take(1)).toMatchObject({ allowed: false, reason: "daily_limit" });
      await one.verify();
    }
    await bench.setClock(Date.parse(at) + 2 * hour);
    expect((await fresh.take(1)).allowed).toBe(false);
  });

  test("a clock that goes back over midnight opens nothing", async () => {
    const one = await bench.metered();
    await bench.setClock("2028-05-10T00:00:30Z");
    expect((await one.take(100)).allowed).toBe(true);
    await bench.setClock("2028-05-09T23:59:00Z");
    expect(await one.take(1)).toMatchObject({ allowed: false, reason: "daily_limit" });
    expect((await one.take(1, "jobs")).allowed).toBe(true);
    await one.verify();
  });
});

test("history has every date once, zeros filled, over changes of the clocks and a date that never was", async () => {
  const apia = await bench.metered({ timeZone: "Pacific/Apia" });
  const york = await bench.metered({ timeZone: "America/New_York" });
  for (const [at, quantity] of [
    ["2011-12-28T20:00:00Z", 3],
    ["2011-12-30T09:59:00Z", 4],
    ["2011-12-30T10:00:01Z", 5],
  ] as const) {
    await bench.setClock(at);
    await apia.take(quantity);
  }
  expect(await apia.history(5)).toEqual([
    "2011-12-27 0",
    "2011-12-28 3",
    "2011-12-29 4",
    "2011-12-30 0",
    "2011-12-31 5",
  ]);
  for (const [at, quantity] of [
    ["2028-03-12T04:59:00Z", 1],
    ["2028-03-12T05:00:01Z", 2],
    ["2028-03-13T03:59:00Z", 3],
    ["2028-03-13T04:00:01Z", 4],
    ["2028-03-15T12:00:00Z", 5],
  ] as const) {
    await bench.setClock(at);
    await york.take(quantity);
  }
  expect(await york.history(6)).toEqual([
    "2028-03-10 0",
    "2028-03-11 1",
    "2028-03-12 5",
    "2028-03-13 4",
    "2028-03-14 0",
    "2028-03-15 5",
  ]);
});

describe("late events", () => {
  test("the first millisecond of a day is in it, the last one before is not", async () => {
    const one = await bench.metered({ timeZone: "America/New_York" });
    await bench.setClock("2028-11-05T12:00:00Z");
    await one.take(1);
    await one.late(10, "2028-11-05T04:00:00.000Z");
    await one.late(20, "2028-11-05T03:59:59.999Z");
    await one.late(30, "2028-11-04T04:00:00.000Z");
    await one.late(40, "2028-11-04T03:59:59.999Z");
    expect((await one.status()).dayUsed).toBe(11);
    expect(await one.history(3)).toEqual(["2028-11-03 40", "2028-11-04 50", "2028-11-05 11"]);
    await one.verify();
  });

  test("35 days and 5 minutes are the edges", async () => {
    const one = await bench.metered();
    await bench.setClock("2028-08-20T12:00:00Z");
    await one.late(1, "2028-07-16T12:00:20Z");
    await expect(one.late(1, "2028-07-16T11:59:40Z")).rejects.toMatchObject({ code: "validation_failed" });
    await one.late(1, "2028-08-20T12:04:50Z");
    await expect(one.late(1, "2028-08-20T12:05:30Z")).rejects.toMatchObject({ code: "validation_failed" });
    expect((await one.events()).map(({ date }) => date)).toEqual(["2028-07-16", "2028-08-20"]);
  });

  test("one from before a change of zone gets the date of the zone of now, never one that is under way", async () => {
    const one = await bench.metered({ timeZone: "Pacific/Honolulu" });
    await bench.setClock("2028-05-10T20:00:00Z");
    await one.take(5);
    await one.move("Asia/Tokyo");
    await bench.setClock("2028-05-13T03:00:00Z");
    await one.take(6);
    await one.late(7, "2028-05-11T14:59:59Z");
    await one.late(8, "2028-05-11T15:00:00Z");
    expect((await one.events()).map(({ date, quantity }) => `${date} ${quantity}`)).toEqual([
      "2028-05-10 5",
      "2028-05-13 6",
      "2028-05-11 7",
      "2028-05-12 8",
    ]);
    expect(await one.history(4)).toEqual(["2028-05-10 5", "2028-05-11 7", "2028-05-12 8", "2028-05-13 6"]);
    await one.verify();
  });
});

describe("a change of zone", () => {
  test.each([
    ["to the east", "UTC", "Asia/Tokyo", "2028-05-11T15:00:00.000Z", "2028-05-12"],
    ["to the west", "Asia/Tokyo", "America/Los_Angeles", "2028-05-11T07:00:00.000Z", "2028-05-11"],
    ["by no hour at all", "Europe/Berlin", "Europe/Paris", "2028-05-10T22:00:00.000Z", "2028-05-11"],
    [
      "over the date line, to the west",
      "Pacific/Kiritimati",
      "Pacific/Pago_Pago",
      "2028-05-11T11:00:00.000Z",
      "2028-05-11",
    ],
    [
      "by exactly a day, to the west",
      "Pacific/Kiritimati",
      "Pacific/Honolulu",
      "2028-05-11T10:00:00.000Z",
      "2028-05-11",
    ],
    [
      "over the date line, to the east",
      "Pacific/Pago_Pago",
      "Pacific/Kiritimati",
      "2028-05-12T10:00:00.000Z",
      "2028-05-13",
    ],
  ])("%s: the day goes on to the next midnight there", async (_, from, to, end, next) => {
    const one = await bench.metered({ timeZone: from });
    const clock = readZone(from, Date.parse("2028-01-01"), Date.parse("2029-01-01"));
    const until = clock.startOf(Date.parse("2028-05-11") / (24 * hour));
    await bench.setClock(until - 60 * second);
    await one.take(99);
    await one.move(to);
    expect(await one.status()).toMatchObject({ dayUsed: 99, dayEnd: new Date(until).toISOString() });
    expect((await one.take(2)).allowed).toBe(false);
    if (Date.parse(end) > until) {
      await bench.setClock(Date.parse(end) - 60 * second);
      expect(await one.take(2)).toMatchObject({
        allowed: false,
        windows: { day: { used: 99, resetsAt: end } },
      });
      expect((await one.take(1)).allowed).toBe(true);
    }
    await one.verify();
    await bench.setClock(end);
    expect(await one.take(5)).toMatchObject({ windows: { day: { used: 5 } } });
    const dates = (await one.events()).map(({ date }) => date);
    expect([...new Set(dates)]).toEqual(["2028-05-10", next]);
    await one.verify();
  });

  test("there and back within a day that was prolonged: the next one begins at a midnight all the same", async () => {
    const one = await bench.metered();
    await bench.setClock("2028-05-10T12:00:00Z");
    await one.take(100);
    await one.move("Asia/Tokyo");
    await bench.setClock("2028-05-11T02:00:00Z");
    expect((await one.take(1)).allowed).toBe(false);
    await one.move("UTC");
    await bench.setClock("2028-05-11T16:00:00Z");
    expect(await one.take(1)).toMatchObject({
      allowed: false,
      windows: { day: { used: 100, resetsAt: "2028-05-12T00:00:00.000Z" } },
    });
    await bench.setClock("2028-05-12T00:00:00Z");
    expect((await one.take(100)).allowed).toBe(true);
    expect(await one.history(3)).toEqual(["2028-05-10 100", "2028-05-11 0", "2028-05-12 100"]);
    await one.verify();
  });

  test("several in one day: the last one counts", async () => {
    const one = await bench.metered();
    await bench.setClock("2028-05-10T12:00:00Z");
    await one.take(30);
    for (const zone of ["Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"]) {
      await one.move(zone);
      expect(await one.take(1)).toMatchObject({ windows: { day: { resetsAt: "2028-05-11T00:00:00.000Z" } } });
    }
    await bench.setClock("2028-05-11T21:59:00Z");
    expect(await one.take(1)).toMatchObject({
      windows: { day: { used: 35, resetsAt: "2028-05-11T22:00:00.000Z" } },
    });
    await one.verify();
  });

  test("an idle meter's day ends as it would have, and history shows the latest date of all", async () => {
    const one = await bench.metered();
    await bench.setClock("2028-05-08T12:00:00Z");
    await one.take(1);
    await bench.setClock("2028-05-10T12:00:00Z");
    await one.move("Asia/Tokyo");
    expect(await one.status()).toMatchObject({ date: "2028-05-10", dayEnd: "2028-05-11T00:00:00.000Z" });
    await bench.setClock("2028-05-10T16:00:00Z");
    await one.take(2);
    await one.take(3, "jobs");
    expect(await one.history(2, "jobs")).toEqual(["2028-05-10 0", "2028-05-11 3"]);
    expect(await one.history(2)).toEqual(["2028-05-10 2", "2028-05-11 0"]);
    await one.verify();
  });

  test("under a subscription the day moves, the period does not", async () => {
    const one = await bench.metered();
    await bench.setClock("2028-05-10T14:37:00Z");
    await one.subscribe(pro("2028-05-10T14:37:00Z", "2028-06-10T14:37:00Z"), "2028-05-10T14:37:00Z");
    await one.take(60, "jobs");
    await one.move("America/Los_Angeles");
    await bench.setClock("2028-06-10T14:36:00Z");
    expect(await one.take(1, "jobs")).toMatchObject({
      windows: {
        period: { used: 61, resetsAt: "2028-06-10T14:37:00.000Z" },
        day: { resetsAt: "2028-06-11T07:00:00.000Z" },
      },
    });
    await bench.setClock("2028-06-10T14:37:00Z");
    expect(await one.take(1, "jobs")).toMatchObject({ windows: { period: { used: 1 }, day: { used: 2 } } });
    await one.verify();
  });

  test("any number of them, at any time: days do not overlap, dates only grow, no day takes more than its limit", async () => {
    const zones = [
      "UTC",
      "Asia/Tokyo",
      "Pacific/Kiritimati",
      "Pacific/Pago_Pago",
      "Pacific/Honolulu",
      "America/Havana",
      "Australia/Lord_Howe",
    ];
    const step = fc.record({
      zone: fc.option(fc.constantFrom(...zones)),
      hours: fc.constantFrom(0.5, 3, 7, 11, 23, 26),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...zones),
        fc.array(step, { minLength: 6, maxLength: 14 }),
        async (timeZone, steps) => {
          const one = await bench.metered({ timeZone });
          let at = Date.parse("2024-11-01T20:00:00Z");
          let day = { date: "", end: "", used: 0 };
          for (const { zone, hours } of steps) {
            at += hours * hour;
            await bench.setClock(at);
            const answer = await one.take(60);
            const { date, dayEnd, dayUsed } = await one.status();
            expect(Date.parse(dayEnd)).toBeGreaterThan(at);
            if (date !== day.date) {
              expect(date > day.date && (day.end === "" || Date.parse(day.end) <= at + second)).toBe(true);
              day = { date, end: dayEnd, used: 0 };
            }
            expect(answer.allowed).toBe(day.used === 0);
            day = { date, end: dayEnd, used: day.used + answer.acceptedQuantity };
            expect(dayUsed).toBe(day.used);
            if (zone !== null) await one.move(zone);
          }
          await one.verify();
        },
      ),
      { numRuns: 10 },
    );
  });
});
