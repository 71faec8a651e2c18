import { expect, test } from "vitest";
import { after } from "./duration.ts";

const from = Date.parse("2031-01-31T10:00:00.123Z");
const plus = (by: unknown) => {
  const to = after(from, by);
  return to === null ? null : new Date(to).toISOString();
};

test.each([
  [1500, "2031-01-31T10:00:01.623Z"],
  [0, "2031-01-31T10:00:00.123Z"],
  ["250ms", "2031-01-31T10:00:00.373Z"],
  ["90 s", "2031-01-31T10:01:30.123Z"],
  ["5m", "2031-01-31T10:05:00.123Z"],
  ["2h", "2031-01-31T12:00:00.123Z"],
  ["2 hours", "2031-01-31T12:00:00.123Z"],
  ["1d", "2031-02-01T10:00:00.123Z"],
  ["1 week", "2031-02-07T10:00:00.123Z"],
  ["1 month", "2031-02-28T10:00:00.123Z"],
  ["13 months", "2032-02-29T10:00:00.123Z"],
  ["1 year", "2032-01-31T10:00:00.123Z"],
  ["P1M", "2031-02-28T10:00:00.123Z"],
  ["P1DT2H", "2031-02-01T12:00:00.123Z"],
  ["PT90M", "2031-01-31T11:30:00.123Z"],
  ["P2W", "2031-02-14T10:00:00.123Z"],
])("by %s", (by, expected) => {
  expect(plus(by)).toBe(expected);
});

test.each(["", "soon", "P", "PT", "1 fortnight", "-1d", -5, Number.NaN, null, {}, "1.5h", "1M"])(
  "%s is not understood",
  (by) => {
    expect(plus(by)).toBeNull();
  },
);
