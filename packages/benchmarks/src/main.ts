/**
 * `npm run bench`: every benchmark, or those that are named. `--json`: the last line of each is one object. `--write`: what
 * was found goes into `docs/benchmarks.md`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Benchmark } from "./benchmark.ts";
import { benchmarks } from "./benchmarks.ts";
import { runOf, writeRun } from "./document.ts";
import { anchorHash, describe, toJson } from "./report.ts";
import { type Effort, measure } from "./rounds.ts";
import { openStage, type Stage } from "./stage.ts";

const fewestRounds = 5;
const documentFile = path.resolve(import.meta.dirname, "../../../docs/benchmarks.md");

function refuse(message: string): never {
  const names = benchmarks.map(({ name }) => name).join(", ");
  process.stderr.write(
    `${message}\nusage: npm run bench -- [names] [--rounds N] [--seconds S] [--json] [--write]\nnames: ${names}\n`,
  );
  process.exit(2);
}

function read() {
  try {
    const options = {
      json: { type: "boolean" },
      write: { type: "boolean" },
      rounds: { type: "string" },
      seconds: { type: "string" },
    } as const;
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const { values, positionals } = read();
const unknown = positionals.find((name) => !benchmarks.some((one) => one.name === name));
if (unknown !== undefined) refuse(`there is no benchmark ${unknown}`);
const effort: Effort = {
  rounds: Number(values.rounds ?? fewestRounds),
  seconds: values.seconds === undefined ? undefined : Number(values.seconds),
};
if (!Number.isInteger(effort.rounds) || effort.rounds < fewestRounds)
  refuse(`--rounds is ${fewestRounds} or more`);
if (effort.seconds !== undefined && !(effort.seconds > 0)) refuse("--seconds is a number above 0");

let underWay: Promise<Stage> | undefined;

async function run(benchmark: Benchmark): Promise<void> {
  underWay = openStage();
  const stage = await underWay;
  try {
    const settings = Object.entries(stage.settings).map((pair) => pair.join("="));
    say(`\n── ${benchmark.name}: ${benchmark.title}`);
    say(`PostgreSQL ${settings.join(" ")}`);
    say(`anchor ${anchorHash(benchmark)}: ${benchmark.anchors.join(", ")}`);
    const results = await measure(benchmark, stage, effort);
    for (const result of results) say(describe(result));
    if (values.write) {
      const document = readFileSync(documentFile, "utf8");
      writeFileSync(documentFile, writeRun(document, benchmark, results, runOf(effort)));
    }
    if (values.json) say(JSON.stringify(toJson(benchmark, results, effort.rounds, stage.settings)));
  } finally {
    await stage.end();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Whoever stops us wants nothing left behind: neither servers nor gigabytes, nor those that are just being made. */
async function stop(): Promise<void> {
  try {
    await (await underWay)?.end();
  } finally {
    process.exit(130);
  }
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void stop());
process.once("disconnect", () => void stop());
process.channel?.unref();

const chosen =
  positionals.length === 0 ? benchmarks : benchmarks.filter(({ name }) => positionals.includes(name));
for (const benchmark of chosen) await run(benchmark);
