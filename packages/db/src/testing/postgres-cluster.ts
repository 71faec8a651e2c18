import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Account, canEnter } from "./postgres-account.ts";
import { type Binaries, outsideDirectory } from "./postgres-binaries.ts";

/** One initialised data directory and the superuser's password for it. */
export type Cluster = { directory: string; password: string };

const directoryFor = (home: string): string => path.join(home, "cluster");

const ownedDirectory = (directory: string, account: Account): void => {
  mkdirSync(directory, { recursive: true });
  if (account !== null) chownSync(directory, account.uid, account.gid);
};

/**
 * The directory that really holds the data: the given one, or, where the server's account cannot enter
 * it, one below /var/lib/headroom, named by a pointer file `location` left in the given one.
 */
export const dataHome = (dataDirectory: string, account: Account, log: (line: string) => void): string => {
  ownedDirectory(dataDirectory, account);
  if (canEnter(account, dataDirectory)) return dataDirectory;
  const outside = outsideDirectory(dataDirectory);
  log(`PostgreSQL's account cannot enter ${dataDirectory}: its data is in ${outside}`);
  mkdirSync(path.dirname(outside), { recursive: true, mode: 0o755 });
  ownedDirectory(outside, account);
  writeFileSync(path.join(dataDirectory, "location"), `${outside}\n`);
  return outside;
};

const existingHome = (dataDirectory: string): string => {
  const pointer = path.join(dataDirectory, "location");
  return existsSync(pointer) ? readFileSync(pointer, "utf8").trim() : dataDirectory;
};

/** Where the cluster of an earlier start is, or would be. */
export const existingCluster = (dataDirectory: string): string => directoryFor(existingHome(dataDirectory));

const initialise = (binaries: Binaries, home: string, account: Account, durable: boolean): void => {
  const unfinished = path.join(home, "cluster.new");
  rmSync(unfinished, { recursive: true, force: true });
  const options = [
    `--pgdata=${unfinished}`,
    "--username=postgres",
    `--pwfile=${path.join(home, "password")}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    // The password has 256 random bits: stretching it would only slow every connection down.
    "--set=scram_iterations=1",
    ...(durable ? [] : ["--no-sync"]),
  ];
  const run = spawnSync(binaries.initdb, options, {
    ...account,
    cwd: home,
    env: { LC_ALL: "C" },
    encoding: "utf8",
  });
  if (run.status !== 0) throw new Error(`initdb failed: ${run.error?.message ?? run.stderr.trim()}`);
  renameSync(unfinished, directoryFor(home));
};

/** Opens the cluster of this directory, made on the first use; one killed half way is made again. */
export const openCluster = (
  binaries: Binaries,
  home: string,
  account: Account,
  durable: boolean,
): Cluster => {
  const file = path.join(home, "password");
  const directory = directoryFor(home);
  if (!existsSync(directory)) {
    writeFileSync(file, randomBytes(32).toString("hex"), { mode: 0o600 });
    if (account !== null) chownSync(file, account.uid, account.gid);
    initialise(binaries, home, account, durable);
  }
  return { directory, password: readFileSync(file, "utf8").trim() };
};

/** Deletes all data of a stopped server, wherever it is. */
export const removePostgresData = (dataDirectory: string): void => {
  for (const place of [existingHome(dataDirectory), dataDirectory]) {
    rmSync(place, { recursive: true, force: true });
  }
};
