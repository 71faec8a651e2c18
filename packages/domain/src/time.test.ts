import fc from "fast-check";
import { expect, test } from "vitest";
import { addDays, datesUntil, firstOfMonth, isoDay } from "./time.ts";

const instant = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2200, 11, 31) });

test("isoDay agrees with the platform's calendar over three centuries", () => {
  fc.assert(
    fc.property(instant, (ms) => {
      expect(isoDay(ms)).toBe(new Date(ms).toISOString().slice(0, 10));
    }),
  );
});

test("addDays agrees with the platform's calendar, back and forth", () => {
  fc.assert(
    fc.property(instant, fc.integer({ min: -1000, max: 1000 }), (ms, days) => {
      const date = isoDay(ms);
      const moved = addDays(date, days);
      expect(moved).toBe(new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10));
      expect(addDays(moved, -days)).toBe(date);
    }),
  );
});

test("datesUntil ends with the last date and leaves none out", () => {
  expect(datesUntil("2028-03-01", 3)).toEqual(["2028-02-28", "2028-02-29", "2028-03-01"]);
  expect(datesUntil("2027-03-01", 2)).toEqual(["2027-02-28", "2027-03-01"]);
  expect(datesUntil("2028-03-01", 1)).toEqual(["2028-03-01"]);
});

test("firstOfMonth", () => {
  expect(firstOfMonth("2028-02-29")).toBe("2028-02-01");
});
