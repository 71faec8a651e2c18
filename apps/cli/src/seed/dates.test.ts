import { expect, test } from "vitest";
import { addMonths, dayAt } from "./dates.ts";

test("months keep the day, or end on the month's last", () => {
  const months = (from: string, count: number) => addMonths(new Date(from), count).toISOString();
  expect(months("2026-11-06T09:12:00Z", -3)).toBe("2026-08-06T09:12:00.000Z");
  expect(months("2026-05-31T09:12:00Z", -3)).toBe("2026-02-28T09:12:00.000Z");
  expect(months("2026-12-31T09:12:00Z", 2)).toBe("2027-02-28T09:12:00.000Z");
  expect(months("2026-01-31T23:59:00Z", 1)).toBe("2026-02-28T23:59:00.000Z");
});

test("a day is counted in UTC", () => {
  expect(dayAt(new Date("2026-11-22T00:30:00Z"), 2, 14, 40).toISOString()).toBe("2026-11-20T14:40:00.000Z");
});
