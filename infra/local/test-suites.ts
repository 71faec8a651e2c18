import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { countTests, type SuiteResult } from "./test-totals.ts";

/** A tool of ours: a package with a JavaScript program, and what to call it with. */
type Tool = { package: string; program: string; parameters: string[] };

/** Runs one tool at a time below the checkout. */
export type Runner = {
  run: (tool: Tool) => Promise<number>;
  /** Ends the running tool with everything that it started. */
  cancel: () => void;
};

const quiet = { TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
const killAfterMs = 10_000;

const programOf = (root: string, tool: Tool): string => {
  const directory = path.join(root, "node_modules", tool.package);
  const { bin } = JSON.parse(readFileSync(path.join(directory, "package.json"), "utf8"));
  return path.join(directory, typeof bin === "string" ? bin : bin[tool.program]);
};

const signalGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  try {
    if (process.platform === "win32" || child.pid === undefined) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // The group has ended by itself.
  }
};

/** Runs the tools of this checkout, each in a process group of its own, which ends when we are gone. */
export const createRunner = (root: string): Runner => {
  let current: ChildProcess | null = null;
  return {
    run: async (tool) => {
      const watch = ["--import", path.join(import.meta.dirname, "preload.ts")];
      const child = spawn(process.execPath, [...watch, programOf(root, tool), ...tool.parameters], {
        cwd: root,
        env: { ...process.env, ...quiet },
        stdio: ["ignore", "inherit", "inherit", "ipc"],
        detached: process.platform !== "win32",
      });
      current = child;
      const [code] = await once(child, "exit");
      current = null;
      return code ?? 1;
    },
    cancel: () => {
      const child = current;
      if (child === null) return;
      signalGroup(child, "SIGTERM");
      setTimeout(() => signalGroup(child, "SIGKILL"), killAfterMs).unref();
    },
  };
};

const checks: Record<string, Tool> = {
  types: {
    package: "turbo",
    program: "turbo",
    parameters: ["run", "typecheck", "--output-logs=errors-only"],
  },
  biome: { package: "@biomejs/biome", program: "biome", parameters: ["check", "."] },
  knip: { package: "knip", program: "knip", parameters: [] },
  sherif: { package: "sherif", program: "sherif", parameters: [] },
};

const projects = ["unit", "integration", "e2e"] as const;

/** What `npm test` runs, in this order. */
export const suiteNames: readonly string[] = [...Object.keys(checks), ...projects];

/** What runs only when it is named: the long forms of tests, for hours rather than minutes. */
export const longSuiteNames: readonly string[] = ["soak"];

const runProject = async (
  runner: Runner,
  project: string,
): Promise<Omit<SuiteResult, "name" | "milliseconds">> => {
  const directory = mkdtempSync(path.join(tmpdir(), "headroom-report-"));
  const file = path.join(directory, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  try {
    const code = await runner.run({
      package: "vitest",
      program: "vitest",
      parameters: ["run", "--project", project, ...reporters],
    });
    return countTests(readReport(file), code);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

const readReport = (file: string) => {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
};

/** Runs one suite to its end and tells what came of it. */
export const runSuite = async (runner: Runner, name: string): Promise<SuiteResult> => {
  const startedAt = performance.now();
  const check = checks[name];
  const result =
    check === undefined ? await runProject(runner, name) : await runner.run(check).then(checkResult);
  return { name, milliseconds: performance.now() - startedAt, ...result };
};

const checkResult = (code: number) => ({ passed: 0, failed: code === 0 ? 0 : 1, ok: code === 0 });
