import { uuidv7Time } from "./ids.ts";
import { isoDay } from "./time.ts";
import { invalidField } from "./validation.ts";

/** reject: all or nothing. cap: take what fits. record: it already happened, always written. */
export type UsageMode = "reject" | "cap" | "record";

/**
 * A gate's two windows and limits after an event, or as they stand. Units; null: no limit. Instants are ISO 8601.
 * `used` is what events count, without what reservations hold; voids may take it below 0.
 */
export interface GateReading {
  dayUsed: number;
  dayHeld: number;
  dailyLimit: number | null;
  dayEnd: string;
  periodUsed: number;
  periodHeld: number;
  periodEnd: string;
  included: number | null;
  maxOverage: number | null;
  hardCap: number | null;
}

export interface Window {
  used: number;
  /** Units that open reservations hold on top. */
  held: number;
  limit: number | null;
  /** ISO 8601. */
  resetsAt: string;
}

/** What the windows say. `remaining`: units that a call could still take now; null: no limit. */
export interface Headroom {
  windows: { day: Window; period: Window };
  included: number | null;
  overage: number;
  maxOverage: number | null;
  hardCap: number | null;
  remaining: number | null;
}

export type RefusalReason = "daily_limit" | "hard_cap";

const minute = 60_000;
const day = 24 * 60 * minute;

/** How far ahead of the clock an event or a time-ordered key may be. */
const aheadTolerance = 5 * minute;
/** How old an event may be when it is recorded, in milliseconds. */
export const latestEvent = 35 * day;
/** How long a key is remembered: longer than any event may be late. */
const keyHorizon = 40 * day;

/** Where the keys of voids, of what commits write and of opening usage stand beside those of callers. */
const reservedSpaces = ["void:", "res:", "import:"];

/** Overage is a function of the period's total, never a tag on an event. */
export function overageOf(periodUsed: number, included: number | null): number {
  return included === null ? 0 : Math.max(0, periodUsed - included);
}

/** Units that still fit into every window, never negative; null: no window has a limit. */
export function remainingOf(gate: GateReading): number | null {
  const [day, period] = [dayRoom(gate), periodRoom(gate)];
  if (day === null && period === null) return null;
  // Voids take a count below zero, which leaves more room than the limit.
  const room = Math.min(day ?? Number.MAX_SAFE_INTEGER, period ?? Number.MAX_SAFE_INTEGER);
  return Math.max(0, Math.min(room, Number.MAX_SAFE_INTEGER));
}

function dayRoom({ dailyLimit, dayUsed, dayHeld }: GateReading): number | null {
  return dailyLimit === null ? null : dailyLimit - dayUsed - dayHeld;
}

function periodRoom({ hardCap, periodUsed, periodHeld }: GateReading): number | null {
  return hardCap === null ? null : hardCap - periodUsed - periodHeld;
}

/** The windows as callers see them. */
export function headroomOf(gate: GateReading): Headroom {
  return {
    windows: {
      day: {
        used: Math.max(0, gate.dayUsed),
        held: gate.dayHeld,
        limit: gate.dailyLimit,
        resetsAt: gate.dayEnd,
      },
      period: {
        used: Math.max(0, gate.periodUsed),
        held: gate.periodHeld,
        limit: gate.hardCap,
        resetsAt: gate.periodEnd,
      },
    },
    included: gate.included,
    overage: overageOf(gate.periodUsed, gate.included),
    maxOverage: gate.maxOverage,
    hardCap: gate.hardCap,
    remaining: remainingOf(gate),
  };
}

/** What taking `quantity` would be refused for, or null. The window that opens later is named: waiting for the other would not help. */
export function decideRefusal(gate: GateReading, quantity: number): RefusalReason | null {
  if (quantity > (periodRoom(gate) ?? Number.POSITIVE_INFINITY)) {
    return "hard_cap";
  }
  return quantity > (dayRoom(gate) ?? Number.POSITIVE_INFINITY) ? "daily_limit" : null;
}

/** What is wrong with a key at an instant, null for nothing: a reserved one, a UUIDv7 from the future or too long ago. */
export function faultOfKey(key: string, now: number): string | null {
  return faultOfKeyBorn(uuidv7Time(key), key, now);
}

function faultOfKeyBorn(birth: number | null, key: string, now: number): string | null {
  const space = birth === null ? reservedSpaces.find((prefix) => key.startsWith(prefix)) : undefined;
  if (space !== undefined) {
    return `must not begin with ${space}`;
  }
  const born = birth ?? now;
  return born > now + aheadTolerance || born < now - keyHorizon
    ? `is a UUIDv7 from more than ${aheadTolerance / minute} minutes ahead or more than ${keyHorizon / day} days ago`
    : null;
}

/**
 * The first day (UTC, `2026-11-22`) on which a key can have been received before, or null when it does not tell:
 * only UUIDv7 keys know when they were born.
 * @throws validation_failed for one with a fault.
 */
export function keyBirthday(key: string, now: number): string | null {
  const born = uuidv7Time(key);
  const fault = faultOfKeyBorn(born, key, now);
  if (fault !== null) {
    throw invalidField("idempotencyKey", fault);
  }
  return born === null ? null : dayOf(born - aheadTolerance);
}

let latestDay = { number: Number.NaN, text: "" };

/** Nearly all keys are of one day: it is written once. */
function dayOf(milliseconds: number): string {
  const number = Math.floor(milliseconds / day);
  if (number !== latestDay.number) latestDay = { number, text: isoDay(milliseconds) };
  return latestDay.text;
}

/** What is wrong with the time of an event, null for nothing: it is older than 35 days or more than 5 minutes ahead. */
export function faultOfTime(occurredAt: number, now: number): string | null {
  return occurredAt > now + aheadTolerance || occurredAt < now - latestEvent
    ? "must be at most 35 days ago and 5 minutes ahead"
    : null;
}

/** What an event's fingerprint is taken of: two events with one key are the same where this is. */
export interface UsagePayload {
  quantity: number;
  mode: UsageMode;
  memberId: string | null;
  occurredAt: string | null;
  properties: Readonly<Record<string, unknown>> | null;
}

/** `canonicalJson` of an event, whose fields are known beforehand. */
export function payloadText({ quantity, mode, memberId, occurredAt, properties }: UsagePayload): string {
  const own = properties === null ? "null" : canonicalJson(properties);
  return `{"memberId":${quoted(memberId)},"mode":"${mode}","occurredAt":${quoted(occurredAt)},"properties":${own},"quantity":${quantity}}`;
}

function quoted(text: string | null): string {
  return text === null ? "null" : JSON.stringify(text);
}

/** JSON with sorted keys: the same payload is the same text, whatever order its fields came in. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonicalJson).join(",")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    const sorted = fields.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${sorted.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(",")}}`;
  }
  return JSON.stringify(value ?? null);
}
