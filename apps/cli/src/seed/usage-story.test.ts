import { describe, expect, test } from "vitest";
import { storyDays, usageOf } from "./usage-story.ts";

const now = new Date("2026-11-22T15:00:00Z");
const dayMs = 86_400_000;
const cast = [
  ["acme", 5, storyDays],
  ["globex", 6, storyDays],
  ["initech", 5, 10],
] as const;

const dayTotals = (name: "acme" | "globex" | "initech", people: number, at: Date, meter: string) => {
  const totals = new Map<string, number>();
  for (const moment of usageOf(name, people, at)) {
    if (moment.meter !== meter) continue;
    const day = moment.at.toISOString().slice(0, 10);
    totals.set(day, (totals.get(day) ?? 0) + moment.quantity);
  }
  return totals;
};

describe.each(cast)("%s", (name, people, days) => {
  test("is the same each time", () => {
    expect(usageOf(name, people, now)).toEqual(usageOf(name, people, new Date(now)));
  });

  test("has the same numbers on another day of the same weekday", () => {
    const numbers = (at: Date) => [...dayTotals(name, people, at, "pages").values()];
    expect(numbers(new Date(now.getTime() + 7 * dayMs))).toEqual(numbers(now));
  });

  test("uses pages on each of its days, until now and not later, and each moment has a key of its own", () => {
    const moments = usageOf(name, people, now);
    expect(dayTotals(name, people, now, "pages").size).toBe(days);
    expect(moments.every(({ at }) => at <= now)).toBe(true);
    expect(moments.map(({ at }) => at.getTime())).toEqual(moments.map(({ at }) => at.getTime()).sort());
    expect(new Set(moments.map(({ meter, key }) => `${meter} ${key}`)).size).toBe(moments.length);
    expect(moments.every(({ quantity }) => Number.isInteger(quantity) && quantity > 0)).toBe(true);
    expect(moments.length / days).toBeLessThan(24);
  });
});

test("Acme has quiet weekends, grows slowly, and has one day far above the others", () => {
  const totals = [...dayTotals("acme", 5, now, "pages")];
  const isWeekend = (day: string) => [0, 6].includes(new Date(day).getUTCDay());
  const spike = totals.reduce((most, one) => (one[1] > most[1] ? one : most));
  const weekdays = totals.filter(([day]) => !isWeekend(day) && day !== spike[0]).map(([, total]) => total);
  const weekends = totals.filter(([day]) => isWeekend(day)).map(([, total]) => total);
  expect(Math.max(...weekends)).toBeLessThan(Math.min(...weekdays));
  expect(spike[1]).toBeGreaterThan(1.3 * Math.max(...weekdays));
  const mean = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  expect(mean(weekdays.slice(-20))).toBeGreaterThan(1.3 * mean(weekdays.slice(0, 20)));
});

const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);

test.each([0, 1, 2, 3, 4, 5, 6])(
  "%i days later too Acme stays below its daily limit, over its included jobs and under its cap, and Globex within both",
  (ahead) => {
    const at = new Date(now.getTime() + ahead * dayMs);
    expect(Math.max(...dayTotals("acme", 5, at, "pages").values())).toBeLessThan(10_000);
    const acme = [...dayTotals("acme", 5, at, "jobs").values()];
    const globex = [...dayTotals("globex", 6, at, "jobs").values()];
    expect(sum(acme.slice(-16))).toBeGreaterThan(200);
    for (let from = 0; from + 31 <= storyDays; from += 1) {
      expect(sum(acme.slice(from, from + 31))).toBeLessThan(2_100);
      expect(sum(globex.slice(from, from + 31))).toBeLessThan(100);
    }
  },
);

test("just after midnight the day's usage fits into the minutes that it has", () => {
  const early = new Date("2026-11-23T00:01:00Z");
  const today = usageOf("acme", 5, early).filter(({ at }) => at >= new Date("2026-11-23T00:00:00Z"));
  expect(today.length).toBeGreaterThan(0);
  expect(today.every(({ at }) => at <= early)).toBe(true);
});
