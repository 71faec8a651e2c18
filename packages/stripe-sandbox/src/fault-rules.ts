import {
  type FaultKind,
  type FaultRule,
  type FaultStatus,
  faultKinds,
  faultStatuses,
  newSeed,
} from "./faults.ts";

/** A control asked for in a way that is not understood. */
export class BadControl extends Error {}

const known = ["method", "path", "kind", "ms", "status", "times", "probability", "seed"];
const methods = ["GET", "POST", "DELETE"] as const;

/** A rule from the body of `POST /_sandbox/faults`. Throws BadControl naming the field that is wrong. */
export function readFault(body: Record<string, unknown>): FaultRule {
  for (const key of Object.keys(body)) {
    if (!known.includes(key)) throw new BadControl(`${key} is not a field of a fault: ${known.join(", ")}.`);
  }
  const kind = oneOf<FaultKind>("kind", body.kind, faultKinds);
  if (kind === null) throw new BadControl(`kind must be one of ${faultKinds.join(", ")}.`);
  const path = body.path ?? null;
  if (path !== null && !(typeof path === "string" && /^\/v[12](\/|$)/.test(path))) {
    throw new BadControl("path must be a string that starts with /v1 or /v2.");
  }
  return {
    method: oneOf("method", body.method, methods),
    path,
    kind,
    ms: only(kind === "delay", "ms", number("ms", body.ms, 0, 3_600_000), 1000),
    status: only(kind.startsWith("status"), "status", statusOf(body.status), 500),
    left: number("times", body.times, 1, 1_000_000),
    probability: number("probability", body.probability, 0, 1) ?? 1,
    seed: number("seed", body.seed, 0, 2 ** 32 - 1) ?? newSeed(),
  };
}

function statusOf(value: unknown): FaultStatus | null {
  return oneOf<FaultStatus>("status", value, faultStatuses);
}

function oneOf<Value>(name: string, value: unknown, allowed: readonly Value[]): Value | null {
  if (value === undefined || value === null) return null;
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new BadControl(`${name} must be one of ${allowed.join(", ")}.`);
  return found;
}

function number(name: string, value: unknown, least: number, most: number): number | null {
  if (value === undefined || value === null) return null;
  const whole = name === "probability" || Number.isInteger(value);
  if (typeof value === "number" && whole && value >= least && value <= most) return value;
  throw new BadControl(`${name} must be a number from ${least} to ${most}.`);
}

/** A field that belongs to some kinds only: its default there, refused elsewhere. */
function only<Value>(belongs: boolean, name: string, value: Value | null, fallback: Value): Value | null {
  if (belongs) return value ?? fallback;
  if (value !== null) throw new BadControl(`${name} does not belong to this kind.`);
  return null;
}
