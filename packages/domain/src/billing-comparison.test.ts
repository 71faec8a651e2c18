import { expect, test } from "vitest";
import { type ComparedLine, type ComparedPeriod, compareOverage } from "./billing-comparison.ts";

const day = 86_400_000;
const period = (more: Partial<ComparedPeriod> = {}): ComparedPeriod => ({
  meter: "jobs",
  periodStart: 0,
  periodEnd: 30 * day,
  quantity: 30,
  amount: 75,
  sent: false,
  ...more,
});
const line = (amount: number, more: Partial<ComparedLine> = {}): ComparedLine => ({
  meter: "jobs",
  quantity: amount,
  amount,
  periodStart: 0,
  periodEnd: 30 * day,
  ...more,
});
const known = new Set(["jobs"]);
const resultOf = (one: ComparedPeriod, lines: ComparedLine[], meters = known) =>
  compareOverage([one], lines, meters).map(({ result }) => result);

test.each<[string, ComparedPeriod, ComparedLine[], string[]]>([
  ["the same amount", period(), [line(75)], ["same"]],
  ["the same amount in several lines, one of them credit", period(), [line(100), line(-25)], ["same"]],
  ["another amount", period(), [line(74)], ["differs"]],
  ["nothing of theirs", period(), [], ["differs"]],
  ["theirs alone", period({ quantity: 0, amount: 0 }), [line(75)], ["differs"]],
  ["nothing of anybody's", period({ quantity: 0, amount: 0 }), [], []],
  ["their lines cancel out, and ours is nothing", period({ amount: 0 }), [line(5), line(-5)], []],
  ["sent by us alone", period({ sent: true }), [], ["same"]],
  ["sent by us, and theirs beside", period({ sent: true }), [line(75)], ["billed_twice"]],
  ["sent by us, and theirs was given back", period({ sent: true }), [line(75), line(-75)], ["same"]],
  ["a line of another meter", period(), [line(75, { meter: "pages" })], ["differs"]],
])("%s", (_, own, lines, result) => {
  expect(resultOf(own, lines)).toEqual(result);
});

test("without a price that others bill by, nobody knows; what we sent is ours", () => {
  expect(resultOf(period(), [line(75)], new Set())).toEqual(["unknown"]);
  expect(resultOf(period({ sent: true }), [], new Set())).toEqual(["same"]);
  expect(resultOf(period({ amount: 0 }), [], new Set())).toEqual([]);
});

test("a line belongs to the period in which its middle lies, to one at most", () => {
  const first = period();
  const second = period({ periodStart: 30 * day, periodEnd: 61 * day });
  // Rounded to days, a day late at each end.
  const late = line(75, { periodStart: day, periodEnd: 31 * day });
  expect(compareOverage([first, second], [late], known).map(({ stripe }) => stripe?.amount)).toEqual([75, 0]);
  // Its middle is the very boundary: the later one's.
  const between = line(75, { periodStart: 20 * day, periodEnd: 40 * day });
  expect(compareOverage([first, second], [between], known).map(({ stripe }) => stripe?.amount)).toEqual([
    0, 75,
  ]);
  const outside = line(75, { periodStart: 90 * day, periodEnd: 100 * day });
  expect(compareOverage([first, second], [outside], known).map(({ stripe }) => stripe?.amount)).toEqual([
    0, 0,
  ]);
});

test("amounts decide, not quantities; both are told", () => {
  const [found] = compareOverage([period()], [line(75, { quantity: 130 })], known);
  expect(found).toMatchObject({
    headroom: { quantity: 30, amount: 75 },
    stripe: { quantity: 130, amount: 75 },
    result: "same",
  });
});
