const dayMs = 86_400_000;

/** The instant of a day in UTC, by days before today, hour and minute. */
export function dayAt(now: Date, daysAgo: number, hour: number, minute: number): Date {
  const today = Math.floor(now.getTime() / dayMs) * dayMs;
  return new Date(today - daysAgo * dayMs + (hour * 60 + minute) * 60_000);
}

/** So many calendar months later (or earlier), in UTC, on the month's last day where it has no such day: as Stripe renews. */
export function addMonths(from: Date, months: number): Date {
  const first = new Date(from);
  first.setUTCDate(1);
  first.setUTCMonth(first.getUTCMonth() + months);
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(from.getUTCDate(), last));
  return first;
}
