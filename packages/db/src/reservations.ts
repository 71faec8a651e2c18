import type { GateReading } from "@headroom/domain/usage";
import type { Database } from "./client.ts";
import { type GateCaller, inTurn } from "./gate-turns.ts";
import { retryConflicts } from "./retry.ts";
import { translateOverflow } from "./usage.ts";
import { type ReadingColumns, toReading } from "./usage-readings.ts";
import type { UsageRefusal } from "./usage-requests.ts";

/** held → committed, released, or expired → committed: what was used after its time is recorded. */
export type ReservationStatus = "held" | "committed" | "released" | "expired";

/** A reservation on its way to the gate, with the credential that vouches for it. Ids are raw UUIDs. */
export interface ReserveRequest {
  /** SHA-256 of the API key. */
  credential: Buffer;
  /** null: the organization of the key. */
  organizationId: string | null;
  /** null: the default meter. */
  meter: string | null;
  key: string;
  /** The id the reservation gets if it is new. */
  id: string;
  quantity: number;
  memberId: string | null;
  ttlSeconds: number;
  fingerprint: Buffer;
  properties: Readonly<Record<string, unknown>> | null;
}

export interface ReservationState {
  id: string;
  /** By the clock, whether anybody has swept it or not. */
  status: ReservationStatus;
  meter: string;
  quantity: number;
  expiresAt: Date;
}

/** The windows have no room. */
export interface ReservationDenial {
  outcome: "daily_limit" | "hard_cap";
  at: Date;
  gate: GateReading;
  /** The window that has no room is over: waiting does not open it. */
  ended: boolean;
}

export type ReserveOutcome =
  | { outcome: UsageRefusal }
  | { outcome: "mismatch"; reservation: ReservationState }
  | ReservationDenial
  | { outcome: "done" | "duplicate"; reservation: ReservationState; gate: GateReading };

export type CommitOutcome =
  | { outcome: UsageRefusal | "not_found" }
  | { outcome: "mismatch"; eventId: string }
  | { outcome: "not_open"; status: ReservationStatus }
  | ReservationDenial
  | {
      outcome: "done" | "duplicate";
      reservation: ReservationState;
      eventId: string;
      accepted: number;
      overCap: number;
      afterExpiry: boolean;
      gate: GateReading;
    };

export type ReleaseOutcome =
  | { outcome: UsageRefusal | "not_found" }
  | { outcome: "not_open"; status: ReservationStatus }
  | { outcome: "done"; reservation: ReservationState; gate: GateReading };

interface AnswerRow extends ReadingColumns {
  outcome: string;
  at: Date;
  reservation_id: string;
  status: ReservationStatus;
  meter: string;
  quantity: number;
  expires_at: Date;
  event_id: string;
  accepted: number;
  over_cap: number;
  after_expiry: boolean;
  ended: boolean;
}

/** Holds units for a time, in one round trip: credential, key, room, hold. @throws DomainError validation_failed */
export async function reserveUnits(database: Database, request: ReserveRequest): Promise<ReserveOutcome> {
  const row = await ask(database, request, {
    name: "usage_reserve",
    text: "select * from usage_reserve($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    values: [
      request.credential,
      request.organizationId,
      request.meter,
      request.key,
      request.id,
      request.quantity,
      request.memberId,
      request.ttlSeconds,
      request.fingerprint,
      request.properties && JSON.stringify(request.properties),
    ],
  });
  switch (row.outcome) {
    case "done":
    case "duplicate":
      return { outcome: row.outcome, reservation: toState(row), gate: toReading(row) };
    case "mismatch":
      return { outcome: row.outcome, reservation: toState(row) };
    case "daily_limit":
    case "hard_cap":
      return toDenial(row.outcome, row);
    default:
      return { outcome: row.outcome as UsageRefusal };
  }
}

/** Which reservation, and who says so. Ids are raw UUIDs. */
export interface ReservationCall extends GateCaller {
  reservationId: string;
}

/**
 * Writes what was used in place of a hold; `quantity` null is what was reserved. Decided under the gate's lock.
 * @throws DomainError validation_failed when a window would count beyond 2^53 − 1
 */
export async function commitReservation(
  database: Database,
  call: ReservationCall & { quantity: number | null; eventId: string; key: string | null },
): Promise<CommitOutcome> {
  const row = await ask(database, call, {
    name: "usage_commit",
    text: "select * from usage_commit($1, $2, $3, $4, $5, $6)",
    values: [call.credential, call.organizationId, call.reservationId, call.quantity, call.eventId, call.key],
  });
  switch (row.outcome) {
    case "done":
    case "duplicate":
      return {
        outcome: row.outcome,
        reservation: toState(row),
        eventId: row.event_id,
        accepted: row.accepted,
        overCap: row.over_cap,
        afterExpiry: row.after_expiry,
        gate: toReading(row),
      };
    case "daily_limit":
    case "hard_cap":
      return toDenial(row.outcome, row);
    case "mismatch":
      return { outcome: row.outcome, eventId: row.event_id };
    case "not_open":
      return { outcome: row.outcome, status: row.status };
    default:
      return { outcome: row.outcome as UsageRefusal | "not_found" };
  }
}

/** Gives a hold back unused. */
export async function releaseReservation(database: Database, call: ReservationCall): Promise<ReleaseOutcome> {
  const row = await ask(database, call, {
    name: "usage_release",
    text: "select * from usage_release($1, $2, $3)",
    values: [call.credential, call.organizationId, call.reservationId],
  });
  switch (row.outcome) {
    case "done":
      return { outcome: row.outcome, reservation: toState(row), gate: toReading(row) };
    case "not_open":
      return { outcome: row.outcome, status: row.status };
    default:
      return { outcome: row.outcome as UsageRefusal | "not_found" };
  }
}

async function ask(
  database: Database,
  caller: GateCaller,
  query: { name: string; text: string; values: unknown[] },
): Promise<AnswerRow> {
  const { rows } = await inTurn(database, caller, () =>
    retryConflicts(() => database.pool.query<AnswerRow>(query)),
  ).catch((error: unknown) => {
    throw translateOverflow(error);
  });
  return rows[0] as AnswerRow;
}

function toState(row: AnswerRow): ReservationState {
  return {
    id: row.reservation_id,
    status: row.status,
    meter: row.meter,
    quantity: row.quantity,
    expiresAt: row.expires_at,
  };
}

function toDenial(outcome: ReservationDenial["outcome"], row: AnswerRow): ReservationDenial {
  return { outcome, at: row.at, gate: toReading(row), ended: row.ended };
}
