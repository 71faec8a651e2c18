import { accessSync, constants } from "node:fs";
import path from "node:path";
import process from "node:process";
import { type Browser, chromium } from "playwright-core";
import { type Executable, packagedChromium } from "./packaged.ts";

type Candidate = { name: string; find: () => Promise<Executable> };

type Environment = Readonly<Record<string, string | undefined>>;

const systemNames = ["chromium", "google-chrome", "chromium-headless-shell"];

const args = [
  // Tests run as root in containers, where Chromium refuses its sandbox; they open our own pages only.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const at = (executablePath: string): Candidate => ({
  name: executablePath,
  find: async () => ({ executablePath, env: {} }),
});

const candidates = (environment: Environment): Candidate[] => {
  // A browser that was named is meant: no other one takes its place.
  if (environment.CHROMIUM_PATH) return [at(environment.CHROMIUM_PATH)];
  const folders = (environment.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
  const installed = systemNames
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .filter(isExecutable);
  return [...installed.map(at), { name: "the one of @sparticuz/chromium", find: packagedChromium }];
};

const start = async ({ find }: Candidate, environment: Environment): Promise<Browser> => {
  const { executablePath, env } = await find();
  const inherited = Object.entries(environment).filter((entry): entry is [string, string] => !!entry[1]);
  return chromium.launch({
    executablePath,
    args,
    headless: true,
    timeout: 30_000,
    env: { ...Object.fromEntries(inherited), ...env },
  });
};

/** What a failed start says that a person can use: the program's own words where it had any. */
const reasonOf = (error: unknown): string => {
  const lines = String(error instanceof Error ? error.message : error).split("\n");
  const own = lines.find((line) =>
    /error while loading|No such file|ENOENT|EACCES|not found|FATAL/.test(line),
  );
  return (own ?? lines[0] ?? "").replace(/^browserType\.launch: |^.*\[err\]\s*/, "").trim();
};

/**
 * Starts a headless Chromium: the one at CHROMIUM_PATH, one on PATH, or the one that npm installed.
 * @throws Error in one sentence with what was tried and what helps, when none starts
 */
export const launch = async (environment: Environment = process.env): Promise<Browser> => {
  const tried: string[] = [];
  for (const candidate of candidates(environment)) {
    try {
      return await start(candidate, environment);
    } catch (error) {
      tried.push(`${candidate.name} (${reasonOf(error)})`);
    }
  }
  throw new Error(
    `No browser starts for the tests, tried ${tried.join(", ")}: install Chromium (Debian: apt-get install chromium), or name one with CHROMIUM_PATH.`,
  );
};
