import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import path from "node:path";
import process from "node:process";

/** Where Linux keeps files in memory. */
const memory = "/dev/shm";
const prefix = "headroom-run-";
const gibibyte = 2 ** 30;
/** In bytes: several times what a whole run has there at once. */
const enough = 4 * gibibyte;

/** A folder of this run. `remove` deletes it with everything in it. */
export type MemoryFolder = { directory: string; remove: () => void };

const isRunning = (id: number): boolean => {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** What a killed run has left would hold memory until the machine is started again. */
const sweep = (place: string): void => {
  for (const name of readdirSync(place)) {
    const [id] = name.startsWith(prefix) ? name.slice(prefix.length).split("-") : [];
    if (id !== undefined && !isRunning(Number(id)))
      rmSync(path.join(place, name), { recursive: true, force: true });
  }
};

const hasRoom = (place: string, room: number): boolean => {
  if (!existsSync(place)) return false;
  const { bavail, bsize } = statfsSync(place);
  return bavail * bsize >= room && freemem() >= 2 * room;
};

/**
 * A folder in memory for what is lost with the run anyway: databases are made, filled and dropped there without the
 * work of a file system. Null where there is none, or too little memory to spare. Any account may enter it.
 */
export const openMemoryFolder = ({ place = memory, room = enough } = {}): MemoryFolder | null => {
  if (!hasRoom(place, room)) return null;
  sweep(place);
  const directory = mkdtempSync(path.join(place, `${prefix}${process.pid}-`));
  chmodSync(directory, 0o755);
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
};
