import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";

const log = path.join(import.meta.dirname, "log.ts");

/** The messages on a program's stdout, and its exit. `log` is a logger. */
function run(program: string) {
  const source = `import { createLogger } from ${JSON.stringify(log)};
    const log = createLogger({ service: "test", level: "info" });
    ${program}`;
  const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", source];
  const { stdout, signal } = spawnSync(process.execPath, flags, { encoding: "utf8", timeout: 10_000 });
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
