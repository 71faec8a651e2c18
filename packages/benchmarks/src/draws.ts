import { createHash, randomUUID } from "node:crypto";
import { uuidv7 } from "@headroom/platform/uuid";

/** Keys that tell when they were made, and keys that tell nothing. */
export type KeyForm = "uuidv7" | "opaque";

/** One event that a caller sends: both sides of a comparison draw theirs here. */
export interface Draw {
  /** Place of the organization, from 0. */
  organization: number;
  key: string;
  /** 1 to 9 units. */
  quantity: number;
  /** It was sent, and acknowledged, before. */
  replay: boolean;
}

const remembered = 1_024;

/**
 * Draws events: fresh keys, 1 to 9 units, organizations at random; one of a hundred repeats an event that was
 * acknowledged. `acknowledge` tells which those are.
 */
export function createDraws(
  organizations: number,
  keys: KeyForm,
): { next(): Draw; acknowledge(draw: Draw): void } {
  const recent: Draw[] = [];
  let acknowledged = 0;
  return {
    next() {
      const again = Math.random() < 0.01 ? recent[Math.floor(Math.random() * recent.length)] : undefined;
      if (again !== undefined) return { ...again, replay: true };
      return {
        organization: Math.floor(Math.random() * organizations),
        key: keys === "uuidv7" ? uuidv7() : opaqueKey(),
        quantity: 1 + Math.floor(Math.random() * 9),
        replay: false,
      };
    },
    acknowledge(draw) {
      if (draw.replay) return;
      recent[acknowledged % remembered] = draw;
      acknowledged += 1;
    },
  };
}

function opaqueKey(): string {
  return `order-${randomUUID()}`;
}

/** The secret of the API key of an organization by its place; the same in every process. */
export function secretOf(organization: number): string {
  const random = String(organization).padStart(43, "0");
  const checksum = createHash("sha256").update(random).digest().subarray(0, 4).toString("base64url");
  return `hr_test_${random}${checksum}`;
}
