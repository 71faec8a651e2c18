import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { removePostgresData } from "@headroom/db/testing/postgres-cluster";
import { UsageError } from "./options.ts";

/** Secrets of this stack alone, made once. */
export type Secrets = {
  databasePassword: string;
  stripeSecretKey: string;
  stripeWebhookSecret: string;
  /** What secrets in the database are encrypted with: base64 of 32 bytes. */
  secretsKey: string;
  /** What the tokens of invites are made with where lists show their links. */
  inviteLinkKey: string;
};

/** The folder that keeps everything of one stack between its runs. */
export type DataFolder = {
  /** The absolute path of something in it. */
  file: (name: string) => string;
  /** What was kept under this name, null when nothing or nothing readable was. */
  read: (name: string) => unknown;
  /** Keeps a value as JSON, readable by its owner only, whole or not at all. */
  write: (name: string, value: unknown) => void;
  remove: (name: string) => void;
  secrets: () => Secrets;
  /** Lets the next start in. */
  close: () => void;
};

const lockFile = "supervisor.pid";
/** All that a stack puts there; --fresh removes these and nothing else, for the folder may be anybody's. */
const contents = [
  "mail",
  "logs",
  "compile-cache",
  "stripe-sandbox.sqlite",
  "stripe-sandbox.sqlite-wal",
  "stripe-sandbox.sqlite-shm",
  "issuer-keys.json",
  "issuer-sessions.json",
  "secrets.json",
  "ports.json",
  "stack.json",
  "toured.json",
  "seeding.json",
  "seeded.json",
];

/** True while a process with this id runs. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** When a process started, in ticks since the boot: field 22 of proc_pid_stat(5). Empty where the system does not tell. */
const startOf = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
};

/** Who holds the folder. A killed stack's id may belong to another program now, which has started at another time. */
const holderOf = (file: string): number | null => {
  const [id = "", start] = existsSync(file) ? readFileSync(file, "utf8").split(" ") : [];
  const pid = Number.parseInt(id, 10);
  const isHeld = Number.isInteger(pid) && pid !== process.pid && isAlive(pid);
  return isHeld && (start === undefined || start === startOf(pid)) ? pid : null;
};

const claim = (directory: string): void => {
  const file = path.join(directory, lockFile);
  const holder = holderOf(file);
  if (holder !== null) {
    throw new UsageError(
      `a stack already runs on ${directory} (process ${holder}): stop it, or give another folder with --data`,
    );
  }
  writeFileSync(file, `${process.pid} ${startOf(process.pid)}`, { mode: 0o600 });
};

const empty = (directory: string): void => {
  removePostgresData(path.join(directory, "postgres"));
  for (const name of contents) rmSync(path.join(directory, name), { recursive: true, force: true });
};

const makeSecrets = (): Secrets => ({
  databasePassword: randomBytes(24).toString("hex"),
  stripeSecretKey: `sk_test_${randomBytes(24).toString("hex")}`,
  stripeWebhookSecret: `whsec_${randomBytes(24).toString("base64")}`,
  secretsKey: randomBytes(32).toString("base64"),
  inviteLinkKey: randomBytes(32).toString("base64"),
});

const makeAndClaim = (directory: string): void => {
  try {
    mkdirSync(directory, { recursive: true });
    claim(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = reasons[code] ?? (error as Error).message;
    throw new UsageError(`${directory} cannot be the data folder: ${reason}; give another with --data`);
  }
};

const reasons: Readonly<Record<string, string>> = {
  EEXIST: "it is a file",
  ENOTDIR: "what it would lie in is a file",
  EACCES: "it may not be written to",
  EPERM: "it may not be written to",
  EROFS: "its file system is read-only",
  ENOSPC: "the disk is full",
};

/**
 * Opens the folder for one stack, made when missing, emptied first when `fresh`.
 * @throws UsageError when a living stack holds it, or it cannot be written to
 */
export const openDataFolder = (directory: string, fresh: boolean): DataFolder => {
  makeAndClaim(directory);
  if (fresh) empty(directory);
  const file = (name: string) => path.join(directory, name);
  const read = (name: string): unknown => {
    try {
      return JSON.parse(readFileSync(file(name), "utf8"));
    } catch {
      return null;
    }
  };
  const write = (name: string, value: unknown): void => {
    const unfinished = file(`${name}.new`);
    writeFileSync(unfinished, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(unfinished, file(name));
  };
  return {
    file,
    read,
    write,
    remove: (name) => rmSync(file(name), { recursive: true, force: true }),
    secrets: () => {
      const kept = read("secrets.json") as Partial<Secrets> | null;
      const secrets: Secrets = { ...makeSecrets(), ...kept };
      // A folder of an earlier version lacks the secrets that came later.
      if (Object.keys(kept ?? {}).length < Object.keys(secrets).length) write("secrets.json", secrets);
      return secrets;
    },
    close: () => rmSync(file(lockFile), { force: true }),
  };
};
