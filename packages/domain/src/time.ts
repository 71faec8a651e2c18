const dayMilliseconds = 24 * 60 * 60 * 1000;

/** The date of an instant in UTC: `2026-11-22`. */
export function isoDay(milliseconds: number): string {
  const { year, month, day } = civil(Math.floor(milliseconds / dayMilliseconds));
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
}

/** The date that is `days` after a date (before it, when negative). Dates have no zone: 23- and 25-hour days count one. */
export function addDays(date: string, days: number): string {
  return isoDay((daysOf(date) + days) * dayMilliseconds);
}

/** `count` dates in order, the last one being `last`. */
export function datesUntil(last: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => addDays(last, index - count + 1));
}

/** The first date of a date's month. */
export function firstOfMonth(date: string): string {
  return `${date.slice(0, 7)}-01`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

// Days since 1970-01-01 in the proleptic Gregorian calendar, by Howard Hinnant's `days_from_civil`
// (howardhinnant.github.io/date_algorithms.html): domain has no clock and no Date.
function daysOf(date: string): number {
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civil(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch + (monthFromMarch < 10 ? 3 : -9);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
