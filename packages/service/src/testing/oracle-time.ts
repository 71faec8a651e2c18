/** Days and months for the metering oracle, over `Intl` alone. Dates are their midnight in UTC, in milliseconds. */

const day = 86_400_000;
const hour = 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** The clock on the wall of a zone, as if it were UTC. */
function wallClock(zone: string, at: number): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day: date = 1, hour: h = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, date, h, minute, second);
}

/** The date of an instant in a zone. */
export function dateOf(zone: string, at: number): number {
  return Math.floor(wallClock(zone, at) / day) * day;
}

const midnights = new Map<string, number>();

/** The first instant of a date in a zone: found by halving, to the second. */
export function midnight(zone: string, date: number): number {
  const known = midnights.get(`${zone} ${date}`);
  if (known !== undefined) return known;
  let before = date - 15 * hour;
  let after = date + 15 * hour;
  while (after - before > 1_000) {
    const middle = Math.floor((before + after) / 2_000) * 1_000;
    if (wallClock(zone, middle) >= date) after = middle;
    else before = middle;
  }
  midnights.set(`${zone} ${date}`, after);
  return after;
}

/** The first midnight of a zone that is not before an instant. */
export function nextMidnightFrom(zone: string, at: number): number {
  const today = midnight(zone, dateOf(zone, at));
  return today >= at ? today : midnight(zone, dateOf(zone, at) + day);
}

export function firstOfMonth(date: number): number {
  const { year, month } = fields(date);
  return Date.UTC(year, month, 1);
}

export function firstOfNextMonth(date: number): number {
  const { year, month } = fields(date);
  return Date.UTC(year, month + 1, 1);
}

/** An anchor and n months, in UTC; a day that the month lacks is its last. */
export function addMonths(anchor: number, n: number): number {
  const { year, month } = fields(anchor);
  const date = new Date(anchor).getUTCDate();
  const lastDay = new Date(Date.UTC(year, month + n + 1, 0)).getUTCDate();
  const timeOfDay = ((anchor % day) + day) % day;
  return Date.UTC(year, month + n, Math.min(date, lastDay)) + timeOfDay;
}

function fields(at: number) {
  const date = new Date(at);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() };
}
