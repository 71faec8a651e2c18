import type { HistoryDay } from "./readings.ts";

/** Who caused how much of a meter in all the days, most first. Null: usage that names nobody. */
export function membersOf(
  history: readonly HistoryDay[],
  meter: string,
): { userId: string | null; used: number }[] {
  const totals = new Map<string | null, number>();
  for (const day of history) {
    for (const { userId, used } of day.meters.find((one) => one.meter === meter)?.members ?? []) {
      totals.set(userId, (totals.get(userId) ?? 0) + used);
    }
  }
  return [...totals]
    .map(([userId, used]) => ({ userId, used }))
    .filter(({ used }) => used > 0)
    .toSorted((one, other) => other.used - one.used);
}
