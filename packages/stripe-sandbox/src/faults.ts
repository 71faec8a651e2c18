import { randomInt } from "node:crypto";

/**
 * How a request is spoiled; the kinds that end in `_after_commit` lose only the answer of work that was done, and
 * `status_kept` answers every retry with its error, because it is kept under the idempotency key.
 */
export const faultKinds = [
  "delay",
  "status",
  "reset",
  "hang",
  "status_kept",
  "status_after_commit",
  "reset_after_commit",
  "hang_after_commit",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export const faultStatuses = [429, 500, 503] as const;
export type FaultStatus = (typeof faultStatuses)[number];

/** One rule: which requests of the API it spoils, how, and how often. */
export interface Fault {
  id: string;
  /** Null: any. */
  method: "GET" | "POST" | "DELETE" | null;
  /** Whole segments from the start; `*` stands for one segment, a final `$` for the end. Null: any. */
  path: string | null;
  kind: FaultKind;
  /** For `delay`, milliseconds. */
  ms: number | null;
  /** For the kinds `status…`. */
  status: FaultStatus | null;
  /** How many requests it still spoils; null: no end. */
  left: number | null;
  /** 0 to 1. */
  probability: number;
  /** Decides, with the order of the requests, which ones a probability hits. */
  seed: number;
  /** How many it has spoiled. */
  hits: number;
}

export type FaultRule = Omit<Fault, "id" | "hits">;

/** The rules in force, oldest first; in memory, so a restart has none. */
export interface Faults {
  add(rule: FaultRule): Fault;
  list(): Fault[];
  /** Removes one rule, or all. */
  clear(id?: string): void;
  /** The first rule that hits this request, counted as a hit; null for none. */
  take(method: string, path: string): Fault | null;
}

interface Armed {
  fault: Fault;
  /** The next number of the rule's own sequence, 0 to 1. */
  draw: () => number;
}

export function createFaults(): Faults {
  let armed: Armed[] = [];
  let made = 0;
  return {
    add: (rule) => {
      made += 1;
      const fault: Fault = { ...rule, id: `fault_${made}`, hits: 0 };
      armed.push({ fault, draw: sequence(rule.seed) });
      return { ...fault };
    },
    list: () => armed.map(({ fault }) => ({ ...fault })),
    clear: (id) => {
      armed = id === undefined ? [] : armed.filter(({ fault }) => fault.id !== id);
    },
    take: (method, path) => {
      const hit = armed.find(
        ({ fault, draw }) => fault.left !== 0 && concerns(fault, method, path) && draw() < fault.probability,
      );
      if (!hit) return null;
      hit.fault.hits += 1;
      if (hit.fault.left !== null) hit.fault.left -= 1;
      return { ...hit.fault };
    },
  };
}

/** A seed for a rule that was given none. */
export function newSeed(): number {
  return randomInt(2 ** 31);
}

function concerns(fault: Fault, method: string, path: string): boolean {
  if (fault.method !== null && fault.method !== method) return false;
  if (fault.path === null) return true;
  const whole = fault.path.endsWith("$");
  const wanted = (whole ? fault.path.slice(0, -1) : fault.path).replace(/\/$/, "").split("/");
  const parts = path.split("/");
  if (whole ? wanted.length !== parts.length : wanted.length > parts.length) return false;
  return wanted.every((segment, index) => segment === "*" || segment === parts[index]);
}

/** The mulberry32 generator: the same seed gives the same numbers. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
