import { randomFillSync, randomInt } from "node:crypto";

/** The latest millisecond that ids were made in, and how many of its 4,096 numbers are used. */
let latest = 0;
let used = 0;

/**
 * A fresh UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, 12 that count within one (section 6.2, method 1) and
 * 62 random ones. Those of a process ascend, so that lists by id are in the order of making.
 * @param milliseconds for an id of another time; such ids do not ascend within a millisecond
 */
export function uuidv7(milliseconds?: number): string {
  const [time, count] = milliseconds === undefined ? nextPlace() : [milliseconds, randomInt(4_096)];
  const moment = time.toString(16).padStart(12, "0");
  const random = nextRandom();
  return `${moment.slice(0, 8)}-${moment.slice(8)}-${(0x7000 | count).toString(16)}-${random.slice(0, 4)}-${random.slice(4)}`;
}

// Asking the system for few bytes costs as much as for many: 4 kB are 512 ids.
const randomness = Buffer.alloc(4_096);
let next = randomness.length;

/** 16 hexadecimal digits: the variant's two bits, and 62 random ones. */
function nextRandom(): string {
  if (next >= randomness.length) {
    randomFillSync(randomness);
    next = 0;
  }
  const from = next;
  next += 8;
  randomness[from] = 0x80 | ((randomness[from] ?? 0) & 0x3f);
  return randomness.toString("hex", from, next);
}

/** A clock that is set back does not take the order with it. */
function nextPlace(): [time: number, count: number] {
  const now = Date.now();
  used += 1;
  if (now > latest || used > 4_095) {
    latest = Math.max(now, latest + (used > 4_095 ? 1 : 0));
    used = randomInt(1_024);
  }
  return [latest, used];
}
