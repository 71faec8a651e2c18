import { randomBytes } from "node:crypto";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A new id in Stripe's style: a prefix and random letters and digits. */
export function newId(prefix: string, length = 24): string {
  return `${prefix}_${letters(length)}`;
}

/** Random letters and digits (62 symbols; bytes that would bias the choice are dropped). */
export function letters(length: number): string {
  let out = "";
  while (out.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && out.length < length) out += alphabet[byte % 62];
    }
  }
  return out;
}
