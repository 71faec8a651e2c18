import { writeSync } from "node:fs";
import process from "node:process";
import { type DestinationStream, pino } from "pino";

const stdout = 1;
const warning = pino.levels.values.warn as number;
const longest = 64 * 1024;

/**
 * stdout for a logger: ordinary lines are written together, once per turn of the event loop (one write for each costs
 * as much as making the line), and with a warning or worse, or when the process exits, at once.
 */
export function openStdout(): DestinationStream {
  let pending = "";
  let isPlanned = false;
  const flush = () => {
    const text = pending;
    pending = "";
    isPlanned = false;
    if (text !== "") writeWhole(Buffer.from(text));
  };
  process.once("exit", flush);
  return {
    // Asks pino for each line's level.
    [Symbol.for("pino.metadata")]: true,
    lastLevel: 0,
    write(line) {
      pending += line;
      if (this.lastLevel >= warning || pending.length > longest) flush();
      else if (!isPlanned) {
        isPlanned = true;
        setImmediate(flush);
      }
    },
  } as DestinationStream & { lastLevel: number };
}

const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * A full pipe is waited for: nothing is dropped while somebody reads. Where nobody does any more, or the disk is full,
 * the rest is: what cannot be logged is no reason to stop serving.
 */
function writeWhole(bytes: Buffer): void {
  for (let rest = bytes; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(stdout, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      Atomics.wait(clock, 0, 0, 5);
    }
  }
}
