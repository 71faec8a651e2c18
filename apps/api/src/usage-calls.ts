import { DomainError } from "@headroom/domain/errors";
import type { RefusalReason } from "@headroom/domain/usage";
import { invalidField } from "@headroom/domain/validation";
import type { CheckAnswer } from "@headroom/service/usage";
import { z } from "zod";
import { organizationReference, quantity, safeText, userIdInput } from "./inputs.ts";

const longestKey = 200;

/** A meter by its name. */
export const meter = safeText(64).optional().describe("The default meter when absent");

/** The fields of everything that takes units. */
export const event = {
  meter,
  quantity,
  idempotencyKey: safeText(longestKey)
    .optional()
    .describe(
      "Unique per organization and meter for at least 40 days; best a UUIDv7. The server makes one when absent",
    ),
  memberId: userIdInput.optional().describe("The user who caused it"),
  properties: z
    .record(safeText(64), z.union([safeText(500, 0), z.number(), z.boolean(), z.null()]))
    .refine((fields) => Object.keys(fields).length <= 20, "has more than 20 fields")
    .optional()
    .describe("Up to 20 of the caller's own fields"),
};

/** The whole input of a call that meters; the organization is the key's own unless it is named. */
export function usageInput<const Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject({ organizationId: organizationReference.default("current"), ...shape });
}

/**
 * The `Idempotency-Key` header is the key of an event that names none itself; of several, each by its place.
 * @throws DomainError validation_failed where that is longer than a key may be
 */
export function withHeaderKey<Event extends { idempotencyKey?: string | undefined }>(
  header: string | null,
  events: readonly Event[],
): readonly Event[] {
  if (header === null) return events;
  const keyOf = (index: number) => (events.length === 1 ? header : `${header}:${index}`);
  if (keyOf(events.length - 1).length > longestKey) {
    throw invalidField("Idempotency-Key", `makes a key of more than ${longestKey} characters`);
  }
  return events.map((event, index) => ({ ...event, idempotencyKey: event.idempotencyKey ?? keyOf(index) }));
}

/** A refusal for a limit as REST answers it: typed callers get it as a value. */
export function limitRefusal(output: unknown): DomainError | null {
  const answer = output as CheckAnswer & { retryAfterSeconds: number | null; windowEnded?: boolean };
  const { allowed, reason, retryAfterSeconds, windows } = answer;
  if (allowed || reason === null) return null;
  const window = reason === "daily_limit" ? windows.day : windows.period;
  return new DomainError(reason, refusalText[reason], {
    acceptedQuantity: 0,
    overCapQuantity: 0,
    eventId: null,
    duplicate: false,
    windows,
    included: answer.included,
    overage: answer.overage,
    maxOverage: answer.maxOverage,
    hardCap: answer.hardCap,
    remaining: answer.remaining,
    retryAfterSeconds,
    limit: window.limit,
    used: window.used,
    resetsAt: window.resetsAt,
    ...(answer.windowEnded === true ? { windowEnded: true } : {}),
  });
}

const refusalText: Record<RefusalReason, string> = {
  daily_limit: "The units do not fit into this meter's daily limit.",
  hard_cap: "The units do not fit under this meter's hard cap: what is included and the max overage.",
};
