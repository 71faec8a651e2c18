/** How often something recurs: `count` × `interval`. */
export interface Recurrence {
  interval: string;
  count: number;
}

/** Seconds since the epoch, half open: `start <= t < end`. */
export interface Period {
  start: number;
  end: number;
}

const secondsOf: Record<string, number> = { day: 86_400, week: 604_800 };
const monthsOf: Record<string, number> = { month: 1, year: 12 };

/**
 * The `n`-th boundary after an anchor, always counted from the anchor: an anchor on the 31st gives 28 February
 * and then 31 March. Instants are seconds UTC.
 */
export function boundary(anchor: number, every: Recurrence, n: number): number {
  const seconds = secondsOf[every.interval];
  if (seconds !== undefined) return anchor + seconds * every.count * n;
  return addMonths(anchor, (monthsOf[every.interval] ?? 1) * every.count * n);
}

/** The first boundary after `instant`; an anchor still ahead is itself the first one. */
export function boundaryAfter(anchor: number, every: Recurrence, instant: number): number {
  return periodAround(anchor, every, instant).end;
}

/** The period of a cycle that an instant lies in; before an anchor still ahead, from the instant up to it. */
export function periodAround(anchor: number, every: Recurrence, instant: number): Period {
  if (instant < anchor) return { start: instant, end: anchor };
  const length = boundary(anchor, every, 1) - anchor;
  let n = Math.max(0, Math.floor((instant - anchor) / (length * 1.2)));
  while (boundary(anchor, every, n + 1) <= instant) n += 1;
  return { start: boundary(anchor, every, n), end: boundary(anchor, every, n + 1) };
}

/** Adds calendar months in UTC; a day that the month lacks becomes its last day. */
export function addMonths(instant: number, months: number): number {
  const date = new Date(instant * 1000);
  const first = new Date(date);
  first.setUTCDate(1);
  first.setUTCMonth(first.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(date.getUTCDate(), lastDay));
  return Math.floor(first.getTime() / 1000);
}
