import { setTimeout as sleep } from "node:timers/promises";
import { createDice } from "./dice.ts";
import type { MeteringStack, Part } from "./metering-stack.ts";
import { until } from "./people.ts";

/** What happens once `at` events are answered, `afterMs` later. */
export type ChaosStep = { at: number; afterMs: number; act: Part | "midnight" | "month" };

/** Of six kills three are an api's, two PostgreSQL's and one the worker's. */
const victims: readonly Part[] = ["api-0", "postgres", "api-1", "worker", "postgres", "api-0"];
const eventsAKill = 5_000;

/** Kills spread over the run in an order of the seed's, and the clock moved across a midnight and a month's end. */
export function planChaos(events: number, seed: number): ChaosStep[] {
  const dice = createDice(`chaos ${seed}`);
  const kills = Math.max(victims.length, Math.round(events / eventsAKill));
  const bag: Part[] = [];
  const steps = Array.from({ length: kills }, (_, index): ChaosStep => {
    if (bag.length === 0) bag.push(...victims);
    const [act = "postgres"] = bag.splice(dice.below(bag.length), 1);
    const at = Math.round(((index + 0.2 + dice.below(600) / 1_000) / kills) * events * 0.95);
    return { at, afterMs: dice.below(150), act };
  });
  const moves: ChaosStep[] = [
    { at: Math.round(events / 3), afterMs: 0, act: "midnight" },
    { at: Math.round((events * 2) / 3), afterMs: 0, act: "month" },
  ];
  return [...steps, ...moves].sort((one, other) => one.at - other.at);
}

/** The clock is set to just before the end, so that the windows roll by themselves under load. */
const beforeTheEnd = 400;

async function moveClock(stack: MeteringStack, end: "midnight" | "month"): Promise<void> {
  // Again where a kill was faster: the instant is read from the moved clock itself.
  await until(async () => {
    const { rows } = await stack.admin
      .query<{ next: Date }>(
        `select ((date_trunc($1, headroom.clock_now() at time zone 'UTC') + ('1 ' || $1)::interval)
         at time zone 'UTC') as next`,
        [end === "midnight" ? "day" : "month"],
      )
      .catch(() => ({ rows: [] }));
    const next = rows[0]?.next;
    if (next === undefined) return false;
    return stack.setClock(new Date(next.getTime() - beforeTheEnd)).then(
      () => true,
      () => false,
    );
  }, Boolean);
}

/** Carries the steps out as the load gets there. Answers how often each was; what could not be killed was down. */
export async function wreak(
  stack: MeteringStack,
  steps: readonly ChaosStep[],
  answered: () => number,
  isOver: () => boolean,
): Promise<Record<string, number>> {
  const done: Record<string, number> = {};
  for (const { at, afterMs, act } of steps) {
    while (answered() < at && !isOver()) await sleep(5);
    await sleep(afterMs);
    if (act === "midnight" || act === "month") await moveClock(stack, act);
    else if (stack.kill(act) === null) continue;
    done[act] = (done[act] ?? 0) + 1;
    // A worker may be away for days; without the others nothing would be answered until the next step.
    if (act !== "worker") await stack.whole();
  }
  return done;
}
