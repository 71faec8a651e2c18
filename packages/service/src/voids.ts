import { type EventReference, voidEvent } from "@headroom/db/voids";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { type Headroom, headroomOf, keyBirthday } from "@headroom/domain/usage";
import { invalidField } from "@headroom/domain/validation";
import { currentRequestId } from "@headroom/platform/request-ids";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";
import type { UsageCaller } from "./usage.ts";
import { refusalOf } from "./usage-refusals.ts";

/** An event by its id (a raw UUID), or by its key and meter (the default one when absent). */
export interface VoidInput {
  eventId?: string | undefined;
  idempotencyKey?: string | undefined;
  meter?: string | undefined;
}

export interface VoidAnswer extends Headroom {
  /** The row that takes the event back. */
  eventId: string;
  voidedEventId: string;
  meter: string;
  /** Units that were given back. */
  quantity: number;
  duplicate: boolean;
}

/**
 * Takes an event back: its units leave its day and the period that counted it, closed or not. Once; again
 * answers the first void.
 * @throws DomainError resource_not_found, validation_failed for an event that is a void itself or is named in two ways
 */
export async function voidUsage(
  context: Pick<ServiceContext, "db">,
  caller: UsageCaller,
  input: VoidInput,
): Promise<VoidAnswer> {
  const outcome = await voidEvent(context.db, {
    ...caller,
    event: toReference(input),
    id: uuidv7(),
    requestId: currentRequestId(),
  });
  switch (outcome.outcome) {
    case "done":
    case "duplicate":
      return {
        eventId: encodeId("evt", outcome.eventId),
        voidedEventId: encodeId("evt", outcome.voidedId),
        meter: outcome.meter,
        quantity: outcome.quantity,
        duplicate: outcome.outcome === "duplicate",
        ...headroomOf(outcome.gate),
      };
    case "not_found":
      throw new DomainError("resource_not_found", "The organization has no such event.");
    case "is_void":
      throw invalidField("eventId", "is a void itself");
    default:
      throw refusalOf(outcome.outcome, input.meter ?? null);
  }
}

function toReference(input: VoidInput): EventReference {
  const { eventId, idempotencyKey: key, meter } = input;
  if (eventId !== undefined) {
    const [second] = Object.entries({ idempotencyKey: key, meter }).filter(
      ([, value]) => value !== undefined,
    );
    if (second !== undefined) {
      throw invalidField(second[0], "cannot be given with the id of the event, which says it all");
    }
    return { eventId };
  }
  if (key === undefined) {
    throw invalidField("eventId", "is required, or else the key of the event, with its meter");
  }
  return { meter: meter ?? null, key, bornOn: keyBirthday(key, Date.now()) };
}
