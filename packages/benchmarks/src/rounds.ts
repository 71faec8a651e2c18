import { randomInt } from "node:crypto";
import type { Benchmark, Comparison, Goal, Measure, Sample } from "./benchmark.ts";
import { openSide } from "./load-process.ts";
import type { Stage } from "./stage.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** How long and how often is measured. */
export interface Effort {
  /** At least 5. */
  rounds: number;
  /** Of one side in one round; absent: what the comparison says. */
  seconds?: number | undefined;
}

/** What came of one goal of a comparison. */
export interface Result {
  label: string;
  measure: Measure;
  goal: Goal;
  ratio: Spread;
  /** Medians, in the measure's unit. */
  ours: number;
  anchor: number;
  reached: boolean;
}

type Round = Readonly<Record<"ours" | "anchor", Sample & { wal: number }>>;

/** Of each side, before the first round. */
const warmUpSeconds = 5;

/** Runs every comparison of a benchmark and verifies what the sides acknowledged. */
export async function measure(benchmark: Benchmark, stage: Stage, effort: Effort): Promise<Result[]> {
  const results: Result[] = [];
  for (const comparison of await benchmark.prepare(stage)) {
    results.push(...(await compare(comparison, stage, effort, benchmark.durable)));
  }
  return results;
}

async function compare(
  comparison: Comparison,
  stage: Stage,
  effort: Effort,
  durable: boolean,
): Promise<Result[]> {
  const seconds = effort.seconds ?? comparison.seconds ?? 2;
  const sides = { ours: await openSide(comparison.ours), anchor: await openSide(comparison.anchor) };
  const run = async (side: "ours" | "anchor", length = seconds) => {
    const before = await stage.walBytes();
    const sample = await sides[side].run(length);
    return { ...sample, wal: (await stage.walBytes()) - before };
  };
  // Unmeasured: pools connect, statements are prepared, code is compiled, which takes a server tens of thousands of calls.
  for (const side of ["anchor", "ours"] as const) await run(side, warmUpSeconds);
  const rounds: Round[] = [];
  while (rounds.length < effort.rounds) {
    const anchorFirst = randomInt(2) === 0 ? await run("anchor") : null;
    const ours = await run("ours");
    rounds.push({ ours, anchor: anchorFirst ?? (await run("anchor")) });
  }
  if (durable) await stage.crash();
  for (const side of ["ours", "anchor"] as const) {
    await sides[side].verify();
    await sides[side].close();
  }
  return comparison.goals.map((goal) => judge(comparison.label, goal, rounds));
}

function judge(label: string, goal: Goal, rounds: readonly Round[]): Result {
  const { measure } = goal;
  const values = rounds.map(({ ours, anchor }) => ({
    ours: figureOf(ours, measure),
    anchor: figureOf(anchor, measure),
  }));
  const ratio = spreadOf(values.map(({ ours, anchor }) => ours / anchor));
  return {
    label,
    measure,
    goal,
    ratio,
    ours: spreadOf(values.map(({ ours }) => ours)).median,
    anchor: spreadOf(values.map(({ anchor }) => anchor)).median,
    reached: ratio.median >= (goal.least ?? 0) && ratio.median <= (goal.most ?? Number.POSITIVE_INFINITY),
  };
}

function figureOf(sample: Sample & { wal: number }, measure: Measure): number {
  if (measure === "throughput") return sample.operations / sample.seconds;
  if (measure === "wal") return sample.wal / sample.operations;
  const value = sample[measure];
  if (value === undefined) throw new Error(`the sides do not measure ${measure}`);
  return value;
}
