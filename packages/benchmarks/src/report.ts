import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Benchmark, Goal, Measure } from "./benchmark.ts";
import type { Result } from "./rounds.ts";
import type { Settings } from "./stage.ts";
import { rounded, type Spread } from "./statistics.ts";

const units: Record<Measure, string> = { throughput: "/s", p50: "ms p50", p99: "ms p99", wal: "B of WAL" };

/** The first 16 digits of the SHA-256 over the anchors' files, in the order of their names. */
export function anchorHash({ anchors }: Benchmark): string {
  const hash = createHash("sha256");
  for (const file of anchors.toSorted()) hash.update(readFileSync(path.join(import.meta.dirname, file)));
  return hash.digest("hex").slice(0, 16);
}

/** One line for a person. */
export function describe(result: Result): string {
  const { label, measure, ratio, ours, anchor } = result;
  const spread = `${told(ratio.median)} (${told(ratio.min)}..${told(ratio.max)})`;
  const sides = `${told(ours)} ${units[measure]} against ${told(anchor)}`;
  return `${result.reached ? "reached" : "MISSED "}  ${label}: ${spread}, wanted ${wanted(result.goal)}; ${sides}`;
}

function wanted({ least, most }: Goal): string {
  return least === undefined ? `at most ${most}` : `at least ${least}`;
}

/**
 * The one object of `--json`: `ratio`, `ours` and `anchor` are of the comparison that is farthest from its goal, or
 * the least above it; `results` has them all.
 */
export function toJson(
  benchmark: Benchmark,
  results: readonly Result[],
  rounds: number,
  settings: Settings,
): object {
  const [hardest] = results.toSorted((a, b) => distance(a) - distance(b));
  if (hardest === undefined) throw new Error(`${benchmark.name} compared nothing`);
  return {
    name: benchmark.name,
    ...figures(hardest),
    rounds,
    anchorHash: anchorHash(benchmark),
    settings,
    results: results.map((result) => ({ label: result.label, ...figures(result) })),
  };
}

/** How far a result is above its goal, as a factor: below 1 it missed. */
function distance({ ratio, goal }: Result): number {
  return goal.least === undefined ? (goal.most ?? 0) / ratio.median : ratio.median / goal.least;
}

function figures({ measure, ratio, ours, anchor, goal, reached }: Result): object {
  const { median, min, max } = ratio satisfies Spread;
  return {
    measure,
    ratio: { median: rounded(median), min: rounded(min), max: rounded(max) },
    goal: goal.least === undefined ? { most: goal.most } : { least: goal.least },
    reached,
    ours: rounded(ours),
    anchor: rounded(anchor),
  };
}

function told(value: number): string {
  return String(rounded(value));
}
