import { type Backlog, letGo } from "./backlog.ts";
import { createKey } from "./keys.ts";
import { isMeterError, type KeyedEvent, MeterError } from "./meter-errors.ts";
import { deliver, rejectAll } from "./record-delivery.ts";
import type { Entry, RecordResult } from "./record-entries.ts";
import { withTimeout } from "./retries.ts";
import { createSlots } from "./slots.ts";
import type { RecordInput, UsageClient } from "./usage-client.ts";

export type BatchOptions = {
  /** Events in one request, 1 to 1,000; 1,000 unless given. */
  maxEvents?: number;
  /** How long an event waits for others, in milliseconds; 1,000 unless given. */
  maxAgeMs?: number;
  /** Events and commits that may wait, those on their way included; 10,000 unless given. Beyond, calls are rejected. */
  maxBuffered?: number;
};

export type RecordBuffer = {
  /** @throws MeterError what became of it instead of being counted. */
  record(input: RecordInput): Promise<RecordResult>;
  /** An event whose key may have been counted by a `consume` whose answer was lost: then that is the count. */
  recordOnceMore(event: KeyedEvent): Promise<void>;
};

/** A body may have 1 MiB; the rest is room for what surrounds the events. */
const largestRequest = 1_000_000;
const mostEvents = 1_000;
const requestTimeoutMs = 10_000;
const mostRequestsAtOnce = 4;

type Lane = {
  waiting: Entry[];
  bytes: number;
  /** How many of those that wait are to be sent now. */
  due: number;
  running: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
};

/** Gathers events, each organization's by itself, and sends them in their order, one request of each at a time. */
export function createRecordBuffer(
  client: UsageClient,
  backlog: Backlog,
  { maxEvents = mostEvents, maxAgeMs = 1_000 }: BatchOptions,
): RecordBuffer {
  const lanes = new Map<string, Lane>();
  const slots = createSlots(mostRequestsAtOnce);
  const most = Math.min(Math.max(1, maxEvents), mostEvents);
  backlog.onFlush(() => {
    for (const [organizationId, lane] of lanes) sendAll(organizationId, lane);
  });

  async function record(input: RecordInput): Promise<RecordResult> {
    const event = keyedEvent(input);
    if (backlog.isClosed()) throw new MeterError("closed", { event }, "The meter is closed");
    if (backlog.isFull()) {
      throw new MeterError("buffer_full", { event }, "Too many events wait for Headroom already");
    }
    const bytes = sizeOf(event);
    const result = new Promise<RecordResult>((resolve, reject) => {
      enqueue(event.organizationId ?? "current", { event, bytes, resolve, reject });
    });
    backlog.add(result);
    return result;
  }

  function enqueue(organizationId: string, entry: Entry): void {
    const lane = lanes.get(organizationId) ?? emptyLane();
    lanes.set(organizationId, lane);
    lane.waiting.push(entry);
    lane.bytes += entry.bytes;
    if (isFull(lane)) void run(organizationId, lane);
    else arm(organizationId, lane);
  }

  const isFull = (lane: Lane) => lane.waiting.length >= most || lane.bytes >= largestRequest;

  function arm(organizationId: string, lane: Lane): void {
    if (lane.timer !== undefined) return;
    lane.timer = setTimeout(() => sendAll(organizationId, lane), maxAgeMs);
    letGo(lane.timer);
  }

  function sendAll(organizationId: string, lane: Lane): void {
    lane.due = lane.waiting.length;
    void run(organizationId, lane);
  }

  async function run(organizationId: string, lane: Lane): Promise<void> {
    clearTimeout(lane.timer);
    lane.timer = undefined;
    if (lane.running) return;
    lane.running = true;
    const givenUp = backlog.givenUp();
    const send = (events: readonly KeyedEvent[]) => slots(() => request(organizationId, events, givenUp));
    while (lane.due > 0 || isFull(lane)) {
      await deliver(take(lane), { send, pause: backlog.pause, givenUp });
      if (givenUp.aborted) rejectAll(takeAll(lane), "undelivered", "Headroom could not be asked");
    }
    lane.running = false;
    if (lane.waiting.length > 0) arm(organizationId, lane);
    else {
      clearTimeout(lane.timer);
      lanes.delete(organizationId);
    }
  }

  function take(lane: Lane): Entry[] {
    let count = 0;
    let bytes = 0;
    for (const entry of lane.waiting) {
      if (count > 0 && (count >= most || bytes + entry.bytes > largestRequest)) break;
      count += 1;
      bytes += entry.bytes;
    }
    lane.due = Math.max(0, lane.due - count);
    lane.bytes -= bytes;
    return lane.waiting.splice(0, count);
  }

  function request(organizationId: string, events: readonly KeyedEvent[], givenUp: AbortSignal) {
    const input = { organizationId, events: events.map(({ organizationId: _, ...event }) => event) };
    // Alone in its request: the events of one must not make that of another too large.
    const context = { alone: true };
    const attempt = (signal: AbortSignal) => client.usage.record.mutate(input, { signal, context });
    return withTimeout(attempt, requestTimeoutMs, givenUp);
  }

  return {
    record,
    async recordOnceMore(event) {
      try {
        await record(event);
      } catch (error) {
        if (!isMeterError(error, "mismatch")) throw error;
      }
    },
  };
}

/** The event with its key and its moment, both of now when it names none. */
export function keyedEvent(input: RecordInput): KeyedEvent {
  return {
    ...input,
    idempotencyKey: input.idempotencyKey ?? createKey(),
    occurredAt: input.occurredAt ?? new Date().toISOString(),
  };
}

function sizeOf(event: KeyedEvent): number {
  try {
    return new TextEncoder().encode(JSON.stringify(event)).length + 1;
  } catch (error) {
    throw new MeterError("refused", { event }, "The event cannot be written as JSON", error);
  }
}

function emptyLane(): Lane {
  return { waiting: [], bytes: 0, due: 0, running: false, timer: undefined };
}

function takeAll(lane: Lane): Entry[] {
  lane.due = 0;
  lane.bytes = 0;
  return lane.waiting.splice(0);
}
