import fc from "fast-check";
import { expect, test } from "vitest";
import { addMonths, boundary, boundaryAfter } from "./calendar.ts";

const at = (text: string) => Date.parse(text) / 1000;
const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
const monthly = { interval: "month", count: 1 };

test("the 31st falls on the last day of shorter months and comes back", () => {
  const anchor = at("2031-01-31T09:30:00Z");
  expect([1, 2, 3, 4, 12, 13].map((n) => day(boundary(anchor, monthly, n)))).toEqual([
    "2031-02-28",
    "2031-03-31",
    "2031-04-30",
    "2031-05-31",
    "2032-01-31",
    "2032-02-29",
  ]);
});

test("a 29 February renews yearly on the 28th until the next leap year", () => {
  const anchor = at("2032-02-29T00:00:00Z");
  const yearly = { interval: "year", count: 1 };
  expect([1, 2, 3, 4].map((n) => day(boundary(anchor, yearly, n)))).toEqual([
    "2033-02-28",
    "2034-02-28",
    "2035-02-28",
    "2036-02-29",
  ]);
});

test("weeks and days are fixed lengths", () => {
  expect(boundary(0, { interval: "week", count: 2 }, 3)).toBe(6 * 604_800);
  expect(boundary(0, { interval: "day", count: 10 }, 1)).toBe(864_000);
});

test("an anchor still ahead is the first boundary", () => {
  expect(boundaryAfter(1000, monthly, 500)).toBe(1000);
});

const instants = fc.integer({ min: at("2020-01-01T00:00:00Z"), max: at("2060-01-01T00:00:00Z") });
const recurrences = fc.record({
  interval: fc.constantFrom("day", "week", "month", "year"),
  count: fc.integer({ min: 1, max: 6 }),
});

test("law: the boundary after an instant is the first one after it", () => {
  fc.assert(
    fc.property(instants, instants, recurrences, (anchor, instant, every) => {
      const next = boundaryAfter(anchor, every, instant);
      expect(next).toBeGreaterThan(instant);
      if (instant < anchor) return;
      let n = 0;
      while (boundary(anchor, every, n) < next) n += 1;
      expect(boundary(anchor, every, n)).toBe(next);
      expect(boundary(anchor, every, n - 1)).toBeLessThanOrEqual(instant);
    }),
    { numRuns: 200 },
  );
});

test("law: adding months keeps the time of day and the day, or the month's last day", () => {
  fc.assert(
    fc.property(instants, fc.integer({ min: 0, max: 240 }), (instant, months) => {
      const from = new Date(instant * 1000);
      const to = new Date(addMonths(instant, months) * 1000);
      expect(to.toISOString().slice(10)).toBe(from.toISOString().slice(10, 19) + to.toISOString().slice(19));
      const total = from.getUTCFullYear() * 12 + from.getUTCMonth() + months;
      expect(to.getUTCFullYear() * 12 + to.getUTCMonth()).toBe(total);
      const last = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate();
      expect(to.getUTCDate()).toBe(Math.min(from.getUTCDate(), last));
    }),
  );
});
