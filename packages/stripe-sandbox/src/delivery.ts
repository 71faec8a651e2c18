import type { Database } from "./database.ts";
import type { Delivery, DeliveryQueue } from "./delivery-queue.ts";
import type { SandboxLog } from "./log.ts";
import { bodyOf, recipientOf } from "./recipients.ts";
import { signatureHeader } from "./signature.ts";
import type { Store } from "./store.ts";

/** Sends what the queue holds until it is closed. */
export interface DeliveryEngine {
  /** Looks at the queue again, after something was added. */
  wake(): void;
  close(): Promise<void>;
}

export interface DeliveryOptions {
  database: Database;
  store: Store;
  queue: DeliveryQueue;
  log: SandboxLog;
  concurrency?: number;
  timeoutMs?: number;
}

/** Waits after the first, second, … failure, in milliseconds; the last one repeats. */
const backoff = [200, 500, 1000, 2000, 5000, 15_000, 60_000, 300_000, 1_800_000, 3_600_000];
const giveUpAfter = 3 * 86_400_000;

export function retryDelay(attempts: number): number {
  return backoff[Math.min(attempts, backoff.length - 1)] ?? 3_600_000;
}

/**
 * At least once, oldest first, a few at a time: an attempt is written down after it was answered, so a process
 * killed in between sends it again.
 */
export function startDelivery(options: DeliveryOptions): DeliveryEngine {
  const { queue, concurrency = 4 } = options;
  const inFlight = new Map<number, Promise<void>>();
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  function pump(): void {
    clearTimeout(timer);
    if (abort.signal.aborted) return;
    const ready = queue.due(Date.now(), concurrency + inFlight.size).filter(({ seq }) => !inFlight.has(seq));
    for (const delivery of ready.slice(0, concurrency - inFlight.size)) {
      const done = attempt(options, delivery, abort.signal).finally(() => {
        inFlight.delete(delivery.seq);
        pump();
      });
      inFlight.set(delivery.seq, done);
    }
    if (inFlight.size > 0) return;
    const next = queue.nextAt();
    if (next !== null) timer = setTimeout(pump, Math.max(0, next - Date.now()));
  }

  return {
    wake: pump,
    close: async () => {
      abort.abort();
      clearTimeout(timer);
      await Promise.all(inFlight.values());
    },
  };
}

async function attempt(options: DeliveryOptions, delivery: Delivery, closing: AbortSignal): Promise<void> {
  const { queue, log } = options;
  const result = await send(options, delivery, closing);
  if (closing.aborted && result !== "200") return;
  if (/^2\d\d$/.test(result)) {
    queue.delivered(delivery, result);
    return;
  }
  const fields = { eventId: delivery.eventId, attempt: delivery.attempts + 1, result };
  if (Date.now() - delivery.firstAt > giveUpAfter) {
    queue.failed(delivery, result);
    log.error(fields, "webhook given up");
    return;
  }
  queue.retry(delivery, Date.now() + retryDelay(delivery.attempts), result);
  log.warn(fields, "webhook failed, will be sent again");
}

/** One attempt: the status as text, or what went wrong. */
export async function send(
  options: DeliveryOptions,
  delivery: Pick<Delivery, "eventId" | "endpointId">,
  closing: AbortSignal,
): Promise<string> {
  const recipient = recipientOf(options.store, delivery.endpointId);
  const body = bodyOf(options.store, options.queue, delivery.eventId);
  if (recipient === null || body === null) return "endpoint gone";
  try {
    const response = await fetch(recipient.url, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Stripe/1.0 (Headroom sandbox)",
        "stripe-signature": signatureHeader(body, recipient.secret, Math.floor(Date.now() / 1000)),
      },
      body,
      signal: AbortSignal.any([closing, AbortSignal.timeout(options.timeoutMs ?? 10_000)]),
    });
    await response.arrayBuffer();
    return String(response.status);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
