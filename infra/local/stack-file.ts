import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import type { StackFile } from "./addresses.ts";
import { type DataFolder, isAlive } from "./data-folder.ts";

const name = "stack.json";

/** Where the tour and the CLI look for the running stack of a checkout. */
export const sharedStackFile = (root: string): string => path.join(root, ".headroom", name);

const holderOf = (file: string): number | null => {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as StackFile).processes.supervisor ?? null;
  } catch {
    return null;
  }
};

const mayWrite = (file: string): boolean => {
  const holder = holderOf(file);
  return holder === null || holder === process.pid || !isAlive(holder);
};

/**
 * Tells readers where a stack is: in its data folder and, where that is another one, in the checkout as well, unless
 * another living stack stands there already. Readable by its owner only.
 */
export const writeStackFile = (root: string, folder: DataFolder, stack: StackFile): void => {
  folder.write(name, stack);
  const shared = sharedStackFile(root);
  if (shared === folder.file(name) || !mayWrite(shared)) return;
  mkdirSync(path.dirname(shared), { recursive: true });
  const unfinished = `${shared}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, shared);
};

/** The stack has ended: nobody finds it any more. */
export const removeStackFile = (root: string, folder: DataFolder): void => {
  folder.remove(name);
  const shared = sharedStackFile(root);
  if (holderOf(shared) === process.pid) rmSync(shared, { force: true });
};
