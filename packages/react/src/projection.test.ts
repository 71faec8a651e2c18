import { describe, expect, test } from "vitest";
import { type DayUsage, datesBetween, daysUntil, localDate, project, runningTotal } from "./projection.ts";

const days = (...used: number[]): DayUsage[] =>
  used.map((used, index) => ({ date: `2026-11-${String(index + 1).padStart(2, "0")}`, used }));

describe("project", () => {
  test("goes by the last seven full days and today so far", () => {
    const input = {
      days: days(900, 900, 10, 10, 10, 10, 10, 10, 10, 5),
      todayShare: 0.5,
      used: 100,
      left: 4,
    };
    expect(project(input)).toEqual({ pace: 10, days: 7.5, total: 140 });
  });

  test("does not count the days before the first usage", () => {
    expect(project({ days: days(0, 0, 0, 30, 15), todayShare: 0.5, used: 45, left: 1 })).toEqual({
      pace: 30,
      days: 1.5,
      total: 75,
    });
  });

  test("does not guess from less than a day, nor from nothing", () => {
    expect(project({ days: days(0, 0, 30), todayShare: 0.9, used: 30, left: 9 })).toBeNull();
    expect(project({ days: days(0, 0), todayShare: 1, used: 0, left: 9 })).toBeNull();
  });

  test("that stopped for a week stays where it is", () => {
    const input = { days: days(50, 0, 0, 0, 0, 0, 0, 0, 0), todayShare: 1, used: 50, left: 9 };
    expect(project(input)).toMatchObject({ pace: 0, total: 50 });
  });
});

test("a limit is reached when the pace comes to it, or not before the end", () => {
  expect(daysUntil(150, { used: 100, pace: 10, left: 9 })).toBe(5);
  expect(daysUntil(150, { used: 100, pace: 10, left: 4 })).toBeNull();
  expect(daysUntil(150, { used: 100, pace: 0, left: 4 })).toBeNull();
  expect(daysUntil(150, { used: 151, pace: 0, left: 4 })).toBe(0);
});

test("the running total ends at what the server counts, and its first day has the rest", () => {
  const total = runningTotal(days(99, 5, 5, 5), { from: "2026-11-02", used: 40 });
  expect(total.map(({ used }) => used)).toEqual([30, 35, 40]);
  expect(runningTotal(days(9, 9), { from: "2026-11-01", used: 4 }).map(({ used }) => used)).toEqual([0, 4]);
});

test("dates are the organization's", () => {
  expect(localDate("2026-11-22T23:30:00Z", "Europe/Berlin")).toBe("2026-11-23");
  expect(localDate("2026-11-22T03:30:00Z", "America/New_York")).toBe("2026-11-21");
  expect(datesBetween("2026-02-27", "2026-03-01")).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
});
