import { setTimeout as sleep } from "node:timers/promises";
import type { Dice } from "./dice.ts";
import type { Stack } from "./stack.ts";

/** Kills of the worker and of the webhook app, as long as they go on. */
export interface Kills {
  /** How often each was killed so far. */
  count: () => Record<string, number>;
  stop: () => Promise<void>;
}

const victims = ["worker", "webhook"] as const;
/** The dice draw up to twice this between two of them, and as little as nothing: one that has just started dies again. */
const meanMs = 5_000;

/** kill -9, again and again; what is killed is started again by whatever keeps the stack. */
export function startKills(stack: Stack, dice: Dice): Kills {
  const done: Record<string, number> = { worker: 0, webhook: 0 };
  const end = new AbortController();
  const going = (async () => {
    for (;;) {
      await sleep(dice.below(2 * meanMs), undefined, { signal: end.signal });
      const victim = dice.pick(victims);
      try {
        stack.kill(victim);
        done[victim] = (done[victim] ?? 0) + 1;
      } catch {
        // It is not there yet after the last time.
      }
    }
  })().catch((error: Error) => {
    if (error.name !== "AbortError") throw error;
  });
  return {
    count: () => ({ ...done }),
    stop: async () => {
      end.abort();
      await going;
    },
  };
}
