/** Something to wait for that others may set at any time; it stays set until it is cleared. */
export type Latch = {
  readonly isSet: boolean;
  set(): void;
  clear(): void;
  /** Resolves when it is set, or after `ms`. */
  wait(ms: number): Promise<void>;
};

export function createLatch(): Latch {
  let isSet = false;
  let wake: (() => void) | null = null;
  return {
    get isSet() {
      return isSet;
    },
    set() {
      isSet = true;
      wake?.();
    },
    clear() {
      isSet = false;
    },
    async wait(ms) {
      if (isSet) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      // A timer that is set for longer than this fires at once.
      const timer = setTimeout(resolve, Math.max(0, Math.min(ms, 2 ** 31 - 1)));
      wake = resolve;
      await promise;
      clearTimeout(timer);
      wake = null;
    },
  };
}

/** Lets `most` pieces of work run at a time; the others wait in line. */
export function createTurnstile(most: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async function pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running === most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
