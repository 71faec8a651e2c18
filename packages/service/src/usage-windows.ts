import { type GateState, readGateState } from "@headroom/db/explained-meters";
import {
  type LeftPeriod,
  readBilledPeriod,
  readDayBounds,
  readLeftPeriod,
  readPeriodMarks,
  readPlace,
  readPreviousStart,
} from "@headroom/db/explained-periods";
import type { WindowKey } from "@headroom/db/explained-usage";
import { readSubscription, type SubscriptionRow } from "@headroom/db/subscriptions";
import type { Tx } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { latestEvent } from "@headroom/domain/usage";
import { invalidField } from "@headroom/domain/validation";
import { type ExplainedWindow, explainDay, explainPeriod } from "@headroom/domain/window-explanations";

/** Which window: a day, a period, or the one that a line of the ledger bills. */
export interface WindowChoice {
  /** The default meter when absent. */
  meter?: string | undefined;
  /** `day` when a date is given, else `period`. */
  window?: "day" | "period" | undefined;
  /** A local date, today's when absent. */
  date?: string | undefined;
  /** The running period when absent. */
  periodStart?: string | undefined;
  /** Raw UUID, as the invoice line's metadata has it. */
  overageId?: string | undefined;
}

/** A window, and what is on record of it. */
export interface ExplainableWindow {
  key: WindowKey;
  start: Date;
  state: "running" | "ended" | "closed";
  zone: string;
  previousStart: Date | null;
  explained: ExplainedWindow;
  /** The number that is kept; null: there is none, it is always counted. */
  counter: { used: number; held: number | null; overCap: number | null } | null;
}

export type FoundMeter = GateState & { meter: string };

/** The window that was asked for, with the gate where it runs, or the period that the gate has left. */
export interface FoundWindow {
  at: Date;
  window: ExplainableWindow;
  subscription: SubscriptionRow;
  gate: FoundMeter | null;
  left: LeftPeriod | null;
}

/** @throws DomainError unknown_meter, resource_not_found, validation_failed */
export async function findWindow(tx: Tx, organizationId: string, choice: WindowChoice): Promise<FoundWindow> {
  assertChoice(choice);
  if (choice.overageId !== undefined) {
    return findBilled(tx, organizationId, choice.overageId, choice.meter);
  }
  const gate = await readGateState(tx, organizationId, choice.meter ?? null);
  if (gate === null) {
    throw new DomainError("unknown_meter", "There is no such meter.", { meter: choice.meter ?? null });
  }
  const { at, zone, meter } = gate;
  const subscription = await readSubscription(tx, organizationId);
  const found = { at, subscription, gate, left: null };
  if ((choice.window ?? (choice.date === undefined ? "period" : "day")) === "day") {
    return { ...found, window: await findDay(tx, gate, choice.date ?? gate.date) };
  }
  const start = choice.periodStart === undefined ? gate.periodStart : new Date(choice.periodStart);
  if (start.getTime() === gate.periodStart.getTime()) {
    return { ...found, window: await runningPeriod(tx, organizationId, gate, subscription) };
  }
  const left = await readLeftPeriod(tx, organizationId, meter, start);
  if (left === null) {
    throw invalidField("periodStart", "is not the start of a period of this meter");
  }
  const window = await leftPeriod(tx, organizationId, { meter, zone, left, subscription });
  return { ...found, window, left };
}

function assertChoice({ window, date, periodStart, overageId }: WindowChoice): void {
  if (overageId !== undefined && (window ?? date ?? periodStart) !== undefined) {
    throw invalidField("overageId", "names a period by itself: give no window, date or periodStart");
  }
  if (date !== undefined && (window === "period" || periodStart !== undefined)) {
    throw invalidField("date", "is for the window day");
  }
  if (periodStart !== undefined && window === "day") {
    throw invalidField("periodStart", "is for the window period");
  }
}

async function findBilled(
  tx: Tx,
  organizationId: string,
  overageId: string,
  wanted: string | undefined,
): Promise<FoundWindow> {
  const line = await readBilledPeriod(tx, organizationId, overageId);
  const left = line && (await readLeftPeriod(tx, organizationId, line.meter, line.periodStart));
  if (line === null || left === null || (wanted !== undefined && wanted !== line.meter)) {
    throw new DomainError("resource_not_found", "There is no such overage.");
  }
  // A meter that was given up has bills and no gate.
  const { at, zone } = await readPlace(tx, organizationId);
  const subscription = await readSubscription(tx, organizationId);
  const { meter } = line;
  const window = await leftPeriod(tx, organizationId, { meter, zone, left, subscription });
  return { at, subscription, gate: null, left, window };
}

async function findDay(tx: Tx, gate: FoundMeter, date: string): Promise<ExplainableWindow> {
  const { meter, zone } = gate;
  if (date > gate.date) {
    throw invalidField("date", "is in the future");
  }
  const running = date === gate.date;
  const bounds = running ? { start: gate.dayStart, end: gate.dayEnd } : await readDayBounds(tx, zone, date);
  // After a change of zone yesterday ended where today began.
  const end = running || bounds.end < gate.dayStart ? bounds.end : gate.dayStart;
  const takesLate = gate.at.getTime() - end.getTime() < latestEvent;
  return {
    key: { kind: "day", meter, date, end },
    start: bounds.start,
    state: running ? "running" : takesLate ? "ended" : "closed",
    zone,
    previousStart: null,
    explained: explainDay(zone, bounds.start.getTime(), end.getTime()),
    counter: running ? { used: gate.dayUsed, held: gate.dayHeld, overCap: null } : null,
  };
}

async function runningPeriod(
  tx: Tx,
  organizationId: string,
  gate: FoundMeter,
  subscription: SubscriptionRow,
): Promise<ExplainableWindow> {
  const { meter, zone, periodStart: start, periodEnd: end } = gate;
  return {
    key: { kind: "period", meter, start, end },
    start,
    state: "running",
    zone,
    previousStart: await readPreviousStart(tx, organizationId, meter, start),
    explained: await explainStart(tx, organizationId, { start, zone, subscription, running: true }),
    counter: { used: gate.periodUsed, held: gate.periodHeld, overCap: null },
  };
}

async function leftPeriod(
  tx: Tx,
  organizationId: string,
  {
    meter,
    zone,
    left,
    subscription,
  }: { meter: string; zone: string; left: LeftPeriod; subscription: SubscriptionRow },
): Promise<ExplainableWindow> {
  const { start, end, closedAt, total, overCap } = left;
  return {
    key: { kind: "period", meter, start, end },
    start,
    state: closedAt === null ? "ended" : "closed",
    zone,
    previousStart: await readPreviousStart(tx, organizationId, meter, start),
    explained: await explainStart(tx, organizationId, { start, zone, subscription, running: false }),
    counter: closedAt === null || total === null ? null : { used: total, held: null, overCap },
  };
}

async function explainStart(
  tx: Tx,
  organizationId: string,
  {
    start,
    zone,
    subscription,
    running,
  }: { start: Date; zone: string; subscription: SubscriptionRow; running: boolean },
): Promise<ExplainedWindow> {
  const { facts } = subscription;
  const { monthStart, anchoredStart, months } = await readPeriodMarks(tx, organizationId, { start, zone });
  return explainPeriod({
    start: start.getTime(),
    zone,
    running,
    monthStart: monthStart.getTime(),
    anchor: facts.anchor,
    anchored: anchoredStart === null || months === null ? null : { start: anchoredStart.getTime(), months },
    stripeStart: facts.source === "stripe" ? facts.periodStart : null,
  });
}
