import type { AttemptHazard, DeliveryRules, Hazard } from "./delivery-program.ts";
import { seedFor } from "./dice.ts";
import { after } from "./duration.ts";
import { BadControl, readFault } from "./fault-rules.ts";
import { type FaultRule, newSeed } from "./faults.ts";
import { oldVersions } from "./old-version.ts";

type Fields = Record<string, unknown>;

const [second, minute, day] = [1000, 60_000, 86_400_000];
const mostSeed = 2 ** 32 - 1;

const readers: { [Name in keyof DeliveryRules]: (value: unknown, seed: number) => DeliveryRules[Name] } = {
  seed: (_, seed) => seed,
  endpoint: (value) => optional(value, (given) => word("endpoint", given, /^we_\w+$/)),
  types: (value) => optional(value, typesOf),
  retry: (value) => (value === undefined ? "real" : among("retry", value, ["real", "virtual"] as const)),
  roundTo: (value) => optional(value, (given) => duration("roundTo", given, second, day)),
  atOnce: (value) => optional(value, (given) => whole("atOnce", given, 1, 100)),
  duplicate: hazard("duplicate", ["times"], ({ times }) => ({
    times: whole("duplicate.times", times, 1, 10, 1),
  })),
  delay: hazard("delay", ["min", "max"], ({ min, max }) => {
    const least = duration("delay.min", min, second, 30 * day, second);
    return { min: least, max: duration("delay.max", max, least, 30 * day) };
  }),
  reorder: hazard("reorder", ["window", "within"], ({ window, within }) => ({
    window: whole("reorder.window", window, 1, 100),
    within: duration("reorder.within", within, second, 30 * day, minute),
  })),
  drop: hazard("drop", [], () => ({})),
  wrongMode: attemptHazard("wrongMode", [], () => ({})),
  staleSignature: attemptHazard("staleSignature", ["age"], ({ age }) => ({
    age: duration("staleSignature.age", age, second, 30 * day, 10 * minute),
  })),
  badSignature: attemptHazard("badSignature", [], () => ({})),
  secondSecret: attemptHazard("secondSecret", ["secret"], ({ secret }) => ({
    secret: optional(secret, (given) => word("secondSecret.secret", given, /^whsec_\w+$/)),
  })),
  truncate: attemptHazard("truncate", [], () => ({})),
  oldVersion: attemptHazard("oldVersion", ["version"], ({ version }) => ({
    version: version === undefined ? oldVersions[0] : among("oldVersion.version", version, oldVersions),
  })),
  faults: (value, seed) => faultsOf(value, seed),
};

/**
 * Rules from the body of `POST /_sandbox/deliveries/program`; a seed is drawn where none is given.
 * Throws BadControl naming the field that is wrong.
 */
export function readProgram(body: Fields): DeliveryRules {
  assertKnown("a delivery program", body, Object.keys(readers));
  const seed = whole("seed", body.seed, 0, mostSeed, newSeed());
  const entries = Object.entries(readers).map(([name, read]) => [name, read(body[name], seed)]);
  return Object.fromEntries(entries) as unknown as DeliveryRules;
}

function hazard<Amounts extends object>(name: string, amounts: string[], read: (fields: Fields) => Amounts) {
  return (value: unknown): (Hazard & Amounts) | null =>
    optional(value, (given) => {
      const fields = objectOf(name, given, ["probability", ...amounts]);
      return { probability: probability(name, fields.probability), ...read(fields) };
    });
}

function attemptHazard<Amounts extends object>(
  name: string,
  amounts: string[],
  read: (fields: Fields) => Amounts,
) {
  return hazard<Omit<AttemptHazard, "probability"> & Amounts>(name, ["attempts", ...amounts], (fields) => ({
    attempts: optional(fields.attempts, (given) => whole(`${name}.attempts`, given, 1, 1000)),
    ...read(fields),
  }));
}

/** Faults as `POST /_sandbox/faults` takes them, but for the seed, which is the program's. */
function faultsOf(value: unknown, seed: number): FaultRule[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new BadControl("faults must be a list.");
  return value.map((given, index) => {
    const fields = objectOf(`faults[${index}]`, given);
    if (fields.seed !== undefined)
      throw new BadControl("A fault of a program has no seed: the program's decides.");
    return { ...readFault(fields), seed: seedFor(seed, "fault", index) };
  });
}

function typesOf(value: unknown): string[] {
  const fits = (one: unknown): one is string => typeof one === "string" && /^[a-z0-9_.]+(\.\*)?$/.test(one);
  if (Array.isArray(value) && value.length > 0 && value.every(fits)) return value;
  throw new BadControl('types must be a list such as ["invoice.paid", "customer.*"].');
}

function optional<Value>(value: unknown, read: (given: unknown) => Value): Value | null {
  return value === undefined || value === null ? null : read(value);
}

function objectOf(name: string, value: unknown, known?: string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new BadControl(`${name} must be an object.`);
  if (known !== undefined) assertKnown(name, value, known);
  return { ...value };
}

function assertKnown(name: string, value: object, known: string[]): void {
  const strange = Object.keys(value).find((key) => !known.includes(key));
  if (strange !== undefined)
    throw new BadControl(`${strange} is not a field of ${name}: ${known.join(", ")}.`);
}

function probability(name: string, value: unknown): number {
  if (value === undefined) return 1;
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new BadControl(`${name}.probability must be a number from 0 to 1.`);
}

function whole(name: string, value: unknown, least: number, most: number, fallback?: number): number {
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new BadControl(`${name} must be a whole number from ${least} to ${most}.`);
}

function duration(name: string, value: unknown, least: number, most: number, fallback?: number): number {
  if (value === undefined && fallback !== undefined) return fallback;
  const milliseconds = after(0, value);
  if (milliseconds !== null && milliseconds >= least && milliseconds <= most) return milliseconds;
  throw new BadControl(
    `${name} must be a duration from ${least / second} seconds to ${most / day} days, such as "2h".`,
  );
}

function among<Value extends string>(name: string, value: unknown, allowed: readonly Value[]): Value {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new BadControl(`${name} must be one of ${allowed.join(", ")}.`);
  return found;
}

function word(name: string, value: unknown, form: RegExp): string {
  if (typeof value === "string" && form.test(value)) return value;
  throw new BadControl(`${name} must match ${form.source}.`);
}
