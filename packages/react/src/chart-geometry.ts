import { type BandScale, bandScale, type LinearScale, linearScale } from "./scales.ts";

export const margin = { top: 22, right: 8, bottom: 24, left: 46 };

/** Where things are in a chart of days. Pixels. */
export type Plot = {
  width: number;
  height: number;
  x: BandScale;
  y: LinearScale;
  ticks: readonly number[];
};

/** A chart that is drawn at the width that it has, so that its text stays as large as all other text. */
export function plotOf(input: {
  dates: readonly string[];
  max: number;
  width: number;
  height: number;
}): Plot {
  const { width, height } = input;
  const x = bandScale(input.dates, [margin.left, Math.max(width - margin.right, margin.left + 1)]);
  const y = linearScale(input.max, [height - margin.bottom, margin.top]);
  return { width, height, x, y, ticks: y.ticks };
}

/** The middle of a day. */
export function middleOf({ x }: Plot, date: string): number {
  return x(date) + x.bandwidth / 2;
}

/** Which day is at a place, counted from the first. */
export function indexAt({ x }: Plot, left: number, count: number): number {
  return Math.min(count - 1, Math.max(0, Math.floor((left - x.start) / x.step)));
}

/** The days that are named below the axis: as many as there is room for, and always the one that matters. */
export function labelled(dates: readonly string[], anchor: number, width: number): string[] {
  const room = Math.max(2, Math.floor((width - margin.left - margin.right) / 66));
  const step = Math.max(1, Math.ceil(dates.length / room));
  return dates.filter((_, index) => (index - anchor) % step === 0);
}

/** A column in two parts: up to a limit, and what is above it. */
export function columnOf({ x, y }: Plot, date: string, used: number, limit: number | null) {
  const foot = y(0);
  const within = limit === null ? used : Math.min(used, limit);
  const top = y(within);
  return {
    left: x(date),
    width: x.bandwidth,
    within: { top, height: foot - top },
    above: { top: y(used), height: top - y(used) },
  };
}

const tallest = 3;

/** A line that is far above everything else would press it flat: then it is named and not drawn. */
export function isInSight(line: number | null, max: number): line is number {
  return line !== null && (max === 0 || line <= max * tallest);
}

/** The dashed line ahead: from the total of now to the period's end; flat where a cap stops it. */
export function pathAhead(
  plot: Plot,
  input: { today: string; last: string; used: number; total: number; cap: number | null },
): string {
  const { today, last, used, total, cap } = input;
  const from = middleOf(plot, today);
  const to = plot.x(last) + plot.x.bandwidth;
  const at = (left: number, units: number) => `${round(left)},${round(plot.y(units))}`;
  if (cap === null || total <= cap || total <= used) return `M${at(from, used)}L${at(to, total)}`;
  const stop = Math.max(used, cap);
  const share = Math.max(0, (cap - used) / (total - used));
  return `M${at(from, used)}L${at(from + (to - from) * share, stop)}L${at(to, stop)}`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
