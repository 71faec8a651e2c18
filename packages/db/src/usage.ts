import type { GateReading, UsageMode } from "@headroom/domain/usage";
import { invalidField } from "@headroom/domain/validation";
import type { Database } from "./client.ts";
import { retryConflicts, sqlState } from "./retry.ts";

/** One usage event on its way to the gate, with the credential that vouches for it. Ids are raw UUIDs. */
export interface UsageRequest {
  /** SHA-256 of the API key. */
  credential: Buffer;
  /** null: the organization of the key. */
  organizationId: string | null;
  /** null: the default meter. */
  meter: string | null;
  key: string;
  /** The first day the key can have been received before; null: unknown. */
  bornOn: string | null;
  /** The id the event gets if it is new. */
  id: string;
  quantity: number;
  mode: UsageMode;
  memberId: string | null;
  /** null: now. */
  occurredAt: string | null;
  fingerprint: Buffer;
  properties: Readonly<Record<string, unknown>> | null;
}

/** Why the gate did not even look at an event. */
export type UsageRefusal =
  | "unauthenticated"
  | "no_active_organization"
  | "organization_not_found"
  | "forbidden"
  | "unknown_meter"
  | "not_a_member";

/** What the gate made of an event. A duplicate has the readings of the first answer. */
export type UsageOutcome =
  | { outcome: UsageRefusal }
  | { outcome: "mismatch"; eventId: string }
  | { outcome: "daily_limit" | "hard_cap"; at: Date; gate: GateReading }
  | {
      outcome: "accepted" | "duplicate";
      eventId: string;
      accepted: number;
      overCap: number;
      occurredAt: Date;
      gate: GateReading;
    };

interface AnswerRow {
  position: number;
  outcome: string;
  event_id: string;
  accepted: number;
  over_cap: number;
  occurred_at: Date;
  day_used: number;
  daily_limit: number | null;
  day_end: Date;
  period_used: number;
  period_end: Date;
  included: number | null;
  max_overage: number | null;
  hard_cap: number | null;
}

const checkAndConsume = {
  name: "usage_consume",
  text: `select * from usage_consume($1::bytea[], $2::uuid[], $3::text[], $4::text[], $5::date[], $6::uuid[],
    $7::bigint[], $8::text[], $9::uuid[], $10::timestamptz[], $11::bytea[], $12::jsonb[], $13)`,
};

/**
 * Checks and consumes a batch in one round trip: credential, idempotency, gate, event. Answers stand in the order
 * of the requests. Exact under concurrency: see `migrations/0007_consume.sql`.
 */
export async function consumeUsage(
  database: Database,
  requests: readonly UsageRequest[],
): Promise<UsageOutcome[]> {
  const answers = new Array<UsageOutcome>(requests.length);
  for (const row of await callGate(database, requests, false)) {
    answers[row.position - 1] = toOutcome(row);
  }
  return answers;
}

/**
 * As `consumeUsage`, but all or nothing: when the credential does not cover one of the events, none is written and
 * the first such event's refusal is the answer, with its place.
 * @throws DomainError validation_failed when a window would count beyond 2^53 − 1; nothing is written then.
 */
export async function recordUsage(
  database: Database,
  requests: readonly UsageRequest[],
): Promise<UsageOutcome[] | { refusal: UsageRefusal; index: number }> {
  const rows = await callGate(database, requests, true).catch((error: unknown) => {
    throw translateOverflow(error);
  });
  const answers = new Array<UsageOutcome>(requests.length);
  for (const row of rows) {
    answers[row.position - 1] = toOutcome(row);
  }
  const [first] = rows;
  return first !== undefined && isRefusal(first)
    ? { refusal: first.outcome as UsageRefusal, index: first.position - 1 }
    : answers;
}

const numericValueOutOfRange = "22003";

/** The domain's word for an event that would count a window beyond 2^53 − 1; any other error as it is. */
export function translateOverflow(error: unknown): unknown {
  if (sqlState(error) !== numericValueOutOfRange) {
    return error;
  }
  const refusal = invalidField("quantity", "would take a window's total beyond 2^53 - 1");
  refusal.cause = error;
  return refusal;
}

function isRefusal(row: AnswerRow): boolean {
  return refusals.has(row.outcome);
}

const refusals: ReadonlySet<string> = new Set<UsageRefusal>([
  "unauthenticated",
  "no_active_organization",
  "organization_not_found",
  "forbidden",
  "unknown_meter",
  "not_a_member",
]);

async function callGate(
  database: Database,
  requests: readonly UsageRequest[],
  whole: boolean,
): Promise<AnswerRow[]> {
  const { rows } = await retryConflicts(() =>
    database.pool.query<AnswerRow>({
      ...checkAndConsume,
      values: [
        requests.map((r) => r.credential),
        requests.map((r) => r.organizationId),
        requests.map((r) => r.meter),
        requests.map((r) => r.key),
        requests.map((r) => r.bornOn),
        requests.map((r) => r.id),
        requests.map((r) => r.quantity),
        requests.map((r) => r.mode),
        requests.map((r) => r.memberId),
        requests.map((r) => r.occurredAt),
        requests.map((r) => r.fingerprint),
        requests.map((r) => r.properties && JSON.stringify(r.properties)),
        whole,
      ],
    }),
  );
  return rows;
}

function toOutcome(row: AnswerRow): UsageOutcome {
  switch (row.outcome) {
    case "accepted":
    case "duplicate":
      return {
        outcome: row.outcome,
        eventId: row.event_id,
        accepted: row.accepted,
        overCap: row.over_cap,
        occurredAt: row.occurred_at,
        gate: toReading(row),
      };
    case "daily_limit":
    case "hard_cap":
      return { outcome: row.outcome, at: row.occurred_at, gate: toReading(row) };
    case "mismatch":
      return { outcome: row.outcome, eventId: row.event_id };
    default:
      return { outcome: row.outcome as UsageRefusal };
  }
}

type ReadingColumns = Pick<
  AnswerRow,
  | "day_used"
  | "daily_limit"
  | "day_end"
  | "period_used"
  | "period_end"
  | "included"
  | "max_overage"
  | "hard_cap"
>;

function toReading(row: ReadingColumns): GateReading {
  return {
    dayUsed: row.day_used,
    dailyLimit: row.daily_limit,
    dayEnd: row.day_end.toISOString(),
    periodUsed: row.period_used,
    periodEnd: row.period_end.toISOString(),
    included: row.included,
    maxOverage: row.max_overage,
    hardCap: row.hard_cap,
  };
}

/** One meter of an organization as it stands now. */
export interface MeterStatus extends GateReading {
  meter: string;
  /** The organization's local date. */
  date: string;
  /** ISO 8601. */
  periodStart: string;
  planId: string;
  planVersion: number;
}

interface StatusRow extends ReadingColumns {
  meter: string;
  day_date: string;
  period_start: Date;
  plan_id: string;
  plan_version: number;
}

/** Every active meter of an organization, windows rolled to the present; holds count as used. Takes no lock. */
export async function readUsageStatus(database: Database, organizationId: string): Promise<MeterStatus[]> {
  const { rows } = await database.pool.query<StatusRow>({
    name: "usage_status",
    text: `select meter, day_date, day_used + day_held as day_used, daily_limit, day_end, period_start,
      period_used + period_held as period_used, period_end, included, max_overage, hard_cap, plan_id, plan_version
      from usage_status($1)`,
    values: [organizationId],
  });
  return rows.map((row) => ({
    ...toReading(row),
    meter: row.meter,
    date: row.day_date,
    periodStart: row.period_start.toISOString(),
    planId: row.plan_id,
    planVersion: row.plan_version,
  }));
}
