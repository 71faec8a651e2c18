import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "@headroom/platform/log";

/** Work that repeats until it is stopped. */
export interface Loop {
  /** Resolves when the round that is under way has ended; no further one begins. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  name: string;
  /** Milliseconds between the end of a round and the start of the next, give or take a fifth. */
  everyMs: number;
  /** The longest pause after failures; default 30 seconds. */
  longestMs?: number;
  round: () => Promise<unknown>;
  log: Logger;
}

/**
 * Milliseconds until the next round: twice as long after each failure in a row up to `longestMs`, and spread by a
 * fifth to both sides so that processes that started together do not ask together. `random` is in [0, 1).
 */
export function pauseAfter(
  failures: number,
  options: { everyMs: number; longestMs: number },
  random: number,
): number {
  const longest = Math.max(options.everyMs, options.longestMs);
  return Math.min(options.everyMs * 2 ** failures, longest) * (0.8 + random * 0.4);
}

/** Repeats `round`, never beside itself. A round that fails is logged and the next one waits longer. */
export function startLoop({ name, everyMs, longestMs = 30_000, round, log }: LoopOptions): Loop {
  const stopping = new AbortController();
  const repeat = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        await round();
        failures = 0;
      } catch (error) {
        failures += 1;
        log.error({ err: error, loop: name, failures }, "loop round failed");
      }
      const ms = pauseAfter(failures, { everyMs, longestMs }, Math.random());
      await pause(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const ended = repeat();
  return {
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}
