import { type ExitSignal, watchExit } from "./process-exit.ts";

const firstPauseMs = 200;
const longestPauseMs = 30_000;
/** While somebody waits for the end, a try each second at least. */
const longestDrainingPauseMs = 1_000;

/** What the process still owes Headroom: bounded, emptied before the process ends, given up explicitly. */
export type Backlog = {
  isFull(): boolean;
  isClosed(): boolean;
  /** Counts a piece of work until it settles. */
  add(work: Promise<unknown>): void;
  /** Called when all that waits shall be sent at once. */
  onFlush(listener: () => void): void;
  /** Waits longer with each failure; a flush ends it early. Answers how many failures count from now on. */
  pause(failures: number): Promise<number>;
  /** Aborted when the work that is there now is given up. */
  givenUp(): AbortSignal;
  /** Resolves when the work of now has settled, or after `timeoutMs`; answers how much of it is left. */
  flush(timeoutMs?: number): Promise<number>;
  /** Takes nothing more, flushes, and gives up what is left after `timeoutMs`. */
  close(timeoutMs?: number): Promise<void>;
};

export type ExitOptions = {
  /** Signals at which what waits is sent first; none unless given. The signal then takes its course. */
  signals?: readonly ExitSignal[];
  /** How long the end of the process may be held up, in milliseconds; 10,000 unless given. */
  timeoutMs?: number;
};

export function createBacklog(limit: number, exit: ExitOptions = {}): Backlog {
  const work = new Set<Promise<unknown>>();
  const sleepers = new Set<() => void>();
  const listeners: (() => void)[] = [];
  let givingUp = new AbortController();
  let closed = false;
  let waiters = 0;
  let stopWatching: (() => void) | null = null;

  function settle(one: Promise<unknown>): void {
    work.delete(one);
    if (work.size > 0) return;
    stopWatching?.();
    stopWatching = null;
  }

  async function flush(timeoutMs = 30_000): Promise<number> {
    const owed = [...work];
    if (owed.length === 0) return 0;
    waiters += 1;
    for (const listener of listeners) listener();
    for (const wake of [...sleepers]) wake();
    await settledWithin(owed, timeoutMs);
    waiters -= 1;
    return owed.filter((one) => work.has(one)).length;
  }

  async function drain(timeoutMs: number): Promise<void> {
    const owed = [...work];
    if ((await flush(timeoutMs)) === 0) return;
    givingUp.abort();
    givingUp = new AbortController();
    await Promise.allSettled(owed);
  }

  return {
    isFull: () => work.size >= limit,
    isClosed: () => closed,
    add(one) {
      work.add(one);
      one.then(
        () => settle(one),
        () => settle(one),
      );
      stopWatching ??= watchExit(() => drain(exit.timeoutMs ?? 10_000), exit.signals ?? []);
    },
    onFlush: (listener) => listeners.push(listener),
    async pause(failures) {
      const longest = waiters > 0 ? longestDrainingPauseMs : longestPauseMs;
      const ms = Math.min(longest, firstPauseMs * 2 ** failures) * (0.5 + Math.random() / 2);
      const woken = await sleep(ms, { sleepers, keepsAlive: waiters > 0, ended: givingUp.signal });
      return woken ? 0 : failures + 1;
    },
    givenUp: () => givingUp.signal,
    flush,
    async close(timeoutMs = 10_000) {
      closed = true;
      await drain(timeoutMs);
    },
  };
}

/** True when it was woken. Nobody waits for a timer that does not keep the process alive. */
function sleep(
  ms: number,
  how: { sleepers: Set<() => void>; keepsAlive: boolean; ended: AbortSignal },
): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (woken: boolean) => {
      clearTimeout(timer);
      how.sleepers.delete(wake);
      how.ended.removeEventListener("abort", wake);
      resolve(woken);
    };
    const wake = () => end(true);
    const timer = setTimeout(() => end(false), ms);
    if (!how.keepsAlive) letGo(timer);
    how.sleepers.add(wake);
    how.ended.addEventListener("abort", wake, { once: true });
    if (how.ended.aborted) wake();
  });
}

async function settledWithin(work: readonly Promise<unknown>[], ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([Promise.allSettled(work), late]);
  clearTimeout(timer);
}

/** Lets the process end although the timer runs. Timers of browsers and edge runtimes are numbers, and hold nothing. */
export function letGo(timer: ReturnType<typeof setTimeout>): void {
  (timer as { unref?: () => void }).unref?.();
}
