import { createBacklog } from "./backlog.ts";
import { createKey } from "./keys.ts";
import { reporterOf } from "./meter-errors.ts";
import type { CallOptions, MeterOptions } from "./meter-options.ts";
import { askOr, type OutageOptions, settingsOf } from "./outages.ts";
import { createRecordBuffer, keyedEvent } from "./record-buffer.ts";
import type { RecordResult } from "./record-entries.ts";
import { createReservations, type Reservations } from "./reservations.ts";
import { type RetryOptions, tryRepeatedly } from "./retries.ts";
import type {
  CheckAnswer,
  CheckInput,
  ConsumeAnswer,
  ConsumeInput,
  RecordInput,
  UsageClient,
  VoidAnswer,
  VoidInput,
} from "./usage-client.ts";

/** `live` is Headroom's own answer; `fallback` is the caller's rule for when there is none. */
export type ConsumeResult =
  | (ConsumeAnswer & { source: "live"; idempotencyKey: string })
  | {
      allowed: boolean;
      source: "fallback";
      idempotencyKey: string;
      error: unknown;
      /** The units wait to be recorded (`recordAllowed`). */
      recording: boolean;
    };

export type CheckResult =
  | (CheckAnswer & { source: "live" })
  | { allowed: boolean; source: "fallback"; error: unknown };

type AskedCheck = CheckInput & { quantity: number };

export type Meter = Reservations & {
  /**
   * Checks and takes units in one step. The key is made before the first try, so a retry never counts twice. Rejects
   * only with refusals of the call itself (a wrong key or input, `isHeadroomError`), never with an outage.
   */
  consume(input: ConsumeInput, options?: CallOptions<ConsumeInput>): Promise<ConsumeResult>;
  /** What a consume would answer. Takes nothing and promises nothing. */
  check(input: CheckInput, options?: OutageOptions<AskedCheck>): Promise<CheckResult>;
  /**
   * Counts what has already happened. Waits for others, travels with them, and is tried again through outages. Resolves
   * when Headroom has it; rejects with a `MeterError`. The promise may be ignored: `onRejected` is told as well.
   */
  record(input: RecordInput): Promise<RecordResult>;
  /** Takes an event back. Rejects with an outage as well: ask again, nothing is taken back twice. */
  void(input: VoidInput, options?: RetryOptions): Promise<VoidAnswer>;
  /** Sends all that waits. Resolves when it is settled, or after `timeoutMs` (30,000); answers how much is left. */
  flush(timeoutMs?: number): Promise<number>;
  /** Takes no more events, sends what waits, and rejects what is left after `timeoutMs` (10,000) as `undelivered`. */
  close(timeoutMs?: number): Promise<void>;
  /** `close()`: for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
};

/** Metering for back ends, over a client with an API key that has the scope `usage:write`. One for the whole process. */
export function createMeter(client: UsageClient, options: MeterOptions = {}): Meter {
  const backlog = createBacklog(options.batch?.maxBuffered ?? 10_000, options.exit);
  const buffer = createRecordBuffer(client, backlog, options.batch ?? {});
  const report = reporterOf(options.onRejected);
  const canWait = () => !backlog.isClosed() && !backlog.isFull();
  const recordsAllowed = (call: { recordAllowed?: boolean }) =>
    call.recordAllowed ?? options.recordAllowed ?? false;
  /** Counts in the background what nobody waits for. */
  const recordLater = (input: RecordInput): void => {
    buffer.recordOnceMore(keyedEvent(input)).catch(report);
  };

  return {
    async consume(given, call = {}) {
      const idempotencyKey = given.idempotencyKey ?? createKey();
      const input = { ...given, idempotencyKey };
      const occurredAt = new Date().toISOString();
      const answer = await askOr(
        (signal) => client.usage.consume.mutate(input, { signal }),
        input,
        settingsOf(call, options),
      );
      if (answer.source === "live") return { ...answer, idempotencyKey };
      const recording = answer.allowed && recordsAllowed(call);
      if (!recording) return { ...answer, idempotencyKey, recording };
      if (!canWait()) return { ...answer, allowed: false, idempotencyKey, recording: false };
      const { mode: _, ...event } = input;
      recordLater({ ...event, occurredAt });
      return { ...answer, idempotencyKey, recording };
    },

    check({ quantity = 1, ...given }, call = {}) {
      const input = { ...given, quantity };
      return askOr((signal) => client.usage.check.query(input, { signal }), input, settingsOf(call, options));
    },

    record(input) {
      const result = buffer.record(input);
      result.catch(report);
      return result;
    },

    ...createReservations(client, { backlog, options, report, canWait, recordsAllowed, recordLater }),

    void(input, call = {}) {
      return tryRepeatedly(
        (signal) => client.usage.void.mutate(input, { signal }),
        settingsOf(call, options),
      );
    },

    flush: backlog.flush,
    close: backlog.close,
    [Symbol.asyncDispose]: () => backlog.close(),
  };
}
