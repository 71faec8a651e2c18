/** The middle of some numbers, and how far they lie apart. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** @throws RangeError for no number at all */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (min === undefined || max === undefined || low === undefined || high === undefined) {
    throw new RangeError("a spread needs a number");
  }
  return { median: (low + high) / 2, min, max };
}

/** The value that a share of all values does not exceed (nearest rank): 0.99 of 200 is the 198th. Sorts in place. */
export function percentile(values: Float64Array, share: number): number {
  values.sort();
  return values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN;
}

/** Four significant digits: more would only pretend. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
