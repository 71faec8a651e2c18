/** What the page's filter says; empty: everything. */
export type Filter = { action: string; actorId: string; from: string; to: string };

export const everything: Filter = { action: "", actorId: "", from: "", to: "" };

/** A calendar day in the zone as the instant at which it begins there; days that do not exist have none. */
export function startOfDay(date: string, timeZone: string): Date | null {
  const guess = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(guess.getTime())) return null;
  // Twice: the offset of the guess may be another one than that of the day's begin.
  const first = new Date(guess.getTime() - offsetMs(guess, timeZone));
  return new Date(guess.getTime() - offsetMs(first, timeZone));
}

/** How far the zone's clocks are ahead of UTC at the instant. */
function offsetMs(instant: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(instant);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const local = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return local - Math.floor(instant.getTime() / 1000) * 1000;
}

/** The filter as the api takes it: `from` and `to` are whole days of the zone, both of them included. */
export function askedFor({ action, actorId, from, to }: Filter, timeZone: string) {
  const begin = from === "" ? null : startOfDay(from, timeZone);
  const dayAfter = to === "" ? null : startOfDay(nextDay(to), timeZone);
  return {
    ...(action === "" ? {} : { action }),
    ...(actorId === "" ? {} : { actorId }),
    ...(begin === null ? {} : { from: begin.toISOString() }),
    ...(dayAfter === null ? {} : { to: dayAfter.toISOString() }),
  };
}

function nextDay(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return date;
  day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, 10);
}
