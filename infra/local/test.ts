/** `npm test`: the static checks, then every vitest project; `npm test -- unit knip` runs only those. */
import path from "node:path";
import process from "node:process";
import { createRunner, runSuite, suiteNames } from "./test-suites.ts";
import { closingLines, type SuiteResult } from "./test-totals.ts";

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suiteNames.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(", ")}. The suites are ${suiteNames.join(", ")}\n`);
  process.exit(2);
}

const runner = createRunner(path.resolve(import.meta.dirname, "..", ".."));
let cancelled = false;
const cancel = (): void => {
  cancelled = true;
  runner.cancel();
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, cancel);
process.once("disconnect", cancel);
// Only the suites keep this process alive, not the channel that tells of the bootstrap's end.
process.channel?.unref();

const results: SuiteResult[] = [];
for (const name of suiteNames) {
  if (cancelled || (wanted.length > 0 && !wanted.includes(name))) continue;
  process.stdout.write(`\n── ${name}\n`);
  results.push(await runSuite(runner, name));
}
process.stdout.write(`${closingLines(results).join("\n")}\n`);
process.exitCode = !cancelled && results.every((result) => result.ok) ? 0 : 1;
