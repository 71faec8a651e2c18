import type { Database } from "@headroom/db/client";
import { sqlState } from "@headroom/db/retry";
import { consumeUsage, translateOverflow, type UsageOutcome, type UsageRequest } from "@headroom/db/usage";
import { DomainError } from "@headroom/domain/errors";

/** Takes usage events of any callers and answers each its own. */
export interface UsageLane {
  /** @throws unavailable when the queue is full or the database cannot be asked; nothing was decided then. */
  submit(request: UsageRequest): Promise<UsageOutcome>;
}

interface Waiting {
  request: UsageRequest;
  resolve: (outcome: UsageOutcome) => void;
  reject: (error: unknown) => void;
}

export interface LaneOptions {
  /** Events in one statement at most. */
  batch?: number;
  /** Events that may wait at most; beyond, callers are refused at once instead of queued up. */
  queue?: number;
}

/**
 * A self-clocking batcher: while a statement runs, events gather, and its return sends them. No timer, so a lone
 * event waits for nobody, and batches grow by themselves under load.
 */
export function createUsageLane(database: Database, options: LaneOptions = {}): UsageLane {
  const { batch = 512, queue = 20_000 } = options;
  const waiting: Waiting[] = [];
  let running = false;

  async function drain(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      await settle(database, waiting.splice(0, batch));
    }
    running = false;
  }

  function submit(request: UsageRequest): Promise<UsageOutcome> {
    if (waiting.length >= queue) {
      return Promise.reject(
        new DomainError("unavailable", "Too many usage events are waiting, try again shortly"),
      );
    }
    return new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject });
      if (!running) {
        running = true;
        // After this tick's other callers have joined.
        setImmediate(() => void drain());
      }
    });
  }

  return { submit };
}

async function settle(database: Database, batch: Waiting[]): Promise<void> {
  try {
    const outcomes = await consumeUsage(
      database,
      batch.map((one) => one.request),
    );
    batch.forEach((one, index) => {
      one.resolve(outcomes[index] as UsageOutcome);
    });
  } catch (error) {
    if (batch.length > 1 && isAboutOneEvent(error)) {
      // One caller's bad event must not fail the others': each alone. Ids and keys stay, so nothing counts twice.
      for (const one of batch) {
        await settle(database, [one]);
      }
      return;
    }
    for (const one of batch) {
      one.reject(translateOverflow(error));
    }
  }
}

// Classes 22 (data exception) and 23 (constraint) come from the content of an event; everything else from the database.
function isAboutOneEvent(error: unknown): boolean {
  return /^2[23]/.test(sqlState(error));
}
