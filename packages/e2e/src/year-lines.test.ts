import { expect, test } from "vitest";
import { type Item, linesOf, type State } from "./year-lines.ts";

// A period of 1,000 seconds from 0, and the next one; amounts worked out by hand.
const prices = {
  small: { plan: 1_000, seat: 100, follows: true, proration: "next" },
  bought: { plan: 1_000, seat: 100, follows: false, proration: "next" },
  large: { plan: 5_000, seat: 300, follows: false, proration: "now" },
} as const;

const items = (plan: string, seats: number, start = 0): Item[] => [
  { id: "si_plan", kind: "plan", plan, quantity: 1, start, end: start + 1_000 },
  ...(seats === 0
    ? []
    : [{ id: "si_seat", kind: "seat" as const, plan, quantity: seats, start, end: start + 1_000 }]),
];
const state = (at: number, plan: string, seats: number, start = 0, status = "active"): State => ({
  at,
  status,
  items: items(plan, seats, start),
});
const billed = (...states: State[]) =>
  linesOf(states, prices).map(({ kind, plan, quantity, amount, start }) => [
    `${kind} ${plan}`,
    quantity,
    amount,
    start,
  ]);

test("each period's plan and seats; what changes within it is credited and debited by the second on the next", () => {
  expect(billed(state(0, "small", 2), state(250, "small", 5), state(1_000, "small", 5, 1_000))).toEqual([
    ["plan small", 1, 1_000, 0],
    ["seat small", 2, 200, 0],
    ["seat small", 2, -150, 250],
    ["seat small", 5, 375, 250],
    ["plan small", 1, 1_000, 1_000],
    ["seat small", 5, 500, 1_000],
  ]);
});

test("what waits for an invoice when it ends is on none, and a dearer plan that settles at once takes it along", () => {
  expect(billed(state(0, "small", 0), state(500, "small", 1))).toEqual([["plan small", 1, 1_000, 0]]);
  expect(billed(state(0, "small", 0), state(500, "small", 1), state(750, "large", 1)).slice(1)).toEqual([
    ["seat small", 1, 50, 500],
    ["plan small", 1, -250, 750],
    ["seat small", 1, -25, 750],
    ["plan large", 1, 1_250, 750],
    ["seat large", 1, 75, 750],
  ]);
});

test("a cheaper plan waits unsettled; seats of it that follow are free until then, those that are bought are not", () => {
  const ends = (plan: string) =>
    billed(
      state(0, "large", 0),
      state(500, plan, 0),
      state(600, plan, 4),
      state(1_000, plan, 4, 1_000),
    ).slice(1, -2);
  expect(ends("small")).toEqual([]);
  expect(ends("bought")).toEqual([["seat bought", 4, 160, 600]]);
  const withdrawn = [state(0, "large", 0), state(500, "small", 0), state(600, "large", 0)];
  expect(billed(...withdrawn)).toEqual([["plan large", 1, 5_000, 0]]);
});

test("a trial is free, and whoever owes is not charged more", () => {
  const trial = [state(0, "small", 1, 0, "trialing"), state(500, "large", 2, 0, "trialing")];
  expect(billed(...trial)).toEqual([]);
  const owing = [state(0, "small", 1, 0, "past_due"), state(500, "small", 3, 0, "past_due")];
  expect(billed(...owing)).toHaveLength(2);
});
