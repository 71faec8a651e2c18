import { hash } from "node:crypto";
import { readNow } from "@headroom/db/clock";
import { overflow, recordUsage } from "@headroom/db/usage";
import { type MeterStatus, readUsageStatus } from "@headroom/db/usage-readings";
import type { UsageOutcome, UsageRequest } from "@headroom/db/usage-requests";
import { encodeId } from "@headroom/domain/ids";
import {
  decideRefusal,
  faultOfKey,
  faultOfTime,
  type Headroom,
  headroomOf,
  keyBirthday,
  payloadText,
  type RefusalReason,
  type UsageMode,
  type UsagePayload,
} from "@headroom/domain/usage";
import { type FieldFault, invalidFields } from "@headroom/domain/validation";
import { uuidv7 } from "@headroom/platform/uuid";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import type { UsageLane } from "./usage-lane.ts";
import { keyMismatch, refusalOf } from "./usage-refusals.ts";

/** What meters usage: the credential is checked with the event, in the same statement. */
export interface UsageCaller {
  /** SHA-256 of the API key. */
  credential: Buffer;
  /** Raw UUID; null: the key's own organization. */
  organizationId: string | null;
}

export interface UsageEventInput {
  meter?: string | undefined;
  quantity: number;
  idempotencyKey?: string | undefined;
  /** Raw UUID of the user. */
  memberId?: string | undefined;
  properties?: Record<string, unknown> | undefined;
}

export interface ConsumeInput extends UsageEventInput {
  mode: UsageMode;
}

export interface RecordInput extends UsageEventInput {
  occurredAt?: string | undefined;
}

export interface ConsumeAnswer extends Headroom {
  allowed: boolean;
  reason: RefusalReason | null;
  /** Seconds until the window that refused begins anew; null when allowed. */
  retryAfterSeconds: number | null;
  acceptedQuantity: number;
  /** Units above the hard cap, written because they had already happened. */
  overCapQuantity: number;
  eventId: string | null;
  duplicate: boolean;
}

/** Checks and takes in one atomic step. A refusal for a limit is an answer, not an error. */
export async function consume(
  lane: UsageLane,
  caller: UsageCaller,
  input: ConsumeInput,
): Promise<ConsumeAnswer> {
  return answerOf(await lane.submit(toRequest(caller, input, input.mode, null)), input.meter ?? null);
}

export type RecordResult =
  | { status: "recorded" | "duplicate"; eventId: string; overCapQuantity: number }
  | { status: "mismatch"; eventId: string };

/**
 * Records events that have already happened, up to 1,000. Validity is all or nothing: one bad event and none is
 * written. Duplicates and mismatches are results of their own.
 * @param listed whether they came as a list, so that a refusal says which of them it is about.
 */
export async function record(
  context: Pick<ServiceContext, "db">,
  caller: UsageCaller,
  events: readonly RecordInput[],
  listed = events.length > 1,
): Promise<RecordResult[]> {
  const timed = events.some(({ occurredAt }) => occurredAt !== undefined);
  const now = timed ? (await readNow(context.db)).getTime() : 0;
  const faults = events.flatMap((event, index) => faultsOf(event, now, listed ? `events.${index}.` : ""));
  if (faults.length > 0) {
    throw invalidFields(faults);
  }
  const requests = events.map((event) => toRequest(caller, event, "record", event.occurredAt ?? null));
  const outcomes = await recordUsage(context.db, requests, listed ? "events" : "quantity");
  if (!Array.isArray(outcomes)) {
    const { refusal, index } = outcomes;
    throw refusalOf(refusal, events[index]?.meter ?? null, listed ? { index } : {});
  }
  return outcomes.map(toRecordResult);
}

/** Times are of the organizations' clock, keys of the real one. */
function faultsOf({ occurredAt, idempotencyKey }: RecordInput, now: number, place: string): FieldFault[] {
  const time = occurredAt === undefined ? null : faultOfTime(Date.parse(occurredAt), now);
  const key = idempotencyKey === undefined ? null : faultOfKey(idempotencyKey, Date.now());
  return [
    ...(time === null ? [] : [{ path: `${place}occurredAt`, message: time }]),
    ...(key === null ? [] : [{ path: `${place}idempotencyKey`, message: key }]),
  ];
}

export interface CheckInput {
  meter?: string | undefined;
  quantity: number;
}

export interface CheckAnswer extends Headroom {
  allowed: boolean;
  reason: RefusalReason | null;
}

/**
 * What a consume of `quantity` would answer now. Takes nothing.
 * @param known how the meters stand, when that was found with the actor (`usageFoundWith`)
 */
export async function check(
  context: Pick<ServiceContext, "db" | "configuration">,
  access: Access,
  input: CheckInput,
  known?: readonly MeterStatus[],
): Promise<CheckAnswer> {
  const meter = input.meter ?? context.configuration.defaultMeter;
  const statuses = known ?? (await readUsageStatus(context.db, access.organizationId));
  const status = statuses.find((one) => one.meter === meter);
  if (!status) {
    throw refusalOf("unknown_meter", meter);
  }
  const reason = decideRefusal(status, input.quantity);
  return { allowed: reason === null, reason, ...headroomOf(status) };
}

function toRequest(
  caller: UsageCaller,
  event: UsageEventInput,
  mode: UsageMode,
  occurredAt: string | null,
): UsageRequest {
  const { quantity, memberId = null, properties = null, meter = null } = event;
  const key = event.idempotencyKey ?? uuidv7();
  return {
    ...caller,
    meter,
    key,
    bornOn: keyBirthday(key, Date.now()),
    id: uuidv7(),
    quantity,
    mode,
    memberId,
    occurredAt,
    fingerprint: fingerprintOf({ quantity, mode, memberId, occurredAt, properties }),
    properties,
  };
}

// Most events are so many units and nothing else: each of those payloads is hashed once.
const fingerprints: Record<UsageMode, Map<number, Buffer>> = {
  reject: new Map(),
  cap: new Map(),
  record: new Map(),
};

function fingerprintOf(payload: UsagePayload): Buffer {
  const { quantity, mode, memberId, occurredAt, properties } = payload;
  if (memberId !== null || occurredAt !== null || properties !== null) return hashOf(payload);
  const known = fingerprints[mode].get(quantity);
  if (known !== undefined) return known;
  const fingerprint = hashOf(payload);
  if (fingerprints[mode].size < 1_000) fingerprints[mode].set(quantity, fingerprint);
  return fingerprint;
}

function hashOf(payload: UsagePayload): Buffer {
  return hash("sha256", payloadText(payload), "buffer");
}

function answerOf(outcome: UsageOutcome, meter: string | null): ConsumeAnswer {
  switch (outcome.outcome) {
    case "accepted":
    case "duplicate":
      return {
        allowed: true,
        reason: null,
        retryAfterSeconds: null,
        acceptedQuantity: outcome.accepted,
        overCapQuantity: outcome.overCap,
        eventId: encodeId("evt", outcome.eventId),
        duplicate: outcome.outcome === "duplicate",
        ...headroomOf(outcome.gate),
      };
    case "daily_limit":
    case "hard_cap":
      return {
        allowed: false,
        reason: outcome.outcome,
        retryAfterSeconds: secondsUntilReset(outcome),
        acceptedQuantity: 0,
        overCapQuantity: 0,
        eventId: null,
        duplicate: false,
        ...headroomOf(outcome.gate),
      };
    case "mismatch":
      throw keyMismatch({ eventId: encodeId("evt", outcome.eventId) });
    case "overflow":
      throw overflow();
    default:
      throw refusalOf(outcome.outcome, meter);
  }
}

/** Seconds until the window that has no room begins anew. */
export function secondsUntilReset({ outcome, at, gate }: Extract<UsageOutcome, { at: Date }>): number {
  const reset = Date.parse(outcome === "daily_limit" ? gate.dayEnd : gate.periodEnd);
  return Math.max(1, Math.ceil((reset - at.getTime()) / 1000));
}

function toRecordResult(outcome: UsageOutcome): RecordResult {
  switch (outcome.outcome) {
    case "accepted":
    case "duplicate":
      return {
        status: outcome.outcome === "accepted" ? "recorded" : "duplicate",
        eventId: encodeId("evt", outcome.eventId),
        overCapQuantity: outcome.overCap,
      };
    case "mismatch":
      return { status: "mismatch", eventId: encodeId("evt", outcome.eventId) };
    default:
      throw new Error(`a recorded event cannot be refused: ${outcome.outcome}`);
  }
}
