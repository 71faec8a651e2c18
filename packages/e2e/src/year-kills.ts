import type { Dice } from "./dice.ts";
import type { Stack } from "./stack.ts";

/** Kills of the worker and of the webhook app, as long as they go on. */
export interface Kills {
  /** How often each was killed so far. */
  count: () => Record<string, number>;
  /** Tells how many requests Stripe has had: whoever is due by then dies. */
  reached: (requests: number) => void;
  stop: () => void;
}

const victims = ["worker", "webhook"] as const;

/**
 * kill -9, again and again; what is killed is started again by whatever keeps the stack. Each hits when Stripe has had a
 * number of requests that the dice drew, so that it hits work, and how fast the machine is decides nothing.
 * @param apart requests from one to the next: the dice draw up to twice as many, and as few as none.
 */
export function startKills(stack: Pick<Stack, "kill">, dice: Dice, apart: number): Kills {
  const done: Record<string, number> = { worker: 0, webhook: 0 };
  let stopped = false;
  let next = dice.below(2 * apart);
  return {
    count: () => ({ ...done }),
    reached: (requests) => {
      while (!stopped && requests >= next) {
        next += dice.below(2 * apart);
        const victim = dice.pick(victims);
        try {
          stack.kill(victim);
          done[victim] = (done[victim] ?? 0) + 1;
        } catch {
          // It is not there yet after the last time.
        }
      }
    },
    stop: () => {
      stopped = true;
    },
  };
}
