/** How a batch of usage events travels to the gate, and its answers back. */
import type { GateReading } from "@headroom/domain/usage";
import pg from "pg";
import { bigintArray, bytesArray, dateArray, integerArray, textArray, uuidArray } from "./binary-arrays.ts";
import { parseInt8 } from "./client.ts";
import type { Undecided, UsageOutcome, UsageRefusal, UsageRequest } from "./usage.ts";

/** The columns of `usage_answer`. */
export type AnswerRow = [
  position: number,
  outcome: string,
  organizationId: string,
  /** null: that of the request. */
  eventId: string | null,
  accepted: number,
  overCap: number,
  occurredAt: Instant,
  dayUsed: number,
  dayHeld: number,
  dailyLimit: number | null,
  dayEnd: Instant,
  periodUsed: number,
  periodHeld: number,
  periodEnd: Instant,
  included: number | null,
  maxOverage: number | null,
  hardCap: number | null,
];

interface Instant {
  date: Date;
  iso: string;
}

const text = `select * from usage_consume($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::timestamptz[], $11, $12::jsonb[],
  $13, $14, $15)`;

/** The call of the gate's function for a batch; its rows are lists. */
export function toQuery(
  requests: readonly UsageRequest[],
  whole: boolean,
  wait: boolean,
): pg.QueryArrayConfig {
  const { asked, places } = whoAsks(requests);
  return {
    name: "usage_consume",
    text,
    rowMode: "array",
    types: readers(),
    values: [
      bytesArray(asked.map((r) => r.credential)),
      uuidArray(asked.map((r) => r.organizationId)),
      textArray(asked.map((r) => r.meter)),
      textArray(requests.map((r) => r.key)),
      dateArray(requests.map((r) => r.bornOn)),
      uuidArray(requests.map((r) => r.id)),
      bigintArray(requests.map((r) => r.quantity)),
      textArray(requests.map((r) => r.mode)),
      uuidArray(asked.map((r) => r.memberId)),
      someOf(requests.map((r) => r.occurredAt)),
      bytesArray(requests.map((r) => r.fingerprint)),
      someOf(requests.map((r) => r.properties && JSON.stringify(r.properties))),
      whole,
      wait,
      integerArray(places),
    ],
  };
}

/** Events that ask alike are looked up as one: the first of each kind, and the place of its kind (from 1) for each event. */
function whoAsks(requests: readonly UsageRequest[]): { asked: UsageRequest[]; places: number[] } {
  const kinds = new Map<string, number>();
  const asked: UsageRequest[] = [];
  const places = requests.map((request) => {
    const { credential, organizationId, meter, memberId } = request;
    // A meter may be called "null": so the default one is written differently.
    const named = meter === null ? "" : `=${meter}`;
    const kind = `${credential.toString("latin1")}${organizationId ?? ""} ${memberId ?? ""} ${named}`;
    const known = kinds.get(kind);
    if (known !== undefined) return known;
    kinds.set(kind, asked.push(request));
    return asked.length;
  });
  return { asked, places };
}

function someOf(values: (string | null)[]): (string | null)[] | null {
  return values.some((value) => value !== null) ? values : null;
}

const int4 = 23;
const int8 = 20;
const timestamptz = 1184;

/** The same instants stand in most rows of an answer: each is read once. */
function readers(): pg.CustomTypesConfig {
  const instants = new Map<string, Instant>();
  const parse = pg.types.getTypeParser(timestamptz, "text") as (text: string) => Date;
  const readInstant = (value: string) => {
    const known = instants.get(value);
    if (known !== undefined) return known;
    const date = parse(value);
    const instant = { date, iso: date.toISOString() };
    instants.set(value, instant);
    return instant;
  };
  const asText = (value: string) => value;
  return {
    getTypeParser: (oid: number) =>
      oid === int8 ? parseInt8 : oid === timestamptz ? readInstant : oid === int4 ? Number : asText,
  } as pg.CustomTypesConfig;
}

/** Answers in the order of the requests. */
export function readAnswers<Outcome extends UsageOutcome | Undecided>(
  requests: readonly UsageRequest[],
  rows: readonly AnswerRow[],
): Outcome[] {
  const answers = new Array<Outcome>(requests.length);
  for (const row of rows) {
    const place = row[0] - 1;
    answers[place] = toOutcome(row, requests[place] as UsageRequest) as Outcome;
  }
  return answers;
}

function toOutcome(row: AnswerRow, request: UsageRequest): UsageOutcome | Undecided {
  const [, outcome, organizationId, found, accepted, overCap, occurredAt] = row;
  const eventId = found ?? request.id;
  switch (outcome) {
    case "accepted":
    case "duplicate":
      return { outcome, eventId, accepted, overCap, occurredAt: occurredAt.date, gate: toReading(row) };
    case "daily_limit":
    case "hard_cap":
      return { outcome, at: occurredAt.date, gate: toReading(row) };
    case "mismatch":
      return { outcome, eventId };
    case "later":
      return { outcome, organizationId };
    case "overflow":
      return { outcome };
    default:
      return { outcome: outcome as UsageRefusal };
  }
}

function toReading(row: AnswerRow): GateReading {
  const [, , , , , , , dayUsed, dayHeld, dailyLimit, dayEnd, periodUsed, periodHeld, periodEnd, ...terms] =
    row;
  const [included, maxOverage, hardCap] = terms;
  return {
    dayUsed,
    dayHeld,
    dailyLimit,
    dayEnd: dayEnd.iso,
    periodUsed,
    periodHeld,
    periodEnd: periodEnd.iso,
    included,
    maxOverage,
    hardCap,
  };
}
