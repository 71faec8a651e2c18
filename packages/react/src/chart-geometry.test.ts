import { expect, test } from "vitest";
import { columnOf, indexAt, isInSight, labelled, middleOf, pathAhead, plotOf } from "./chart-geometry.ts";
import { datesBetween } from "./projection.ts";

const dates = datesBetween("2026-11-01", "2026-11-30");
const plot = plotOf({ dates, max: 100, width: 390, height: 200 });

test("every day has its place, and a place its day", () => {
  for (const [index, date] of dates.entries()) {
    expect(indexAt(plot, middleOf(plot, date), dates.length)).toBe(index);
  }
  expect(indexAt(plot, -50, dates.length)).toBe(0);
  expect(indexAt(plot, 5_000, dates.length)).toBe(29);
});

test("the part of a column above the limit stands on the part below", () => {
  const { within, above } = columnOf(plot, "2026-11-03", 80, 60);
  expect(above.top + above.height).toBeCloseTo(within.top);
  expect(within.top).toBeCloseTo(plot.y(60));
  expect(above.top).toBeCloseTo(plot.y(80));
  expect(columnOf(plot, "2026-11-03", 40, 60).above.height).toBe(0);
});

test("labels leave room for each other on a phone, and today has one", () => {
  const shown = labelled(dates, 21, 390);
  expect(shown).toContain("2026-11-22");
  expect(shown.length).toBeLessThanOrEqual(6);
});

test("ticks are whole units", () => {
  const { ticks } = plotOf({ dates, max: 2, width: 390, height: 200 });
  expect(ticks.every(Number.isInteger)).toBe(true);
  expect(ticks).toContain(2);
});

test("a limit far above the usage is not drawn", () => {
  expect(isInSight(10_000, 120)).toBe(false);
  expect(isInSight(300, 120)).toBe(true);
  expect(isInSight(300, 0)).toBe(true);
  expect(isInSight(null, 120)).toBe(false);
});

test("the line ahead goes to the end, or stops at the cap", () => {
  const input = { today: "2026-11-15", last: "2026-11-30", used: 40, total: 90 };
  expect(pathAhead(plot, { ...input, cap: null })).toMatch(/^M[\d.]+,[\d.]+L[\d.]+,[\d.]+$/);
  const points = pathAhead(plot, { ...input, cap: 65 })
    .slice(1)
    .split("L");
  expect(points).toHaveLength(3);
  expect(points[1]?.split(",")[1]).toBe(points[2]?.split(",")[1]);
  const [from, stop, end] = points.map((point) => Number(point.split(",")[0]));
  expect((Number(from) + Number(end)) / 2).toBeCloseTo(Number(stop), 0);
});
