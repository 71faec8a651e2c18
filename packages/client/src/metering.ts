import { isHeadroomError } from "./errors.ts";
import { createKey } from "./keys.ts";

/** The part of a Headroom client that metering uses. */
export type UsageClient<Input, Answer> = {
  usage: { consume: { mutate(input: Input, options?: { signal?: AbortSignal }): Promise<Answer> } };
};

/** Nobody could say whether the units fit. `input` has the key: recording it later cannot count twice. */
export type UnavailableEvent<Input> = { input: Input; error: unknown };

export type MeterOptions<Input> = {
  /** How long all tries together may take, in milliseconds; 1,000 unless given. */
  timeoutMs?: number;
  /** How many tries, all with the same key; 3 unless given. */
  tries?: number;
  /**
   * What counts when Headroom cannot be asked. `deny` unless given: no limit is ever passed by an outage. A function
   * decides case by case, and may note the event to record it later.
   */
  onUnavailable?: "deny" | "allow" | ((event: UnavailableEvent<Input>) => boolean | Promise<boolean>);
};

/** `live` is Headroom's own answer; `fallback` is the caller's rule for when there is none. */
export type ConsumeResult<Answer> =
  | (Answer & { source: "live"; idempotencyKey: string })
  | { allowed: boolean; source: "fallback"; idempotencyKey: string; error: unknown };

export type Meter<Input, Answer> = {
  /**
   * Checks and takes units in one step. The key is made before the first try, so a retry never counts twice. Rejects
   * only with refusals of the call itself (a wrong key or input, `isHeadroomError`), never with an outage.
   */
  consume(input: Omit<Input, "idempotencyKey"> & { idempotencyKey?: string }): Promise<ConsumeResult<Answer>>;
};

/** Metering for back ends, over a client with an API key that has the scope `usage:write`. */
export function createMeter<
  Input extends { idempotencyKey?: string | undefined },
  Answer extends { allowed: boolean },
>(client: UsageClient<Input, Answer>, options: MeterOptions<Input> = {}): Meter<Input, Answer> {
  return {
    async consume(given) {
      const idempotencyKey = given.idempotencyKey ?? createKey();
      const input = { ...given, idempotencyKey } as unknown as Input;
      try {
        const answer = await tryRepeatedly(
          (signal) => client.usage.consume.mutate(input, { signal }),
          options,
        );
        return { ...answer, source: "live", idempotencyKey };
      } catch (error) {
        if (!isOutage(error)) throw error;
        const allowed = await decide(options.onUnavailable ?? "deny", { input, error });
        return { allowed, source: "fallback", idempotencyKey, error };
      }
    },
  };
}

async function decide<Input>(
  rule: NonNullable<MeterOptions<Input>["onUnavailable"]>,
  event: UnavailableEvent<Input>,
): Promise<boolean> {
  return typeof rule === "function" ? rule(event) : rule === "allow";
}

async function tryRepeatedly<Answer>(
  attempt: (signal: AbortSignal) => Promise<Answer>,
  { timeoutMs = 1_000, tries = 3 }: { timeoutMs?: number; tries?: number },
): Promise<Answer> {
  const deadline = Date.now() + timeoutMs;
  for (let left = tries; ; left -= 1) {
    try {
      // Each try gets an equal share of the time that is left, so that one silent connection cannot take it all.
      return await withTimeout(attempt, Math.max(1, (deadline - Date.now()) / left));
    } catch (error) {
      if (!isOutage(error) || left <= 1 || Date.now() >= deadline) throw error;
    }
    await pause(Math.random() * Math.min(100, Math.max(0, deadline - Date.now()) / 4));
  }
}

async function withTimeout<Answer>(
  attempt: (signal: AbortSignal) => Promise<Answer>,
  ms: number,
): Promise<Answer> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Headroom did not answer within ${Math.round(ms)} ms`));
      controller.abort();
    }, ms);
  });
  try {
    return await Promise.race([attempt(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Anything but a refusal that Headroom spoke; 500 and 503 say that it could not decide. */
function isOutage(error: unknown): boolean {
  return !isHeadroomError(error) || isHeadroomError(error, "internal", "unavailable");
}
