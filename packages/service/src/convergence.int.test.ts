import { expect, inject, test } from "vitest";
import { actsOfLife } from "./testing/convergence/acting.ts";
import { acts } from "./testing/convergence/acts.ts";
import { liveThrough } from "./testing/convergence/cohort.ts";
import type { Failure } from "./testing/convergence/findings.ts";

const { CONVERGENCE_SEED: alone, CONVERGENCE_SEEDS: range } = process.env;
const [from = 0, to = inject("convergenceSeeds")] = (range?.split("-") ?? []).map(Number);
const together = 500;
/** Lives in which nothing is lost. */
const faithfulLives = 30;

/** What some of so many lives must have done: each act, and these turns of it. */
const wanted = [
  ...Object.keys(acts),
  ...["now: moved", "period_end: scheduled"].map((outcome) => `migrate ${outcome}`),
  ...["begins", "ends"].map((turn) => `pause ${turn}`),
  ...["keep_as_draft", "mark_uncollectible", "void", "goes on"].map((turn) => `collection ${turn}`),
  ...["1 to come, then release", "0 to come, then cancel", "release", "cancel"].map(
    (turn) => `schedule ${turn}`,
  ),
  ...["cancel", "resume", "pm_card_visa"].map((verb) => `portal ${verb}`),
];

function text({ seed, differences, story }: Failure): string {
  const again = `CONVERGENCE_SEED=${seed} vitest run --project integration packages/service/src/convergence.int.test.ts`;
  return [
    `seed ${seed} (${again})`,
    ...differences.map((one) => `  ${one}`),
    `  acts: ${story.join("; ")}`,
  ].join("\n");
}

/** Leaves out one act after the other as long as the seed fails without it. */
async function smallest(seed: number, how: { faithful: boolean }): Promise<Failure | undefined> {
  const without = new Set<number>();
  let [failure] = (await liveThrough([seed], without, how)).failures;
  for (let place = 0; place < actsOfLife && failure; place += 1) {
    const [smaller] = (await liveThrough([seed], new Set([...without, place]), how)).failures;
    if (smaller) {
      without.add(place);
      failure = smaller;
    }
  }
  return failure;
}

test.runIf(alone)(
  "one seed",
  async () => {
    for (const faithful of [false, true]) {
      const failure = await smallest(Number(alone), { faithful });
      expect(failure && text(failure)).toBeUndefined();
    }
  },
  600_000,
);

test.skipIf(alone)(
  "whatever webhooks do, after a sweep an organization stands where Stripe says it does",
  async () => {
    const failures: Failure[] = [];
    const done = new Set<string>();
    for (let first = from; first < to; first += together) {
      const seeds = Array.from({ length: Math.min(together, to - first) }, (_, index) => first + index);
      const lived = await liveThrough(seeds);
      failures.push(...lived.failures);
      for (const act of lived.done) done.add(act);
    }
    expect(failures.map(text).join("\n\n"), `of seeds ${from} to ${to - 1}`).toBe("");
    // What none of those did that are always run is not tested by anybody any more. Other seeds may miss what is rare.
    if (from === 0 && to >= together) expect(wanted.filter((act) => !done.has(act))).toEqual([]);
  },
  600_000 + (to - from) * 5_000,
);

test.skipIf(alone)(
  "where every webhook comes, in any order and some twice, no sweep is needed for it",
  async () => {
    const seeds = Array.from({ length: faithfulLives }, (_, index) => index);
    const { failures, done } = await liveThrough(seeds, new Set(), { faithful: true });
    expect(failures.map(text).join("\n\n")).toBe("");
    expect([...done].filter((act) => act.startsWith("schedule")).length).toBeGreaterThan(1);
  },
  600_000,
);

declare module "vitest" {
  interface ProvidedContext {
    /** How many lives are lived through. */
    convergenceSeeds: number;
  }
}
