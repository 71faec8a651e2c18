import { expect, test } from "vitest";
import type { Benchmark } from "./benchmark.ts";
import { writeRun } from "./document.ts";

const benchmark: Benchmark = {
  name: "solo",
  title: "one caller",
  anchors: ["statistics.ts"],
  durable: true,
  prepare: async () => [],
};
const result = {
  label: "one caller",
  measure: "p50" as const,
  goal: { measure: "p50" as const, most: 1.3 },
  ratio: { median: 1.234_56, min: 1.1, max: 1.5 },
  ours: 0.301_23,
  anchor: 0.25,
  reached: true,
};
const run = { date: "2026-11-22", machine: "2 × Example CPU", effort: { rounds: 5 } };

test("a run takes the place of the one before, and leaves the rest alone", () => {
  const document = "# Benchmarks\n\n<!-- solo -->\nold\n<!-- /solo -->\n\nText.\n";
  const written = writeRun(document, benchmark, [result], run);
  expect(written).toMatch(
    /^# Benchmarks\n\n<!-- solo -->\n`npm run bench -- solo`: 2026-11-22, 5 rounds, 2 × Example CPU/,
  );
  expect(written).toContain("| one caller | p50, ms | 0.3012 | 0.25 | **1.235** (1.1–1.5) | ≤ 1.3 | yes |");
  expect(written).toMatch(/\n<!-- \/solo -->\n\nText\.\n$/);
  expect(written).not.toContain("old");
  expect(writeRun(written, benchmark, [result], run)).toBe(written);
});

test("a benchmark that the document does not know is not written", () => {
  expect(() => writeRun("# Benchmarks\n", benchmark, [result], run)).toThrow("no place for solo");
});
