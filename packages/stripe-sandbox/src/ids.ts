import { randomBytes } from "node:crypto";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A new id in Stripe's style: a prefix and random letters and digits. */
export function newId(prefix: string, length = 24): string {
  return `${prefix}_${letters(length)}`;
}

// Asking the system for each id costs more than the id.
let pool = Buffer.alloc(0);
let used = 0;

function nextByte(): number {
  if (used === pool.length) {
    pool = randomBytes(4096);
    used = 0;
  }
  return pool[used++] ?? 0;
}

/** Random letters and digits (62 symbols; bytes that would bias the choice are dropped). */
export function letters(length: number): string {
  let out = "";
  while (out.length < length) {
    const byte = nextByte();
    if (byte < 248) out += alphabet[byte % 62];
  }
  return out;
}
