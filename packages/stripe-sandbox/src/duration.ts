import { addMonths } from "./calendar.ts";

const milliseconds: Record<string, number> = {
  ms: 1,
  millisecond: 1,
  s: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};
const months: Record<string, number> = { month: 1, year: 12 };

/**
 * The instant `by` after `from` (milliseconds since the epoch); null when `by` is not understood. Accepted:
 * a number of milliseconds; `"<n> <unit>"` with ms, s, m, min, h, d, w or millisecond, second, minute, hour,
 * day, week, month, year (plural too, blank optional, lower case: "1M" would be a guess); ISO 8601 such as
 * `P1M`, `P1DT2H`, `PT90M`.
 * Months and years are calendar ones in UTC, clamped to the last day.
 */
export function after(from: number, by: unknown): number | null {
  if (typeof by === "number") return Number.isFinite(by) && by >= 0 ? from + Math.round(by) : null;
  if (typeof by !== "string") return null;
  return byWords(from, by.trim()) ?? byIso(from, by.trim());
}

function byWords(from: number, text: string): number | null {
  const match = /^(\d{1,9})\s*([a-z]+)$/.exec(text);
  if (!match) return null;
  const unit = match[2] ?? "";
  const singular = unit.length > 2 ? unit.replace(/s$/, "") : unit;
  const amount = Number(match[1]);
  const month = months[singular];
  if (month !== undefined) return plusMonths(from, month * amount);
  const size = milliseconds[unit] ?? milliseconds[singular];
  return size === undefined ? null : from + size * amount;
}

function byIso(from: number, text: string): number | null {
  const match =
    /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(
      text,
    );
  if (!match) return null;
  const [years, month, weeks, days, hours, minutes, seconds] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const dated = plusMonths(from, (years ?? 0) * 12 + (month ?? 0));
  return (
    dated +
    (weeks ?? 0) * 604_800_000 +
    (days ?? 0) * 86_400_000 +
    (hours ?? 0) * 3_600_000 +
    (minutes ?? 0) * 60_000 +
    (seconds ?? 0) * 1000
  );
}

function plusMonths(from: number, count: number): number {
  return addMonths(Math.floor(from / 1000), count) * 1000 + (from % 1000);
}
