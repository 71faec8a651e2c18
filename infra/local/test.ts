/** `npm test`: the static checks, then every vitest project; `npm test -- unit knip` runs only those, as `soak` is. */
import path from "node:path";
import process from "node:process";
import { createRunner, longSuiteNames, runSuite, suiteNames } from "./test-suites.ts";
import { closingLines, type SuiteResult } from "./test-totals.ts";

const wanted = process.argv.slice(2);
const known = [...suiteNames, ...longSuiteNames];
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(", ")}. The suites are ${known.join(", ")}\n`);
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
for (const name of wanted.length > 0 ? known.filter((one) => wanted.includes(one)) : suiteNames) {
  if (cancelled) break;
  process.stdout.write(`\n── ${name}\n`);
  results.push(await runSuite(runner, name));
}
process.stdout.write(`${closingLines(results).join("\n")}\n`);
process.exitCode = !cancelled && results.every((result) => result.ok) ? 0 : 1;
