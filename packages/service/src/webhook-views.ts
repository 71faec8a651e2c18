import type { AttemptRow, DeliveryRow } from "@headroom/db/webhook-deliveries";
import type { WebhookRow } from "@headroom/db/webhooks";
import type { EventName } from "@headroom/domain/events";
import { encodeId } from "@headroom/domain/ids";
import type { AttemptError, DeliveryStatus, DisabledReason, WebhookStatus } from "@headroom/domain/webhooks";

export interface WebhookView {
  id: string;
  organizationId: string;
  url: string;
  description: string;
  /** Empty: every event. */
  events: EventName[];
  status: WebhookStatus;
  /** Why it was disabled by itself; null when it was not, or by hand. */
  disabledReason: DisabledReason | null;
  /** The first failure since the last success, real time. */
  failingSince: string | null;
  /** Until when the secret before the last rotation signs too, real time. */
  previousSecretUntil: string | null;
  createdBy: string | null;
  createdAt: string;
  updatedAt: string;
}

/** An endpoint and, for whoever has just made it, its secret. Told once: null when the call is repeated. */
export interface IssuedWebhook extends WebhookView {
  secret: string | null;
}

/** `now` is real time. */
export function toWebhookView(row: WebhookRow, now = Date.now()): WebhookView {
  const until = row.previous_secret_until;
  return {
    id: encodeId("whk", row.id),
    organizationId: encodeId("org", row.organization_id),
    url: row.url,
    description: row.description,
    events: row.events as EventName[],
    status: row.status as WebhookStatus,
    disabledReason: row.disabled_reason as DisabledReason | null,
    failingSince: row.failing_since?.toISOString() ?? null,
    previousSecretUntil: until !== null && until.getTime() > now ? until.toISOString() : null,
    createdBy: row.created_by === null ? null : encodeId("usr", row.created_by),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export interface WebhookAttemptView {
  attempt: number;
  at: string;
  durationMs: number;
  responseStatus: number | null;
  error: AttemptError | null;
}

/** Times are real time. */
export interface WebhookDeliveryView {
  eventId: string;
  eventSeq: number;
  name: EventName;
  status: DeliveryStatus;
  /** The latest ones, latest first. */
  attempts: WebhookAttemptView[];
  /** null: none is to come. */
  nextAttemptAt: string | null;
  createdAt: string;
  deliveredAt: string | null;
}

export function toDeliveryView(row: DeliveryRow, attempts: readonly AttemptRow[]): WebhookDeliveryView {
  return {
    eventId: encodeId("evt", row.eventId),
    eventSeq: row.seq,
    name: row.name as EventName,
    status: row.status as DeliveryStatus,
    attempts: attempts.filter((attempt) => attempt.seq === row.seq).map(toAttemptView),
    nextAttemptAt: row.status === "pending" ? row.nextAttemptAt.toISOString() : null,
    createdAt: row.createdAt.toISOString(),
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
  };
}

function toAttemptView(row: AttemptRow): WebhookAttemptView {
  return {
    attempt: row.attempt,
    at: row.at.toISOString(),
    durationMs: row.durationMs,
    responseStatus: row.responseStatus,
    error: row.error as AttemptError | null,
  };
}
