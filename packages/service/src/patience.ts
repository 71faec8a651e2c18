import { DomainError } from "@headroom/domain/errors";

/** Somebody who waits for an answer. */
export interface Waiting<Request, Answer> {
  request: Request;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** Those who wait, the longest waiting first, and none for long in silence. */
export interface Patience<Request, Answer> {
  count(): number;
  /** Answers the same caller, who counts from now until there is an answer or the silence too long. */
  add(caller: Waiting<Request, Answer>): Waiting<Request, Answer>;
  /** False once it has been answered. */
  isWaiting(caller: Waiting<Request, Answer>): boolean;
  /** Something was answered: who waits in a long queue that moves is not waiting in silence. */
  hear(): void;
}

/** What callers are told while nobody can say: the same call may work in a moment. */
export function unavailable(message: string): DomainError {
  return new DomainError("unavailable", message, { retryAfterSeconds: 1 });
}

/**
 * Rejects with `unavailable` whoever has waited for `ms` milliseconds while nothing at all was heard, and says so by
 * `onGivenUp`. One timer for all, since everybody's time is equally long.
 */
export function createPatience<Request, Answer>(
  ms: number,
  onGivenUp: () => void,
): Patience<Request, Answer> {
  const since = new Map<Waiting<Request, Answer>, number>();
  let heard = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function watch(): void {
    const [oldest] = since.values();
    const end = Math.max(oldest ?? 0, heard) + ms;
    timer = oldest === undefined ? undefined : setTimeout(giveUp, Math.max(1, end - performance.now()));
  }

  function giveUp(): void {
    const latest = performance.now() - ms;
    if (heard <= latest) {
      for (const [caller, start] of since) {
        if (start > latest) break;
        caller.reject(unavailable("The database does not answer in time, try again with the same key"));
      }
      onGivenUp();
    }
    watch();
  }

  return {
    count: () => since.size,
    isWaiting: (caller) => since.has(caller),
    hear: () => {
      heard = performance.now();
    },
    add({ request, resolve, reject }) {
      const caller: Waiting<Request, Answer> = {
        request,
        resolve: (answer) => {
          since.delete(caller);
          resolve(answer);
        },
        reject: (error) => {
          since.delete(caller);
          reject(error);
        },
      };
      since.set(caller, performance.now());
      if (timer === undefined) watch();
      return caller;
    },
  };
}
