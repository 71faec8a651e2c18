/**
 * Lists as PostgreSQL takes them in its binary format: `pg` sends a Buffer as it is. What it would write as text need
 * neither be quoted here nor parsed there.
 */

/** The binary form of a list whose every element is of one type; null where the list has nothing but nulls. */
export type BinaryArray = Buffer | null;

const oids = { bytea: 17, bigint: 20, integer: 23, text: 25, date: 1082, uuid: 2950 } as const;
const header = 20;
const dayZero = Date.UTC(2000, 0, 1);
const msOfDay = 86_400_000;

/** How an element is written at a place of a buffer; answers its length in bytes. */
type Write<Value> = (buffer: Buffer, value: Value, at: number) => number;

function encode<Value>(
  oid: number,
  values: readonly (Value | null)[],
  mostBytes: (value: Value) => number,
  write: Write<Value>,
): BinaryArray {
  let room = header;
  let nulls = 0;
  for (const value of values) {
    room += 4 + (value === null ? 0 : mostBytes(value));
    if (value === null) nulls += 1;
  }
  if (nulls === values.length) return null;
  const buffer = Buffer.allocUnsafe(room);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(nulls > 0 ? 1 : 0, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(values.length, 12);
  buffer.writeInt32BE(1, 16);
  let at = header;
  for (const value of values) {
    const length = value === null ? -1 : write(buffer, value, at + 4);
    buffer.writeInt32BE(length, at);
    at += 4 + Math.max(length, 0);
  }
  return buffer.subarray(0, at);
}

/** What the server would say to an element. */
function refusal(code: string, message: string): Error {
  return Object.assign(new TypeError(message), { code });
}

export function bytesArray(values: readonly (Buffer | null)[]): BinaryArray {
  return encode(
    oids.bytea,
    values,
    (value) => value.length,
    (buffer, value, at) => value.copy(buffer, at),
  );
}

export function textArray(values: readonly (string | null)[]): BinaryArray {
  return encode(
    oids.text,
    values,
    (value) => 3 * value.length,
    (buffer, value, at) => buffer.write(value, at, "utf8"),
  );
}

/** Texts that are UTF-8 already. */
export function utf8Array(values: readonly (Buffer | null)[]): BinaryArray {
  return encode(
    oids.text,
    values,
    (value) => value.length,
    (buffer, value, at) => value.copy(buffer, at),
  );
}

const hexDigits = new Int8Array(128).fill(-1);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  hexDigits[digit.charCodeAt(0)] = value;
  hexDigits[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Negative where it is none. */
function digitAt(text: string, place: number): number {
  return hexDigits[text.charCodeAt(place)] ?? -1;
}

/** How many of a UUID's hyphens stand before its n-th byte. */
function hyphensBefore(byte: number): number {
  return byte < 4 ? 0 : byte < 10 ? (byte - 2) >> 1 : 4;
}

/** Raw UUIDs. */
export function uuidArray(values: readonly (string | null)[]): BinaryArray {
  return encode(
    oids.uuid,
    values,
    () => 16,
    (buffer, value, at) => {
      let wrong = value.length - 36;
      for (let place = 0; place < 16; place += 1) {
        const digit = place * 2 + hyphensBefore(place);
        const byte = (digitAt(value, digit) << 4) | digitAt(value, digit + 1);
        wrong |= byte >> 8;
        buffer[at + place] = byte;
      }
      if (wrong !== 0) throw refusal("22P02", `not a UUID: ${value}`);
      return 16;
    },
  );
}

export function bigintArray(values: readonly (number | null)[]): BinaryArray {
  return encode(
    oids.bigint,
    values,
    () => 8,
    (buffer, value, at) => {
      if (!Number.isSafeInteger(value)) throw refusal("22003", `not a bigint: ${value}`);
      buffer.writeInt32BE(Math.floor(value / 2 ** 32), at);
      return buffer.writeUInt32BE(value >>> 0, at + 4) - at;
    },
  );
}

export function integerArray(values: readonly (number | null)[]): BinaryArray {
  return encode(
    oids.integer,
    values,
    () => 4,
    (buffer, value, at) => buffer.writeInt32BE(value, at) - at,
  );
}

/** Days as `2026-11-22`. */
export function dateArray(values: readonly (string | null)[]): BinaryArray {
  return encode(
    oids.date,
    values,
    () => 4,
    (buffer, value, at) => buffer.writeInt32BE((Date.parse(value) - dayZero) / msOfDay, at) - at,
  );
}
