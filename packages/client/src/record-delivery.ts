import { isHeadroomError } from "./errors.ts";
import { type KeyedEvent, MeterError } from "./meter-errors.ts";
import { namedIn } from "./record-blame.ts";
import type { Entry } from "./record-entries.ts";
import { isOutage } from "./retries.ts";
import type { RecordAnswer } from "./usage-client.ts";

export type Delivery = {
  send(events: readonly KeyedEvent[]): Promise<RecordAnswer>;
  /** Waits longer with each failure; answers how many count from now on. */
  pause(failures: number): Promise<number>;
  givenUp: AbortSignal;
};

/** How old an event may be when Headroom takes it. */
const latestEventMs = 35 * 24 * 60 * 60_000;

/**
 * Sends the events of one organization until each has its result. Through outages the same request is tried again,
 * with the same keys. A refusal names no event, or some: those are rejected and the rest is sent again; when none is
 * named, the request is halved, so that one bad event never takes the others with it.
 */
export async function deliver(entries: readonly Entry[], delivery: Delivery): Promise<void> {
  const parts: (readonly Entry[])[] = [entries];
  let failures = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part.length === 0) continue;
    try {
      if (delivery.givenUp.aborted) throw new Error("The meter has ended");
      settle(part, await delivery.send(part.map(({ event }) => event)));
      failures = 0;
    } catch (error) {
      if (!isPassing(error)) parts.unshift(...divide(part, error));
      else if (delivery.givenUp.aborted) rejectAll(part, "undelivered", "Headroom could not be asked", error);
      else {
        parts.unshift(part);
        failures = await delivery.pause(failures);
        parts[0] = withoutExpired(part, error);
      }
    }
  }
}

function settle(part: readonly Entry[], { results }: RecordAnswer): void {
  for (const [index, { event, resolve, reject }] of part.entries()) {
    const result = results[index];
    if (result === undefined) {
      reject(new MeterError("refused", { event }, "Headroom's answer has no result for this event"));
    } else if (result.status === "mismatch") {
      const message = `This idempotency key was used with another payload, by ${result.eventId}`;
      reject(new MeterError("mismatch", { event }, message));
    } else {
      resolve({ ...result, idempotencyKey: event.idempotencyKey });
    }
  }
}

/** Rejects what the refusal is about; answers what is still to be sent, in its order. */
function divide(part: readonly Entry[], error: unknown): (readonly Entry[])[] {
  const named = part.length === 1 || concernsAll(error) ? new Set(part) : namedIn(error, part);
  if (named.size > 0) {
    rejectAll(named, "refused", error instanceof Error ? error.message : "Headroom refused it", error);
    return [part.filter((entry) => !named.has(entry))];
  }
  const middle = Math.ceil(part.length / 2);
  return [part.slice(0, middle), part.slice(middle)];
}

/** What is about the credential or the organization is about every event alike. */
function concernsAll(error: unknown): boolean {
  return isHeadroomError(
    error,
    "unauthenticated",
    "token_expired",
    "forbidden",
    "organization_not_found",
    "no_active_organization",
  );
}

function isPassing(error: unknown): boolean {
  return isOutage(error) || isHeadroomError(error, "rate_limited");
}

function withoutExpired(part: readonly Entry[], cause: unknown): readonly Entry[] {
  const oldest = Date.now() - latestEventMs;
  const expired = part.filter(({ event }) => Date.parse(event.occurredAt) < oldest);
  rejectAll(expired, "expired", "Headroom could not be asked before the event was 35 days old", cause);
  return expired.length === 0 ? part : part.filter((entry) => !expired.includes(entry));
}

export function rejectAll(
  entries: Iterable<Entry>,
  code: MeterError["code"],
  message: string,
  cause?: unknown,
): void {
  for (const { event, reject } of entries) reject(new MeterError(code, { event }, message, cause));
}
