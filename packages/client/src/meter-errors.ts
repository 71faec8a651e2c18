import type { CommitInput, RecordInput } from "./usage-client.ts";

/** An event as it is sent: its key and its moment are made when `record` is called. */
export type KeyedEvent = RecordInput & { idempotencyKey: string; occurredAt: string };

/**
 * Why an event or a commit was not counted:
 * - `refused`: Headroom refused it; `cause` is the refusal, for `isHeadroomError`.
 * - `mismatch`: its key was used before with another payload, and that one was counted.
 * - `buffer_full`: too much waits already; this call was not taken.
 * - `closed`: the meter was closed before the call.
 * - `expired`: Headroom could not be asked for so long that the event is older than 35 days.
 * - `undelivered`: Headroom could not be asked until the meter was closed or the process ended.
 */
export type MeterErrorCode = "refused" | "mismatch" | "buffer_full" | "closed" | "expired" | "undelivered";

/** What the meter could not deliver. The key in `event` makes it safe to record the same once more. */
export class MeterError extends Error {
  override readonly name = "MeterError";
  readonly code: MeterErrorCode;
  /** The event, with its key and moment; null when this is about a commit. */
  readonly event: KeyedEvent | null;
  /** The commit; null when this is about an event. */
  readonly commit: CommitInput | null;

  constructor(
    code: MeterErrorCode,
    about: { event: KeyedEvent } | { commit: CommitInput },
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.event = "event" in about ? about.event : null;
    this.commit = "commit" in about ? about.commit : null;
  }
}

/** True for what a meter could not deliver, with one of `codes` when any is given. */
export function isMeterError(error: unknown, ...codes: readonly MeterErrorCode[]): error is MeterError {
  return error instanceof MeterError && (codes.length === 0 || codes.includes(error.code));
}

/**
 * Who is told of what was not counted; a line on the console without a listener. Nothing is dropped in silence, and no
 * event that is refused ends the process, as a rejection that nobody handles would.
 */
export function reporterOf(onRejected: (error: MeterError) => void = printRejected) {
  // A fault of the listener is the caller's, not a fault of the delivery that it would break off.
  return (error: MeterError): void => queueMicrotask(() => onRejected(error));
}

function printRejected({ code, message, event, commit }: MeterError): void {
  const what = event === null ? `commit of ${commit?.reservationId}` : `event ${event.idempotencyKey}`;
  // biome-ignore lint/suspicious/noConsole: there is no other place where it is seen.
  console.error(`Headroom did not count the ${what}: ${code}, ${message}`);
}
