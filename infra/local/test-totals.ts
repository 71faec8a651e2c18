/** What one suite came to. A static check has no tests: it counts only when it fails, as one failure. */
export type SuiteResult = {
  name: string;
  milliseconds: number;
  passed: number;
  failed: number;
  /** False when it failed as a whole, also without a failed test. */
  ok: boolean;
};

/** The part of vitest's JSON report that we read. */
type VitestReport = {
  numPassedTests: number;
  numFailedTests: number;
  success: boolean;
  testResults: { status: string; assertionResults: unknown[] }[];
};

/**
 * Counts from vitest's JSON report; null where it wrote none. A file that fails before its first test, and
 * a run that fails without naming a test, count as one failure: nothing that failed may look like a zero.
 */
export const countTests = (
  report: VitestReport | null,
  exitCode: number,
): { passed: number; failed: number; ok: boolean } => {
  if (report === null) return { passed: 0, failed: 1, ok: false };
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  const failed = report.numFailedTests + broken.length;
  const ok = exitCode === 0 && report.success && failed === 0;
  return { passed: report.numPassedTests, failed: ok ? 0 : Math.max(failed, 1), ok };
};

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1).padStart(7)} s`;

/** The closing lines of a run: time per suite, then the totals. */
export const closingLines = (results: readonly SuiteResult[]): string[] => {
  const total = (pick: (result: SuiteResult) => number) =>
    results.reduce((sum, result) => sum + pick(result), 0);
  return [
    "",
    ...results.map(({ name, milliseconds, passed, failed, ok }) => {
      const counts = ok && passed === 0 ? "ok" : `${passed} passed, ${failed} failed`;
      return `  ${ok ? "✓" : "✗"} ${name.padEnd(12)} ${seconds(milliseconds)}   ${counts}`;
    }),
    `    ${"total".padEnd(12)} ${seconds(total((result) => result.milliseconds))}`,
    "",
    `${total((result) => result.passed)} passed, ${total((result) => result.failed)} failed`,
  ];
};
