import { createHash } from "node:crypto";

/**
 * The number, from 0 up to but not 1, that a seed has for a place such as `("drop", 7)`. Every place has its own: what is
 * asked for elsewhere, or no more, changes none of the others.
 */
export function draw(seed: number, ...place: Array<string | number>): number {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, ...place]))
    .digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** A number of 32 bits for a place, to be a seed itself. */
export function seedFor(seed: number, ...place: Array<string | number>): number {
  return Math.floor(draw(seed, ...place) * 2 ** 32);
}
