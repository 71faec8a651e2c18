import type { FaultKind } from "./faults.ts";

/** One v1 request as it was served. */
export interface ServedRequest {
  /** 1, 2, 3 … in the order in which they were finished. */
  seq: number;
  /** By the sandbox's clock, ISO 8601. */
  at: string;
  method: string;
  path: string;
  query: string;
  idempotencyKey: string | null;
  /** What the API answered, whether or not the answer arrived; null when a fault kept the request from it. */
  status: number | null;
  /** The answer was an earlier one, given again for its idempotency key. */
  replayed: boolean;
  fault: FaultKind | null;
}

/** The latest v1 requests, in memory: a restart forgets them. */
export interface RequestLog {
  add(request: Omit<ServedRequest, "seq">): void;
  /** Those after `seq`, oldest first. */
  since(seq: number): ServedRequest[];
}

const kept = 10_000;

export function createRequestLog(most = kept): RequestLog {
  const entries: ServedRequest[] = [];
  let last = 0;
  return {
    add: (request) => {
      last += 1;
      entries.push({ seq: last, ...request });
      if (entries.length > most) entries.splice(0, entries.length - most);
    },
    since: (seq) => entries.filter((entry) => entry.seq > seq),
  };
}
