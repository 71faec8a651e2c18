import type { Answer, WindowReading } from "./metering-journal.ts";
import type { LoadedMeter } from "./metering-plan.ts";
import type { EventRow } from "./metering-rows.ts";

/** Everything that was answered about one meter of an organization, and everything that is stored about it. */
export type Evidence = {
  meter: LoadedMeter;
  /** In the order in which each key was answered. */
  answers: readonly Answer[];
  rows: readonly EventRow[];
};

/**
 * What is wrong, in words; empty when the answers and the rows can be replayed by one caller after the other: every
 * event admitted once, in one order, each against the windows that the one before had left.
 */
export function findFaults(evidence: Evidence): string[] {
  const days = chainsOf(evidence.rows, dayOf);
  const periods = chainsOf(evidence.rows, periodOf);
  return [
    ...lost(evidence),
    ...uninvited(evidence),
    ...unlikeTheFirst(evidence),
    ...notWhatWasAsked(evidence),
    ...days.faults,
    ...periods.faults,
    ...aboveALimit(evidence),
    ...overCapWrong(evidence),
    ...refusedWithRoom(evidence, days.states, periods.states),
  ];
}

const rawId = (id: string | null) => id?.slice("evt_".length);

function byKey<Item extends { key: string }>(items: readonly Item[]): Map<string, Item[]> {
  const found = new Map<string, Item[]>();
  for (const item of items) {
    const those = found.get(item.key);
    if (those === undefined) found.set(item.key, [item]);
    else those.push(item);
  }
  return found;
}

/** Acknowledged, and not there, or there otherwise or twice. */
function lost({ answers, rows }: Evidence): string[] {
  const stored = byKey(rows);
  return answers.flatMap(({ key, allowed, accepted, eventId }) => {
    const found = stored.get(key) ?? [];
    const [row] = found;
    if (!allowed || (found.length === 1 && row?.id === rawId(eventId) && row?.quantity === accepted))
      return [];
    return [
      `lost: ${key} was answered ${eventId} with ${accepted}, stored are ${JSON.stringify(found.map(({ id, quantity }) => [id, quantity]))}`,
    ];
  });
}

/**
 * Stored, and never acknowledged to anybody. A key that was refused in the end may be stored all the same where an
 * earlier call of it had been cut off: it was on its way when the window changed.
 */
function uninvited({ answers, rows }: Evidence): string[] {
  const asked = byKey(answers);
  return rows
    .filter(({ key }) => !asked.get(key)?.some(({ allowed, unknown }) => allowed || unknown > 0))
    .map(({ key, quantity }) => `uninvited: ${key} stands for ${quantity}, nobody was told so`);
}

/** Answers about a key that has been admitted and differ from the first; duplicates of nothing. */
function unlikeTheFirst({ answers }: Evidence): string[] {
  return [...byKey(answers)].flatMap(([key, all]) => {
    const first = all.findIndex(({ allowed }) => allowed);
    const admission = all[first];
    if (admission === undefined) return [];
    const cutOff = all.slice(0, first + 1).some(({ unknown }) => unknown > 0);
    const invented = admission.duplicate && !cutOff ? [`duplicate of nothing: ${key}`] : [];
    const others = all
      .slice(first + 1)
      .filter(
        (one) => !one.duplicate || one.eventId !== admission.eventId || one.accepted !== admission.accepted,
      )
      .map((one) => `unlike the first: ${key} was answered ${JSON.stringify([admission, one])}`);
    return [...invented, ...others];
  });
}

/** Admitted for another quantity than the mode allows. What `cap` cuts must fill a window to the brim. */
function notWhatWasAsked({ answers, rows }: Evidence): string[] {
  const stored = byKey(rows);
  return answers.flatMap(({ key, mode, quantity, allowed, accepted }) => {
    const row = stored.get(key)?.[0];
    if (!allowed || accepted === quantity || row === undefined) return [];
    const isFull = row.dayUsed === row.dailyLimit || row.periodUsed === row.hardCap;
    if (mode === "cap" && accepted > 0 && accepted < quantity && isFull) return [];
    return [`not what was asked: ${key} took ${accepted} of ${quantity} by ${mode}`];
  });
}

type Step = { quantity: number; used: number };
type WindowOf = (row: EventRow) => (Step & { window: string }) | null;

const dayOf: WindowOf = (row) =>
  row.inDay ? { window: row.dayEnd, quantity: row.quantity, used: row.dayUsed } : null;
const periodOf: WindowOf = (row) =>
  row.inPeriod ? { window: row.periodEnd, quantity: row.quantity, used: row.periodUsed } : null;

/** The readings of each window, one after the other: each is the one before and its own quantity. */
function chainsOf(
  rows: readonly EventRow[],
  windowOf: WindowOf,
): { faults: string[]; states: Map<string, Set<number>> } {
  const windows = new Map<string, Step[]>();
  for (const row of rows) {
    const step = windowOf(row);
    if (step === null) continue;
    const steps = windows.get(step.window);
    if (steps === undefined) windows.set(step.window, [step]);
    else steps.push(step);
  }
  const faults: string[] = [];
  const states = new Map<string, Set<number>>();
  for (const [window, steps] of windows) {
    let before = 0;
    for (const { quantity, used } of steps.sort((one, other) => one.used - other.used)) {
      if (used !== before + quantity)
        faults.push(`broken chain: until ${window} ${quantity} led from ${before} to ${used}`);
      before = used;
    }
    states.set(window, new Set([0, ...steps.map(({ used }) => used)]));
  }
  return { faults, states };
}

/** Admitted beyond a limit by anything but `record`, or under other limits than the plan's. */
function aboveALimit({ meter, rows }: Evidence): string[] {
  const { dailyLimit, hardCap } = meter;
  const foreign = rows
    .filter((row) => row.dailyLimit !== dailyLimit || row.hardCap !== hardCap)
    .map((row) => `limits: ${row.key} was admitted under ${row.dailyLimit} a day and ${row.hardCap}`);
  const over = rows
    .filter((row) => row.mode !== "record")
    .filter((row) => row.dayUsed > (dailyLimit ?? Infinity) || row.periodUsed > (hardCap ?? Infinity))
    .map((row) => `above a limit: ${row.key} by ${row.mode}, ${row.dayUsed} and ${row.periodUsed}`);
  return [...foreign, ...over, ...sumsAboveALimit({ meter, rows })];
}

/** The same without the readings: where nothing may pass a limit, no sum does. */
function sumsAboveALimit({ meter, rows }: Pick<Evidence, "meter" | "rows">): string[] {
  if (meter.modes.includes("record")) return [];
  const sums = (limit: number | null, windowOf: (row: EventRow) => string) => {
    const found = new Map<string, number>();
    for (const row of rows) found.set(windowOf(row), (found.get(windowOf(row)) ?? 0) + row.quantity);
    return [...found]
      .filter(([, sum]) => sum > (limit ?? Infinity))
      .map(([window, sum]) => `sum above a limit: ${sum} of ${limit} in ${window}`);
  };
  return [
    ...sums(meter.dailyLimit, ({ localDate }) => localDate),
    ...sums(meter.hardCap, ({ periodStart }) => periodStart),
  ];
}

function overCapWrong({ meter, rows }: Evidence): string[] {
  const running = rows
    .filter(({ inPeriod, hardCap, periodUsed, quantity, overCap }) => {
      const room = hardCap === null ? Infinity : Math.max(0, hardCap - (periodUsed - quantity));
      return inPeriod && overCap !== Math.max(0, quantity - room);
    })
    .map(({ key, overCap }) => `over cap: ${key} says ${overCap}`);
  return [...running, ...overCapOfEndedWrong(meter, rows)];
}

/** What came when its period had ended took what was left of that, one after the other: one at most was cut. */
function overCapOfEndedWrong({ hardCap }: LoadedMeter, rows: readonly EventRow[]): string[] {
  return [...Map.groupBy(rows, ({ periodStart }) => periodStart)].flatMap(([start, counted]) => {
    const sumOf = (those: readonly EventRow[], field: "quantity" | "overCap") =>
      those.reduce((sum, row) => sum + row[field], 0);
    const late = counted.filter(({ inPeriod }) => !inPeriod);
    const before = sumOf(counted, "quantity") - sumOf(late, "quantity");
    const room = hardCap === null ? Infinity : Math.max(0, hardCap - before);
    const told = sumOf(late, "overCap");
    const cut = late.filter(({ quantity, overCap }) => overCap > 0 && overCap < quantity);
    return told === Math.max(0, sumOf(late, "quantity") - room) && cut.length <= 1
      ? []
      : [`over cap: late events of ${start} say ${told}, of ${cut.length} a part, after ${before} units`];
  });
}

/** Refused though it would have fitted, or by a reading that the window never had. */
function refusedWithRoom(
  { meter, answers }: Evidence,
  days: ReadonlyMap<string, ReadonlySet<number>>,
  periods: ReadonlyMap<string, ReadonlySet<number>>,
): string[] {
  const stood = (states: ReadonlyMap<string, ReadonlySet<number>>, { used, resetsAt }: WindowReading) =>
    used === 0 || states.get(new Date(resetsAt).toISOString())?.has(used) === true;
  return answers.flatMap((answer) => {
    if (answer.allowed) return [];
    const told = `${answer.key} by ${answer.mode}, ${answer.quantity}: ${JSON.stringify(answer.windows)}`;
    if (answer.windows === null || answer.reason === null) return [`refused without a reason: ${told}`];
    const { day, period } = answer.windows;
    const window = answer.reason === "daily_limit" ? day : period;
    const needed = answer.mode === "cap" ? 1 : answer.quantity;
    const fits = window.limit === null || window.used + needed <= window.limit;
    const isForeign = day.limit !== meter.dailyLimit || period.limit !== meter.hardCap;
    return [
      ...(answer.mode === "record" ? [`refused a record: ${told}`] : []),
      ...(fits ? [`refused with room: ${told}`] : []),
      ...(isForeign ? [`refused by another limit: ${told}`] : []),
      ...(stood(days, day) && stood(periods, period) ? [] : [`refused by a reading that never was: ${told}`]),
    ];
  });
}
