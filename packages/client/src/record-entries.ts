import type { KeyedEvent, MeterError } from "./meter-errors.ts";

/** What became of an event. `duplicate`: its key had been counted with the same payload, which counts once. */
export type RecordResult = {
  status: "recorded" | "duplicate";
  eventId: string;
  /** Units above the hard cap, written because they had already happened. */
  overCapQuantity: number;
  idempotencyKey: string;
};

/** An event that waits, and who waits for it. */
export type Entry = {
  event: KeyedEvent;
  /** How large it is in a request. */
  bytes: number;
  resolve(result: RecordResult): void;
  reject(error: MeterError): void;
};
