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
  const bytes = nextRandom();
  bytes.writeUIntBE(time, 0, 6);
  bytes.writeUInt16BE(0x7000 | count, 6);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const supply = Buffer.allocUnsafeSlow(16 * 256);
let taken = supply.length;

/** 16 random bytes, of which 256 are drawn at once: the call costs more than what it fills. */
function nextRandom(): Buffer {
  if (taken === supply.length) {
    randomFillSync(supply);
    taken = 0;
  }
  taken += 16;
  return supply.subarray(taken - 16, taken);
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
