import { type DevelopmentStack, post } from "./development-stack.ts";

/** The stack's clock, which the local Stripe moves. */
export interface SandboxClock {
  now: () => Promise<Date>;
  /** Moves it to an instant, and all that falls due on the way happens. It never goes back. */
  moveTo: (instant: Date) => Promise<void>;
  /** Moves it to real time, which it keeps from then on. */
  catchUp: () => Promise<void>;
}

const attempts = 10;
/** A clock that is less than a second behind keeps real time: a reading says which it is. */
const toleranceMs = 500;

export function openClock(stack: DevelopmentStack): SandboxClock {
  const url = `${stack.stripe}/_sandbox/clock`;
  const now = async (): Promise<Date> => {
    const { now: text } = (await (await fetch(url)).json()) as { now: string };
    return new Date(text);
  };
  const moveTo = async (instant: Date): Promise<void> => {
    await post(`${url}/advance`, { to: instant.toISOString() });
  };
  return {
    now,
    moveTo,
    catchUp: async () => {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const before = Date.now();
        if ((await now()).getTime() >= before - toleranceMs) return;
        await moveTo(new Date());
      }
      throw new Error("the clock does not catch up with real time");
    },
  };
}
