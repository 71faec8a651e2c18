import type { EventName } from "./events.ts";
import { encodeId } from "./ids.ts";

/** Endpoints of one organization at most. */
export const mostWebhooks = 20;

/** After a rotation the old secret signs too for this long, real time. */
export const rotationHours = 24;

/** Deliveries and their attempts are kept for this long, real time. */
export const deliveryRetentionDays = 35;

export const webhookStatuses = ["enabled", "disabled"] as const;
export type WebhookStatus = (typeof webhookStatuses)[number];

/** Why an endpoint was disabled that nobody disabled by hand: it answered 410, or nothing went well for days. */
export const disabledReasons = ["gone", "failing"] as const;
export type DisabledReason = (typeof disabledReasons)[number];

export const deliveryStatuses = ["pending", "delivered", "failed"] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** Why an attempt got no answer. */
export const attemptErrors = [
  "timeout",
  "host_not_found",
  "address_refused",
  "connection_failed",
  "tls_failed",
  "url_refused",
  "secret_unreadable",
] as const;
export type AttemptError = (typeof attemptErrors)[number];

const hour = 3_600;
const day = 24 * hour;

/** Seconds before each retry: 11 attempts in about three days. */
export const retryDelays = [5, 30, 120, 600, hour, 3 * hour, 6 * hour, 12 * hour, day, day] as const;

const longestRetryAfter = day;
const longestFailure = 5 * day;

/**
 * Seconds until the next attempt after `failures` attempts have failed, up to a fifth more than the table says so that
 * what failed together is not tried together; null when the attempts are used up. `random` is in [0, 1),
 * `retryAfter` the seconds that the receiver asked for: they count when they are more, up to a day.
 */
export function retryDelay(failures: number, random: number, retryAfter: number | null): number | null {
  const delay = retryDelays[failures - 1];
  if (delay === undefined) {
    return null;
  }
  return Math.max(delay * (1 + random / 5), Math.min(retryAfter ?? 0, longestRetryAfter));
}

/** What an attempt came to: the receiver's answer, or why there was none. */
export interface AttemptResult {
  status: number | null;
  error: AttemptError | null;
  /** Seconds. */
  retryAfter: number | null;
  durationMs: number;
}

/** True for an answer of the 2xx class. A redirect is none: it is not followed. */
export function isDelivered({ status }: Pick<AttemptResult, "status">): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** What becomes of a delivery after an attempt. */
export type DeliveryDecision =
  | { status: "delivered" | "failed"; retryInSeconds?: undefined }
  | { status: "pending"; retryInSeconds: number };

/** `failures` counts this attempt, if it failed, and those before it since the delivery was asked for. */
export function decideDelivery(result: AttemptResult, failures: number, random: number): DeliveryDecision {
  if (isDelivered(result)) {
    return { status: "delivered" };
  }
  const retryInSeconds = result.status === 410 ? null : retryDelay(failures, random, result.retryAfter);
  return retryInSeconds === null ? { status: "failed" } : { status: "pending", retryInSeconds };
}

/** Why the endpoint is to be disabled after this attempt, or null. `failingSeconds`: since the first failure in a row. */
export function decideDisabling(result: AttemptResult, failingSeconds: number): DisabledReason | null {
  if (result.status === 410) {
    return "gone";
  }
  return !isDelivered(result) && failingSeconds >= longestFailure ? "failing" : null;
}

export interface WebhookMessage {
  /** `evt_…`: the same on every attempt. */
  id: string;
  /** JSON: the same bytes on every attempt. */
  body: string;
}

/** The message that tells of an event (Standard Webhooks). Ids are raw UUIDs, `at` is ISO 8601. */
export function composeMessage(event: {
  organizationId: string;
  seq: number;
  id: string;
  name: EventName;
  payload: Readonly<Record<string, unknown>>;
  at: string;
}): WebhookMessage {
  const data = { organizationId: encodeId("org", event.organizationId), seq: event.seq, ...event.payload };
  return {
    id: encodeId("evt", event.id),
    body: JSON.stringify({ type: event.name, timestamp: event.at, data }),
  };
}
