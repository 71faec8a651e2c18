import { describe, expect, test } from "vitest";
import { closingLines, countTests } from "./test-totals.ts";

const report = (
  passed: number,
  failed: number,
  more: { status: string; assertionResults: unknown[] }[] = [],
) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  success: failed === 0 && more.length === 0,
  testResults: more,
});

describe("a run of vitest", () => {
  test("counts what it reports", () => {
    expect(countTests(report(12, 0), 0)).toEqual({ passed: 12, failed: 0, ok: true });
    expect(countTests(report(12, 3), 1)).toEqual({ passed: 12, failed: 3, ok: false });
  });

  test("counts a file that broke before its first test", () => {
    const broken = { status: "failed", assertionResults: [] };
    expect(countTests(report(12, 1, [broken, broken]), 1)).toEqual({ passed: 12, failed: 3, ok: false });
  });

  test("never looks green when the run failed without a failed test, or left no report", () => {
    expect(countTests(report(12, 0), 1)).toEqual({ passed: 12, failed: 1, ok: false });
    expect(countTests(null, 1)).toEqual({ passed: 0, failed: 1, ok: false });
  });
});

test("the last line has the totals, the lines before it the time per suite", () => {
  const lines = closingLines([
    { name: "knip", milliseconds: 1_240, passed: 0, failed: 1, ok: false },
    { name: "unit", milliseconds: 30_000, passed: 200, failed: 0, ok: true },
    { name: "e2e", milliseconds: 60_000, passed: 30, failed: 2, ok: false },
  ]);
  expect(lines.at(-1)).toBe("230 passed, 3 failed");
  expect(lines.find((line) => line.includes("unit"))).toMatch(/✓ unit +30\.0 s {3}200 passed, 0 failed/);
  expect(lines.find((line) => line.includes("total"))).toMatch(/91\.2 s/);
});
