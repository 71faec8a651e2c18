import type { ServedRequest } from "@headroom/stripe-sandbox/request-log";
import type { Dice } from "./dice.ts";
import type { Stack } from "./stack.ts";

/** Kills of the worker and of the webhook app, as long as they go on. */
export interface Kills {
  /** How often each was killed so far. */
  count: () => Record<string, number>;
  /** Tells what Stripe was asked: whoever is due by then dies, and who waits for an answer that does not come. */
  asked: (request: Pick<ServedRequest, "seq" | "fault">) => void;
  stop: () => void;
}

const victims = ["worker", "webhook"] as const;

/**
 * kill -9, again and again; what is killed is started again by whatever keeps the stack. Each hits when Stripe has had a
 * number of requests that the dice drew, so that it hits work, and how fast the machine is decides nothing. The worker is
 * killed, too, whenever something was done at Stripe and it was not told.
 * @param apart requests from one to the next: the dice draw up to twice as many, and as few as none.
 */
export function startKills(stack: Pick<Stack, "kill">, dice: Dice, apart: number): Kills {
  const done: Record<string, number> = { worker: 0, webhook: 0 };
  let stopped = false;
  let next = dice.below(2 * apart);
  const kill = (victim: (typeof victims)[number]) => {
    try {
      stack.kill(victim);
      done[victim] = (done[victim] ?? 0) + 1;
    } catch {
      // It is not there yet after the last time.
    }
  };
  return {
    count: () => ({ ...done }),
    asked: ({ seq, fault }) => {
      if (stopped) return;
      if (fault === "hang_after_commit") kill("worker");
      for (; seq >= next; next += dice.below(2 * apart)) kill(dice.pick(victims));
    },
    stop: () => {
      stopped = true;
    },
  };
}
