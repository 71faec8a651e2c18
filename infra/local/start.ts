import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { InvalidConfigurationError, loadConfiguration } from "@headroom/service/configuration";
import colors from "picocolors";
import { addressLines, doneLine } from "./announcement.ts";
import { openDataFolder } from "./data-folder.ts";
import { planFirstStart, playFirstStart } from "./first-start.ts";
import { help, readOptions, type StartOptions, UsageError } from "./options.ts";
import { isHalfSeeded } from "./seed-marks.ts";
import { createStack } from "./stack.ts";

const root = path.resolve(import.meta.dirname, "..", "..");

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const readCommandLine = (): StartOptions => {
  try {
    const here = process.env.INIT_CWD ?? process.cwd();
    const options = readOptions(process.argv.slice(2), process.env, { root, here });
    if (!existsSync(options.configurationFile)) {
      throw new UsageError(`there is no configuration at ${options.configurationFile}`);
    }
    return options;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(error.message);
    process.exit(2);
  }
};

const timer = (): (() => number) => {
  let last = performance.now();
  return () => {
    const passed = performance.now() - last;
    last += passed;
    return passed;
  };
};

const run = async (options: StartOptions): Promise<void> => {
  // Every process would refuse a bad one, after --fresh has emptied the folder.
  await loadConfiguration(options.configurationFile);
  const anew = !options.fresh && isHalfSeeded(options.dataDirectory);
  if (anew) say("the first start was interrupted: beginning anew");
  const folder = openDataFolder(options.dataDirectory, options.fresh || anew);
  const first = planFirstStart(options, folder, new Date());
  const lap = timer();
  const print = options.json ? say : (line: string) => void process.stdout.write(`${line}\n`);
  const done = (what: string): void => print(doneLine(colors, what, lap()));
  const shell = process.env;
  const stack = createStack(options, { root, folder, shell, startsAt: first.startsAt, log: say, done });

  const ending = new AbortController();
  const stop = async (code: number): Promise<void> => {
    if (ending.signal.aborted) return;
    ending.abort();
    await stack.stop();
    folder.close();
    process.exit(code);
  };
  // Ctrl-C arrives twice: from the terminal and from the bootstrap. Stopping is bounded, so once is enough.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));
  process.once("disconnect", () => void stop(0));

  try {
    await stack.start();
    const { signal } = ending;
    const ready = await playFirstStart(first, { root, options, folder, stack, say, done, signal });
    for (const line of addressLines(colors, ready)) print(line);
    if (options.json) process.stdout.write(`${JSON.stringify(ready)}\n`);
  } catch (error) {
    // Ctrl-C ends what runs synchronously (initdb) before we are told of it.
    await delay(50);
    if (!ending.signal.aborted) say(error instanceof Error ? error.message : String(error));
    await stop(1);
  }
};

const options = readCommandLine();
if (options.help) {
  process.stdout.write(help);
} else {
  await run(options).catch((error: Error) => {
    const isUsers = error instanceof UsageError || error instanceof InvalidConfigurationError;
    say(isUsers ? error.message : String(error.stack));
    process.exit(1);
  });
}
