/** What a zone's clocks do, from the platform's own table of zones: none of this is shared with the product. */
export interface ZoneClock {
  /** Instants at which the clocks are set, in order. Milliseconds. */
  changes: number[];
  /** The local day that holds an instant: the latest date that has begun. */
  dayOf(at: number): CalendarDay;
  /** When a date begins: the first instant at which the clocks show it, or a later one. */
  startOf(date: number): number;
}

export interface CalendarDay {
  /** Days since 1970-01-01. */
  date: number;
  start: number;
  end: number;
}

/** Clocks that are at one offset from one instant to another. */
interface Stretch {
  from: number;
  until: number;
  offset: number;
}

const hour = 3_600_000;
const day = 24 * hour;

/** Reads a zone's clocks between two instants. Outside of them they are taken to stand still. */
export function readZone(zone: string, from: number, until: number): ZoneClock {
  const offsetAt = offsets(zone);
  const changes: number[] = [];
  for (let at = from; at < until; at += 20 * day) {
    if (offsetAt(at) !== offsetAt(at + 20 * day)) {
      changes.push(changeWithin(offsetAt, at, at + 20 * day));
    }
  }
  const edges = [Number.NEGATIVE_INFINITY, ...changes, Number.POSITIVE_INFINITY];
  const stretches = edges.slice(1).map((end, index) => {
    const begin = edges[index] ?? from;
    return { from: begin, until: end, offset: offsetAt(Math.max(begin, from)) };
  });
  const startOf = (date: number) => firstInstant(stretches, date);
  return {
    changes,
    startOf,
    dayOf(at) {
      let date = Math.floor((at + offsetAt(at)) / day);
      while (startOf(date + 1) <= at) {
        date += 1;
      }
      return { date, start: startOf(date), end: startOf(date + 1) };
    },
  };
}

function firstInstant(stretches: readonly Stretch[], date: number): number {
  const candidates = stretches
    .map((one) => ({ at: Math.max(one.from, date * day - one.offset), until: one.until }))
    .filter(({ at, until }) => at < until);
  return Math.min(...candidates.map(({ at }) => at));
}

// No zone sets its clocks twice within twenty days.
function changeWithin(offsetAt: (at: number) => number, from: number, until: number): number {
  let [before, after] = [from, until];
  while (after - before > 1000) {
    const middle = Math.round((before + after) / 2000) * 1000;
    if (offsetAt(middle) === offsetAt(from)) before = middle;
    else after = middle;
  }
  return after;
}

function offsets(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  const known = new Map<number, number>();
  return (at) => {
    const seen = known.get(at);
    if (seen !== undefined) return seen;
    const [, sign, hours = "0", minutes = "0", seconds = "0"] =
      /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(format.format(at)) ?? [];
    const size = Number(hours) * hour + Number(minutes) * 60_000 + Number(seconds) * 1000;
    const offset = sign === "-" ? -size : size;
    known.set(at, offset);
    return offset;
  };
}

/** The first day of a date's month, and of the next, as days since 1970-01-01. */
export function monthOf(date: number): { first: number; next: number } {
  const on = new Date(date * day);
  const first = (months: number) => Date.UTC(on.getUTCFullYear(), on.getUTCMonth() + months, 1) / day;
  return { first: first(0), next: first(1) };
}

/** An anchor plus n months in UTC: the same day and time, or the last day that the month has. */
export function addMonths(anchor: number, months: number): number {
  const on = new Date(anchor);
  const [year, month] = [on.getUTCFullYear(), on.getUTCMonth() + months];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(on.getUTCDate(), last)) + (anchor - Math.floor(anchor / day) * day);
}
