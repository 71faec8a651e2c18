import { draw, seedFor } from "./dice.ts";
import type { FaultRule } from "./faults.ts";
import type { WebhookEndpoint } from "./wire.ts";

/** A hazard that hits a delivery with a probability from 0 to 1. */
export interface Hazard {
  probability: number;
}

/** A hazard that hits an attempt. */
export interface AttemptHazard extends Hazard {
  /** Only the first so many attempts of a delivery; null: any. */
  attempts: number | null;
}

/** What is done to deliveries, all of it decided by one seed. Durations are milliseconds of virtual time. */
export interface DeliveryRules {
  /** 0 to 2³² − 1. */
  seed: number;
  /** The id of the only endpoint that it concerns; null: all. */
  endpoint: string | null;
  /** The event types that it concerns, `customer.*` being all that begin so; null: all. */
  types: string[] | null;
  /** What failed is tried again by real time, as without a program, or over three days of virtual time. */
  retry: "real" | "virtual";
  /** What waits for the clock waits until a whole multiple of this; null: of a second, and of a minute for repeats. */
  roundTo: number | null;
  /** How many deliveries are under way at once; null: one, so that they arrive in the program's order. */
  atOnce: number | null;
  /** Sent `times` times more. */
  duplicate: (Hazard & { times: number }) | null;
  /** Held back from `min` to `max`. */
  delay: (Hazard & { min: number; max: number }) | null;
  /** Sent behind up to `window` later ones, at the latest after `within`. */
  reorder: (Hazard & { window: number; within: number }) | null;
  /** Never sent, and failed with its endpoint. */
  drop: Hazard | null;
  /** `livemode: true`. */
  wrongMode: AttemptHazard | null;
  /** Signed as of `age` ago. */
  staleSignature: (AttemptHazard & { age: number }) | null;
  /** Signed by a secret that nobody has. */
  badSignature: AttemptHazard | null;
  /** Signed by a second secret, too; null: one that nobody has. */
  secondSecret: (AttemptHazard & { secret: string | null }) | null;
  /** The body ends early; the signature is that of the whole. */
  truncate: AttemptHazard | null;
  /** Rendered as this version of the API has it. */
  oldVersion: (AttemptHazard & { version: string }) | null;
  /** Faults of the API, their draws from the same seed. */
  faults: FaultRule[];
}

/** The rules in force. */
export interface DeliveryProgram extends DeliveryRules {
  /** 1 for the first of this sandbox, 2 for the next, … */
  id: number;
}

/** Where and when one copy of a delivery is sent. */
export interface CopyPlan {
  /** How long it is held back; 0: not at all. */
  delay: number;
  /** How many later deliveries it lets pass. */
  behind: number;
}

/** What a program does to the delivery at one position: dropped, or sent once and then as often as there are copies. */
export interface DeliveryPlan {
  drop: boolean;
  copies: CopyPlan[];
}

/** What spoils one attempt, with the amounts drawn for it. */
export type Spoil =
  | { kind: "wrongMode" }
  | { kind: "oldVersion"; version: string }
  | { kind: "staleSignature"; seconds: number }
  | { kind: "badSignature"; secret: string }
  | { kind: "secondSecret"; secret: string; first: boolean }
  | { kind: "truncate"; share: number };

/** True when a program has a say in the deliveries of a type to an endpoint. */
export function concerns(rules: DeliveryRules, endpoint: Pick<WebhookEndpoint, "id">, type: string): boolean {
  if (rules.endpoint !== null && rules.endpoint !== endpoint.id) return false;
  if (rules.types === null) return true;
  return rules.types.some((one) => (one.endsWith("*") ? type.startsWith(one.slice(0, -1)) : one === type));
}

/** The first whole multiple of a unit that is not before an instant; the instant itself without a unit. */
export function roundedUp(at: number, unit: number | null | undefined): number {
  return unit ? Math.ceil(at / unit) * unit : at;
}

/** The plan for the delivery at a position (1, 2, 3 … in the order in which deliveries are queued). */
export function planDelivery(rules: DeliveryRules, position: number): DeliveryPlan {
  const { seed, duplicate, drop } = rules;
  const hit = (hazard: Hazard | null, ...place: Array<string | number>): boolean =>
    hazard !== null && draw(seed, ...place) < hazard.probability;
  if (hit(drop, "drop", position)) return { drop: true, copies: [] };
  const more = duplicate !== null && hit(duplicate, "duplicate", position) ? duplicate.times : 0;
  const copies = Array.from({ length: 1 + more }, (_, copy) => planCopy(rules, position, copy, hit));
  return { drop: false, copies };
}

function planCopy(
  { seed, delay, reorder }: DeliveryRules,
  position: number,
  copy: number,
  hit: (hazard: Hazard | null, ...place: Array<string | number>) => boolean,
): CopyPlan {
  if (delay !== null && hit(delay, "delay", position, copy)) {
    const { min, max } = delay;
    // Whole seconds, as everything that Stripe does at an instant.
    const held = min + draw(seed, "delayed", position, copy) * (max - min);
    return { delay: Math.max(1000, Math.round(held / 1000) * 1000), behind: 0 };
  }
  const isBehind = reorder !== null && hit(reorder, "reorder", position, copy);
  const behind = isBehind ? 1 + Math.floor(draw(seed, "reordered", position, copy) * reorder.window) : 0;
  return { delay: 0, behind };
}

/** What spoils an attempt (1, 2, 3 …) to send one copy (0: the first) of the delivery at a position. */
export function spoilAttempt(rules: DeliveryRules, position: number, copy: number, attempt: number): Spoil[] {
  const { seed, wrongMode, oldVersion, staleSignature, badSignature, secondSecret, truncate } = rules;
  const at = (name: string) => draw(seed, name, position, copy, attempt);
  const hits = (hazard: AttemptHazard, name: string): boolean =>
    (hazard.attempts === null || attempt <= hazard.attempts) && at(name) < hazard.probability;
  const spoils: Spoil[] = [];
  if (wrongMode && hits(wrongMode, "wrongMode")) spoils.push({ kind: "wrongMode" });
  if (oldVersion && hits(oldVersion, "oldVersion"))
    spoils.push({ kind: "oldVersion", version: oldVersion.version });
  if (staleSignature && hits(staleSignature, "staleSignature"))
    spoils.push({ kind: "staleSignature", seconds: Math.ceil(staleSignature.age / 1000) });
  const nobodys = (name: string) => `whsec_nobody_${seedFor(seed, name, position, copy, attempt)}`;
  if (badSignature && hits(badSignature, "badSignature"))
    spoils.push({ kind: "badSignature", secret: nobodys("badSecret") });
  if (secondSecret && hits(secondSecret, "secondSecret")) {
    const secret = secondSecret.secret ?? nobodys("secondSecret");
    spoils.push({ kind: "secondSecret", secret, first: at("secondFirst") < 0.5 });
  }
  if (truncate && hits(truncate, "truncate")) spoils.push({ kind: "truncate", share: at("truncated") });
  return spoils;
}
