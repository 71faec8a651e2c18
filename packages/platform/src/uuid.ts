import { randomBytes, randomInt } from "node:crypto";

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
  const bytes = randomBytes(16);
  bytes.writeUIntBE(time, 0, 6);
  bytes.writeUInt16BE(0x7000 | count, 6);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
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
