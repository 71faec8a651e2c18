import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { scopes } from "@headroom/domain/permissions";

type Environment = Readonly<Record<string, string | undefined>>;

const noWarnings = "--disable-warning=ExperimentalWarning";

const runCli = async (
  root: string,
  parameters: string[],
  environment: Environment,
  signal?: AbortSignal,
): Promise<string> => {
  const script = path.join(root, "apps", "cli", "src", "main.ts");
  const child = spawn(process.execPath, [noWarnings, script, ...parameters], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    signal,
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  if (code !== 0) throw new Error(`headroom ${parameters.join(" ")} failed:\n${(stderr + stdout).trim()}`);
  return stdout;
};

const jsonLine = (output: string): Record<string, unknown> => {
  const line = output.split("\n").find((candidate) => candidate.startsWith("{"));
  return line === undefined ? {} : JSON.parse(line);
};

/** Writes the configured meters and plans to the database, and to Stripe or its sandbox. */
export const pushPlans = async (root: string, environment: Environment): Promise<void> => {
  await runCli(root, ["plans", "push"], environment);
};

/** Mints the platform key of this start; the one of the last start is revoked with it. */
export const mintPlatformKey = async (root: string, environment: Environment): Promise<string> => {
  const parameters = [
    "--platform",
    "--name",
    "development",
    "--scopes",
    scopes.join(","),
    "--replace",
    "--json",
  ];
  const { key } = jsonLine(await runCli(root, ["keys", "create", ...parameters], environment));
  if (typeof key !== "string") throw new Error("headroom keys create printed no key");
  return key;
};

/**
 * Plays the demo's three organizations on the stack of this data folder, and answers the API key of its Acme; the
 * clock ends at real time. The signal ends it.
 */
export const runSeed = async (
  root: string,
  stackFile: string,
  environment: Environment,
  signal: AbortSignal,
): Promise<string | null> => {
  const output = await runCli(
    root,
    ["seed", "--json"],
    { ...environment, HEADROOM_STACK: stackFile },
    signal,
  );
  const { demoKey } = jsonLine(output);
  return typeof demoKey === "string" ? demoKey : null;
};

/**
 * Runs the tour against the stack of this data folder; its output goes to standard error where standard
 * output is promised to the ready line. Answers whether it passed; the signal ends it.
 */
export const runTour = async (
  root: string,
  stackFile: string,
  environment: Environment,
  quietOutput: boolean,
  signal: AbortSignal,
): Promise<boolean> => {
  const child = spawn(process.execPath, [noWarnings, path.join(root, "infra", "local", "tour.ts")], {
    env: { ...environment, HEADROOM_STACK: stackFile },
    stdio: ["ignore", quietOutput ? 2 : 1, 2],
    signal,
  });
  const [code] = await once(child, "exit");
  return code === 0;
};
