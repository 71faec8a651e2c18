import { roundedUp, type Spoil, spoilAttempt } from "./delivery-program.ts";
import type { Programs } from "./delivery-programs.ts";
import type { Delivery, DeliveryQueue, NextTry } from "./delivery-queue.ts";
import type { SandboxLog } from "./log.ts";
import { recipientOf } from "./recipients.ts";
import { signingSecrets } from "./signing-secrets.ts";
import type { Store } from "./store.ts";
import { toldOf } from "./told-events.ts";
import { webhookRequest } from "./webhook-request.ts";

/** Sends what the queue holds until it is closed. */
export interface DeliveryEngine {
  /** Looks at the queue again, after something was added. */
  wake(): void;
  close(): Promise<void>;
}

export interface DeliveryOptions {
  store: Store;
  queue: DeliveryQueue;
  programs: Programs;
  log: SandboxLog;
  /** The sandbox's clock, milliseconds. */
  now(): number;
  /** Told after each attempt: the next one may follow the sandbox's clock. */
  attempted(): void;
  concurrency?: number;
  timeoutMs?: number;
}

/** Waits after the first, second, … failure, in milliseconds; the last one repeats. */
const backoff = [200, 500, 1000, 2000, 5000, 15_000, 60_000, 300_000, 1_800_000, 3_600_000];
const giveUpAfter = 3 * 86_400_000;

export function retryDelay(attempts: number): number {
  return backoff[Math.min(attempts, backoff.length - 1)] ?? 3_600_000;
}

const [minute, hour] = [60_000, 3_600_000];
/**
 * The same by virtual time: fewer, because the clock stops at each. Stripe says only that it tries for up to three days,
 * with exponential back off (docs.stripe.com/webhooks, "Automatic retries").
 */
const virtualBackoff = [minute, 5 * minute, 30 * minute, 2 * hour, 4 * hour, 8 * hour, 12 * hour];

/**
 * When a failed attempt is repeated by virtual time: the last one three days after the first; null: no more. On whole
 * minutes (or what the program rounds to), so that what failed together is tried together.
 */
function virtualRetryAt(firstAt: number, attempts: number, now: number, unit: number): number | null {
  const last = firstAt + giveUpAfter;
  if (now >= last) return null;
  const next = now + (virtualBackoff[Math.min(attempts, virtualBackoff.length - 1)] ?? 12 * hour);
  return Math.min(roundedUp(last, unit), roundedUp(next, unit));
}

/**
 * At least once, oldest first, a few at a time (while a program is in force one, for its order, or as many as it says): an attempt is written
 * down after it was answered, so a process killed in between sends it again.
 */
export function startDelivery(options: DeliveryOptions): DeliveryEngine {
  const { queue, programs, concurrency = 4 } = options;
  const inFlight = new Map<number, Promise<void>>();
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  function pump(): void {
    clearTimeout(timer);
    if (abort.signal.aborted) return;
    const program = programs.current();
    const most = program === null ? concurrency : (program.atOnce ?? 1);
    if (inFlight.size >= most) return;
    const ready = queue.due(most + inFlight.size).filter(({ seq }) => !inFlight.has(seq));
    for (const delivery of ready.slice(0, most - inFlight.size)) {
      const done = attempt(options, delivery, abort.signal).finally(() => {
        inFlight.delete(delivery.seq);
        if (!abort.signal.aborted) options.attempted();
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
  const spoils = spoilsOf(options, delivery);
  const result = await send(options, delivery, closing, spoils);
  if (closing.aborted && result !== "200") return;
  const tried = { result, spoiled: spoils.map(({ kind }) => kind) };
  if (/^2\d\d$/.test(result)) {
    queue.delivered(delivery, tried);
    return;
  }
  const fields = { eventId: delivery.eventId, attempt: delivery.attempts + 1, ...tried };
  const next = delivery.copy > 0 ? null : nextTry(options, delivery);
  if (next === null) {
    queue.failed(delivery, tried);
    log.error(fields, "webhook given up");
    return;
  }
  queue.retry(delivery, next, tried);
  log.warn(fields, "webhook failed, will be sent again");
}

/** What the program that planned a delivery does to this attempt; nothing once it has ended. */
function spoilsOf({ programs }: DeliveryOptions, delivery: Delivery): Spoil[] {
  const { program, position, copy, attempts } = delivery;
  const inForce = programs.current();
  if (inForce === null || inForce.id !== program || position === null) return [];
  return spoilAttempt(inForce, position, copy, attempts + 1);
}

function nextTry({ programs, now }: DeliveryOptions, delivery: Delivery): NextTry | null {
  const { program, attempts } = delivery;
  const inForce = programs.current();
  const isVirtual = inForce !== null && inForce.id === program && inForce.retry === "virtual";
  const clock = isVirtual ? "virtual" : "real";
  const current = isVirtual ? Math.floor(now()) : Date.now();
  const firstAt = attempts === 0 ? current : delivery.firstAt;
  if (isVirtual) {
    const at = virtualRetryAt(firstAt, attempts, current, Math.max(minute, inForce.roundTo ?? minute));
    return at === null ? null : { clock, firstAt, at };
  }
  if (current - firstAt > giveUpAfter) return null;
  return { clock, firstAt, at: current + retryDelay(attempts) };
}

/** One attempt: the status as text, or what went wrong. */
export async function send(
  options: Pick<DeliveryOptions, "store" | "queue" | "now" | "timeoutMs">,
  delivery: Pick<Delivery, "eventId" | "endpointId">,
  closing: AbortSignal,
  spoils: readonly Spoil[] = [],
): Promise<string> {
  const recipient = recipientOf(options.store, delivery.endpointId);
  const told = toldOf(options.store, options.queue, delivery.eventId);
  if (recipient === null || told === null) return "endpoint gone";
  const secrets = signingSecrets(options.store, recipient.id, options.now());
  try {
    const response = await fetch(recipient.url, {
      method: "POST",
      redirect: "manual",
      ...webhookRequest(told, secrets, Math.floor(Date.now() / 1000), spoils),
      signal: AbortSignal.any([closing, AbortSignal.timeout(options.timeoutMs ?? 10_000)]),
    });
    await response.arrayBuffer();
    return String(response.status);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
