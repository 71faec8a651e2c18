/** A place of its own for each of some names, side by side. Pixels. */
export type BandScale = {
  (name: string): number;
  bandwidth: number;
  step: number;
  start: number;
};

/** The part of each place that stays empty. */
const gap = 0.25;

export function bandScale(names: readonly string[], [start, end]: readonly [number, number]): BandScale {
  const step = (end - start) / Math.max(1, names.length);
  const bandwidth = step * (1 - gap);
  const places = new Map(names.map((name, index) => [name, start + index * step + (step * gap) / 2]));
  return Object.assign((name: string) => places.get(name) ?? start, { bandwidth, step, start });
}

/** Whole units, from 0 to a round number, along a line. */
export type LinearScale = {
  (units: number): number;
  /** Round numbers from 0 to the end. */
  ticks: readonly number[];
};

const steps = [1, 2, 5, 10];
const most = 5;

export function linearScale(max: number, [from, to]: readonly [number, number]): LinearScale {
  const rough = Math.max(1, max) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  // Units are whole, so no step is less than one.
  const step = Math.max(1, (steps.find((one) => one * power >= rough) ?? 10) * power);
  const count = Math.max(1, Math.ceil(max / step));
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step);
  const end = step * count;
  return Object.assign((units: number) => from + (units / end) * (to - from), { ticks });
}
