/** What the gates answer, as callers of this package read it. */
import type { GateReading } from "@headroom/domain/usage";
import type { Undecided, UsageOutcome, UsageRefusal, UsageRequest } from "./usage-requests.ts";

/** What came of events, as JSON; instants are microseconds since 1970. */
export type Answers = [
  at: number | null,
  /** Of each gate, before the batch; null: of none. */
  numbers: GateNumbers[] | null,
  /** Of each event its gate, from 1. */
  gateOf: (number | null)[] | null,
  /** Of each event: what the batch added up to at its gate with it; null where `others` tells. */
  added: (number | null)[] | null,
  others: OtherAnswer[] | null,
];

/** The columns of `usage_answer`. */
interface OtherAnswer {
  position: number;
  outcome: string;
  organization_id: string;
  /** null: that of the request. */
  event_id: string | null;
  accepted: number;
  over_cap: number;
  occurred_at: string;
  day_used: number;
  day_held: number;
  daily_limit: number | null;
  day_end: string;
  period_used: number;
  period_held: number;
  period_end: string;
  included: number | null;
  max_overage: number | null;
  hard_cap: number | null;
}

/** Units and instants of a gate, as `consume_events` lists them. */
type GateNumbers = [
  dayUsed: number,
  dayHeld: number,
  dailyLimit: number | null,
  dayEnd: number,
  periodUsed: number,
  periodHeld: number,
  periodEnd: number,
  included: number | null,
  maxOverage: number | null,
  hardCap: number | null,
];

/** Answers in the order of the requests. */
export function readAnswers<Outcome extends UsageOutcome | Undecided>(
  requests: readonly UsageRequest[],
  [at, numbers, gateOf, added, others]: Answers,
): Outcome[] {
  const answers = new Array<Outcome>(requests.length);
  const iso = isoOf();
  for (const [place, request] of requests.entries()) {
    const gate = numbers?.[(gateOf?.[place] ?? 0) - 1];
    const units = added?.[place] ?? null;
    if (units === null || gate === undefined) continue;
    const { id: eventId, quantity: accepted, occurredAt } = request;
    const answer: UsageOutcome = {
      outcome: "accepted",
      eventId,
      accepted,
      overCap: 0,
      occurredAt: occurredAt === null ? new Date(toMs(at ?? 0)) : new Date(occurredAt),
      gate: gateAfter(gate, units, iso),
    };
    answers[place] = answer as Outcome;
  }
  for (const other of others ?? []) {
    const place = other.position - 1;
    answers[place] = toOutcome(other, requests[place] as UsageRequest) as Outcome;
  }
  return answers;
}

/** The first of the events that were not simply accepted. */
export function firstOther([, , , , others]: Answers): { outcome: string; index: number } | null {
  const [first] = (others ?? []).toSorted((a, b) => a.position - b.position);
  return first === undefined ? null : { outcome: first.outcome, index: first.position - 1 };
}

function gateAfter(numbers: GateNumbers, units: number, iso: (microseconds: number) => string): GateReading {
  // By place: it takes a quarter of what an iterator takes.
  return exact({
    dayUsed: numbers[0] + units,
    dayHeld: numbers[1],
    dailyLimit: numbers[2],
    dayEnd: iso(numbers[3]),
    periodUsed: numbers[4] + units,
    periodHeld: numbers[5],
    periodEnd: iso(numbers[6]),
    included: numbers[7],
    maxOverage: numbers[8],
    hardCap: numbers[9],
  });
}

function toMs(microseconds: number): number {
  return Math.floor(microseconds / 1_000);
}

/** The same instants stand in most answers: each is written once. */
function isoOf(): (microseconds: number) => string {
  const known = new Map<number, string>();
  return (microseconds) => {
    const text = known.get(microseconds);
    if (text !== undefined) return text;
    const written = new Date(toMs(microseconds)).toISOString();
    known.set(microseconds, written);
    return written;
  };
}

function toOutcome(answer: OtherAnswer, request: UsageRequest): UsageOutcome | Undecided {
  const { outcome } = answer;
  const eventId = answer.event_id ?? request.id;
  switch (outcome) {
    case "accepted":
    case "duplicate":
      return {
        outcome,
        eventId,
        accepted: answer.accepted,
        overCap: answer.over_cap,
        occurredAt: new Date(answer.occurred_at),
        gate: toReading(answer),
      };
    case "daily_limit":
    case "hard_cap":
      return { outcome, at: new Date(answer.occurred_at), gate: toReading(answer) };
    case "mismatch":
      return { outcome, eventId };
    case "later":
      return { outcome, organizationId: answer.organization_id };
    case "overflow":
      return { outcome };
    default:
      return { outcome: outcome as UsageRefusal };
  }
}

function toReading(answer: OtherAnswer): GateReading {
  return exact({
    dayUsed: answer.day_used,
    dayHeld: answer.day_held,
    dailyLimit: answer.daily_limit,
    dayEnd: new Date(answer.day_end).toISOString(),
    periodUsed: answer.period_used,
    periodHeld: answer.period_held,
    periodEnd: new Date(answer.period_end).toISOString(),
    included: answer.included,
    maxOverage: answer.max_overage,
    hardCap: answer.hard_cap,
  });
}

/** A number that JSON could not carry would not be what it says: better no answer than a wrong one. */
function exact(reading: GateReading): GateReading {
  assertExact(reading.dayUsed);
  assertExact(reading.dayHeld);
  assertExact(reading.dailyLimit);
  assertExact(reading.periodUsed);
  assertExact(reading.periodHeld);
  assertExact(reading.included);
  assertExact(reading.maxOverage);
  assertExact(reading.hardCap);
  return reading;
}

function assertExact(units: number | null): void {
  if (units !== null && !Number.isSafeInteger(units)) throw new RangeError(`${units} is beyond 2^53 - 1`);
}
