import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, globSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";

type Environment = Readonly<Record<string, string | undefined>>;

/** What the built console is made of. */
const sources = [
  "package-lock.json",
  "apps/console/{index.html,vite.config.ts}",
  "apps/console/{src,public}/**/*.*",
  "packages/{react,client}/src/**/*.{ts,tsx,css}",
];

/**
 * Builds the console unless these very sources were built before. Answers the folder; several may ask at once.
 * @throws Error with what the build said
 */
export const buildConsole = async (root: string, shell: Environment): Promise<string> => {
  const directory = path.join(root, "node_modules", ".cache", "headroom-console", fingerprint(root));
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.${process.pid}`;
  await runBuild(path.join(root, "apps", "console"), unfinished, shell);
  // Whoever was as fast has built the same.
  if (existsSync(directory)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, directory);
  return directory;
};

const fingerprint = (root: string): string => {
  const hash = createHash("sha256");
  for (const file of globSync(sources, { cwd: root }).toSorted())
    hash.update(file).update(readFileSync(path.join(root, file)));
  return hash.digest("hex").slice(0, 16);
};

const runBuild = async (directory: string, target: string, shell: Environment): Promise<void> => {
  const vite = path.join(
    path.dirname(createRequire(import.meta.url).resolve("vite/package.json")),
    "bin/vite.js",
  );
  const parameters = ["build", "--logLevel", "warn", "--outDir", target, "--emptyOutDir"];
  const child = spawn(process.execPath, [vite, ...parameters], {
    cwd: directory,
    env: { PATH: shell.PATH, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  if (code !== 0) throw new Error(`the console cannot be built:\n${(stderr + stdout).trim()}`);
};
