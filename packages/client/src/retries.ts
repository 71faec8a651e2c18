import { isHeadroomError } from "./errors.ts";

export type RetryOptions = {
  /** How long all tries together may take, in milliseconds; 1,000 unless given. */
  timeoutMs?: number;
  /** How many tries, all with the same key; 3 unless given. */
  tries?: number;
};

/** One try. `again`: an earlier one had no answer, so nobody knows what became of it. */
export type Attempt<Answer> = (signal: AbortSignal, again: boolean) => Promise<Answer>;

/** The first answer of several tries. Rejects with a refusal at once, with the last outage when no try had an answer. */
export async function tryRepeatedly<Answer>(
  attempt: Attempt<Answer>,
  { timeoutMs = 1_000, tries = 3 }: RetryOptions,
): Promise<Answer> {
  const deadline = Date.now() + timeoutMs;
  for (let left = tries; ; left -= 1) {
    try {
      // Each try gets an equal share of the time that is left, so that one silent connection cannot take it all.
      const share = Math.max(1, (deadline - Date.now()) / left);
      return await withTimeout((signal) => attempt(signal, left < tries), share);
    } catch (error) {
      if (!isOutage(error) || left <= 1 || Date.now() >= deadline) throw error;
    }
    await pause(Math.random() * Math.min(100, Math.max(0, deadline - Date.now()) / 4));
  }
}

/** Rejects when there is no answer in time, or when `ended` is aborted; the call itself is aborted as well. */
export async function withTimeout<Answer>(
  attempt: (signal: AbortSignal) => Promise<Answer>,
  ms: number,
  ended?: AbortSignal,
): Promise<Answer> {
  const controller = new AbortController();
  let giveUp: (reason: string) => void = () => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    giveUp = (reason) => {
      reject(new Error(reason));
      controller.abort();
    };
  });
  const timer = setTimeout(() => giveUp(`Headroom did not answer within ${Math.round(ms)} ms`), ms);
  const end = () => giveUp("Headroom had not answered when the meter was closed");
  ended?.addEventListener("abort", end, { once: true });
  if (ended?.aborted) end();
  try {
    return await Promise.race([attempt(controller.signal), late]);
  } finally {
    clearTimeout(timer);
    ended?.removeEventListener("abort", end);
  }
}

/** Anything but a refusal that Headroom spoke; 500 and 503 say that it could not decide. */
export function isOutage(error: unknown): boolean {
  return !isHeadroomError(error) || isHeadroomError(error, "internal", "unavailable");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
