const dayMs = 86_400_000;
const paceDays = 7;

/** Units of one of the organization's days, by its local date. */
export type DayUsage = { date: string; used: number };

/** Where usage is going, if it goes on as in the last days. */
export type Projection = {
  /** Units a day. */
  pace: number;
  /** Over how many days the pace was taken, today's part among them. */
  days: number;
  /** Units at the period's end, if nothing stops them. */
  total: number;
};

/**
 * The pace of the last seven full days and of today so far: a whole week, so that weekends weigh what they weigh. Days
 * before the first usage do not count. Null while there is less than one day to go by.
 * @param days oldest first, the last is today
 * @param todayShare how much of today is over, 0 to 1
 * @param left days until the period's end, from now
 */
export function project(input: {
  days: readonly DayUsage[];
  todayShare: number;
  used: number;
  left: number;
}): Projection | null {
  const first = input.days.findIndex(({ used }) => used > 0);
  if (first === -1) return null;
  const recent = input.days.slice(Math.max(first, input.days.length - 1 - paceDays));
  const days = recent.length - 1 + Math.min(1, Math.max(0, input.todayShare));
  if (days < 1) return null;
  const pace = recent.reduce((sum, { used }) => sum + used, 0) / days;
  return { pace, days, total: Math.round(input.used + pace * Math.max(0, input.left)) };
}

/**
 * Days from now until usage comes to a limit at that pace. 0: it has. Null: not before the period ends.
 * @param left days until the period's end
 */
export function daysUntil(limit: number, input: { used: number; pace: number; left: number }): number | null {
  if (input.used >= limit) return 0;
  if (input.pace <= 0) return null;
  const days = (limit - input.used) / input.pace;
  return days <= input.left ? days : null;
}

/** Days between two instants, with their fraction. */
export function daysBetween(from: string | Date, to: string | Date): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / dayMs;
}

/** The instant that many days later. */
export function daysLater(instant: Date, days: number): Date {
  return new Date(instant.getTime() + days * dayMs);
}

/** The local date of an instant: `2026-11-22`. */
export function localDate(instant: string | Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(new Date(instant));
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`;
}

/** Every date from one to another, both among them. */
export function datesBetween(from: string, to: string): string[] {
  const end = Date.parse(`${to}T00:00:00Z`);
  const dates: string[] = [];
  for (let at = Date.parse(`${from}T00:00:00Z`); at <= end; at += dayMs) {
    dates.push(new Date(at).toISOString().slice(0, 10));
  }
  return dates;
}

/**
 * The period's total at the end of each of its days so far. It is counted back from the total of now, so that the last
 * one is what the server says; the first day has whatever came before: its own part of a day, and what was carried over.
 */
export function runningTotal(days: readonly DayUsage[], input: { from: string; used: number }): DayUsage[] {
  const within = days.filter(({ date }) => date >= input.from);
  let total = input.used;
  const totals = within.toReversed().map(({ date, used }) => {
    const here = { date, used: Math.max(0, total) };
    total -= used;
    return here;
  });
  return totals.reverse();
}
