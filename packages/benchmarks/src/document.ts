import { availableParallelism, cpus, totalmem } from "node:os";
import process from "node:process";
import type { Benchmark, Goal, Measure } from "./benchmark.ts";
import { anchorHash } from "./report.ts";
import type { Effort, Result } from "./rounds.ts";
import { rounded } from "./statistics.ts";

/** When and on what a benchmark was run. */
export interface Run {
  /** 2026-11-22 */
  date: string;
  machine: string;
  effort: Effort;
}

const measures: Record<Measure, string> = {
  throughput: "per second",
  p50: "p50, ms",
  p99: "p99, ms",
  wal: "bytes of WAL each",
};

/** This machine and this moment. */
export function runOf(effort: Effort): Run {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const cores = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "unknown"}`;
  const machine = `${cores}, ${memory}, Node ${process.versions.node}`;
  return { date: new Date().toISOString().slice(0, 10), machine, effort };
}

/**
 * `docs/benchmarks.md` with what a run has found: what stands between the benchmark's two marks is replaced.
 * @throws Error where the marks are missing
 */
export function writeRun(
  document: string,
  benchmark: Benchmark,
  results: readonly Result[],
  run: Run,
): string {
  const [begin, end] = [`<!-- ${benchmark.name} -->`, `<!-- /${benchmark.name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`docs/benchmarks.md has no place for ${benchmark.name}: ${begin} … ${end}`);
  return `${document.slice(0, from)}${begin}\n${sectionOf(benchmark, results, run)}\n${document.slice(to)}`;
}

function sectionOf(benchmark: Benchmark, results: readonly Result[], { date, machine, effort }: Run): string {
  const seconds = effort.seconds === undefined ? "" : ` --seconds ${effort.seconds}`;
  const rows = results.map(
    (result) =>
      `| ${result.label} | ${measures[result.measure]} | ${told(result.ours)} | ${told(result.anchor)} | ` +
      `**${told(result.ratio.median)}** (${told(result.ratio.min)}–${told(result.ratio.max)}) | ${wanted(result.goal)} | ` +
      `${result.reached ? "yes" : "no"} |`,
  );
  return [
    `\`npm run bench -- ${benchmark.name}${effort.rounds === 5 ? "" : ` --rounds ${effort.rounds}`}${seconds}\`: ` +
      `${date}, ${effort.rounds} rounds, ${machine}; anchor \`${anchorHash(benchmark)}\`.`,
    "",
    "| | measure | ours | anchor | ratio | wanted | reached |",
    "|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function wanted({ least, most }: Goal): string {
  return least === undefined ? `≤ ${most}` : `≥ ${least}`;
}

function told(value: number): string {
  return rounded(value).toLocaleString("en-US", { maximumSignificantDigits: 4 });
}
