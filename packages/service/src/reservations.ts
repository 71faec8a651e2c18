import { createHash } from "node:crypto";
import {
  type CommitOutcome,
  commitReservation,
  type ReleaseOutcome,
  type ReservationDenial,
  type ReservationState,
  type ReservationStatus,
  type ReserveOutcome,
  releaseReservation,
  reserveUnits,
} from "@headroom/db/reservations";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import {
  canonicalJson,
  type Headroom,
  headroomOf,
  keyBirthday,
  type RefusalReason,
} from "@headroom/domain/usage";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";
import { secondsUntilReset, type UsageCaller, type UsageEventInput } from "./usage.ts";
import { keyMismatch, refusalOf } from "./usage-refusals.ts";

type Context = Pick<ServiceContext, "db">;

export interface ReservationView {
  id: string;
  /** By the clock: `expired` from the instant on. */
  status: ReservationStatus;
  meter: string;
  quantity: number;
  expiresAt: string;
}

interface Decision extends Headroom {
  allowed: boolean;
  reason: RefusalReason | null;
  /** Seconds until the window that refused begins anew; null when allowed, and when that window is over. */
  retryAfterSeconds: number | null;
  duplicate: boolean;
}

export interface ReserveInput extends UsageEventInput {
  /** 1..86,400. */
  ttlSeconds: number;
}

export interface ReserveAnswer extends Decision {
  reservation: ReservationView | null;
}

/**
 * Holds units until they are committed, released or their time is over. A refusal for a limit is an answer, not an error.
 * @throws DomainError idempotency_mismatch, validation_failed, and what the credential does not cover
 */
export async function reserve(
  context: Context,
  caller: UsageCaller,
  input: ReserveInput,
): Promise<ReserveAnswer> {
  const { quantity, ttlSeconds, memberId = null, properties = null, meter = null } = input;
  const key = input.idempotencyKey ?? uuidv7();
  keyBirthday(key, Date.now());
  const payload = canonicalJson({ quantity, ttlSeconds, memberId, properties });
  const outcome = await reserveUnits(context.db, {
    ...caller,
    meter,
    key,
    id: uuidv7(),
    quantity,
    memberId,
    ttlSeconds,
    fingerprint: createHash("sha256").update(payload).digest(),
    properties,
  });
  return toReserveAnswer(outcome, meter);
}

function toReserveAnswer(outcome: ReserveOutcome, meter: string | null): ReserveAnswer {
  switch (outcome.outcome) {
    case "done":
    case "duplicate":
      return { ...decided(outcome), reservation: toView(outcome.reservation) };
    case "daily_limit":
    case "hard_cap":
      return { ...denied(outcome), reservation: null };
    case "mismatch":
      throw keyMismatch({ reservationId: encodeId("res", outcome.reservation.id) });
    default:
      throw refusalOf(outcome.outcome, meter);
  }
}

export interface CommitInput {
  /** Raw UUID. */
  reservationId: string;
  /** Absent: what was reserved. */
  quantity?: number | undefined;
  idempotencyKey?: string | undefined;
}

export interface CommitAnswer extends Decision {
  /** The window that has no room for more than was reserved is over: waiting does not help. */
  windowEnded: boolean;
  acceptedQuantity: number;
  /** Units above the hard cap, written because they had already happened. */
  overCapQuantity: number;
  /** The reservation's time was over: the units were recorded, whether there was room or not. */
  afterExpiry: boolean;
  eventId: string | null;
}

/**
 * Writes what was used in place of a hold. Up to what was reserved it always fits; more is taken if there is room, else
 * nothing is written and the hold stays.
 * @throws DomainError reservation_not_open, resource_not_found, idempotency_mismatch
 */
export async function commit(
  context: Context,
  caller: UsageCaller,
  input: CommitInput,
): Promise<CommitAnswer> {
  const { reservationId, quantity = null, idempotencyKey = null } = input;
  const call = { ...caller, reservationId, quantity, key: idempotencyKey, eventId: uuidv7() };
  return toCommitAnswer(await commitReservation(context.db, call));
}

function toCommitAnswer(outcome: CommitOutcome): CommitAnswer {
  switch (outcome.outcome) {
    case "done":
    case "duplicate":
      return {
        ...decided(outcome),
        windowEnded: false,
        acceptedQuantity: outcome.accepted,
        overCapQuantity: outcome.overCap,
        afterExpiry: outcome.afterExpiry,
        eventId: encodeId("evt", outcome.eventId),
      };
    case "daily_limit":
    case "hard_cap":
      return {
        ...denied(outcome),
        windowEnded: outcome.ended,
        acceptedQuantity: 0,
        overCapQuantity: 0,
        afterExpiry: false,
        eventId: null,
      };
    case "mismatch":
      throw keyMismatch({ eventId: encodeId("evt", outcome.eventId) });
    default:
      throw reservationRefusal(outcome);
  }
}

export interface ReleaseAnswer extends Headroom {
  reservation: ReservationView;
}

/** Gives a hold back unused. @throws DomainError reservation_not_open, resource_not_found */
export async function release(
  context: Context,
  caller: UsageCaller,
  { reservationId }: { reservationId: string },
): Promise<ReleaseAnswer> {
  const outcome = await releaseReservation(context.db, { ...caller, reservationId });
  if (outcome.outcome !== "done") {
    throw reservationRefusal(outcome);
  }
  return { reservation: toView(outcome.reservation), ...headroomOf(outcome.gate) };
}

function reservationRefusal(outcome: Exclude<ReleaseOutcome, { outcome: "done" }>): DomainError {
  switch (outcome.outcome) {
    case "not_found":
      return new DomainError("resource_not_found", "The organization has no such reservation.");
    case "not_open":
      return new DomainError("reservation_not_open", "This reservation is not open any more.", {
        status: outcome.status,
      });
    default:
      return refusalOf(outcome.outcome, null);
  }
}

function decided({
  outcome,
  gate,
}: Extract<ReserveOutcome | CommitOutcome, { outcome: "done" | "duplicate" }>) {
  return {
    allowed: true,
    reason: null,
    retryAfterSeconds: null,
    duplicate: outcome === "duplicate",
    ...headroomOf(gate),
  };
}

function denied(outcome: ReservationDenial) {
  return {
    allowed: false,
    reason: outcome.outcome,
    retryAfterSeconds: outcome.ended ? null : secondsUntilReset(outcome),
    duplicate: false,
    ...headroomOf(outcome.gate),
  };
}

function toView({ expiresAt, id, ...state }: ReservationState): ReservationView {
  return { id: encodeId("res", id), ...state, expiresAt: expiresAt.toISOString() };
}
