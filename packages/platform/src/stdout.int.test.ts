import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const log = path.join(import.meta.dirname, "log.ts");

/** Has node run a program; `log` is a logger. */
function argumentsOf(program: string): string[] {
  const source = `import { createLogger } from ${JSON.stringify(log)};
    const log = createLogger({ service: "test", level: "info" });
    ${program}`;
  return ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", source];
}

/** The messages on a program's stdout, and its exit. */
function run(program: string) {
  const { stdout, signal } = spawnSync(process.execPath, argumentsOf(program), {
    encoding: "utf8",
    timeout: 10_000,
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { messages: lines.map((line) => JSON.parse(line).msg), signal };
}

test.each([
  ["ends by itself", 'log.info("one"); log.info("two");'],
  ["exits in the middle of a turn", 'log.info("one"); log.info("two"); process.exit(1);'],
  ["fails", 'log.info("one"); log.info("two"); throw new Error("lost");'],
])("nothing is lost when a process %s", (_how, program) => {
  expect(run(program).messages).toEqual(["one", "two"]);
});

test("a warning is there, after what came before it, when the process is killed in that moment", () => {
  const killed = run(
    'log.info("one"); log.warn("two"); log.info("three"); process.kill(process.pid, "SIGKILL");',
  );
  expect(killed).toEqual({ messages: ["one", "two"], signal: "SIGKILL" });
});

test("long texts arrive whole, in their order, though the pipe is read slowly", () => {
  const { messages } = run('for (let n = 0; n < 300; n += 1) log.info("x".repeat(2_000) + n);');
  expect(messages).toEqual(Array.from({ length: 300 }, (_, n) => "x".repeat(2_000) + n));
});

test.skipIf(process.platform !== "linux")("a full disk ends nobody who logs", () => {
  const full = openSync("/dev/full", "w");
  const program = 'log.info("one"); log.warn("two"); setTimeout(() => process.exit(7), 10);';
  const { status } = spawnSync(process.execPath, argumentsOf(program), { stdio: ["ignore", full, "pipe"] });
  closeSync(full);
  expect(status).toBe(7);
});
