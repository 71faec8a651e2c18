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
  /** True for one that belongs to a delivery program, and ends with it. */
  ofProgram: boolean;
}

export type FaultRule = Omit<Fault, "id" | "hits" | "ofProgram">;

/** How far a rule has come. */
export interface FaultProgress {
  draws: number;
  hits: number;
  left: number | null;
}

/** The rules in force, oldest first; in memory, so a restart has none but those of the delivery program. */
export interface Faults {
  add(rule: FaultRule): Fault;
  /** Adds the rules of a delivery program where they were, and tells after every draw how far they have come. */
  addProgram(
    rules: Array<FaultRule & Partial<FaultProgress>>,
    told: (progress: FaultProgress[]) => void,
  ): void;
  endProgram(): void;
  list(): Fault[];
  /** Removes one rule, or all; not those of a delivery program. */
  clear(id?: string): void;
  /** The first rule that hits this request, counted as a hit; null for none. */
  take(method: string, path: string): Fault | null;
}

interface Armed {
  fault: Fault;
  draws: number;
  /** The number at a place of the rule's own sequence, 0 to 1. */
  draw: (at: number) => number;
  drawn: () => void;
}

export function createFaults(): Faults {
  let armed: Armed[] = [];
  let made = 0;
  const arm = (
    { draws = 0, hits = 0, ...rule }: FaultRule & Partial<FaultProgress>,
    ofProgram: boolean,
    drawn: () => void,
  ): Armed => {
    made += 1;
    const fault = { ...rule, id: `fault_${made}`, hits, ofProgram };
    const one = { fault, draws, draw: sequence(rule.seed), drawn };
    armed.push(one);
    return one;
  };
  const hits = (one: Armed): boolean => {
    one.draws += 1;
    const isHit = one.draw(one.draws) < one.fault.probability;
    if (isHit) {
      one.fault.hits += 1;
      if (one.fault.left !== null) one.fault.left -= 1;
    }
    one.drawn();
    return isHit;
  };
  return {
    add: (rule) => ({ ...arm(rule, false, () => {}).fault }),
    addProgram: (rules, told) => {
      const added: Armed[] = [];
      const tell = (): void =>
        told(added.map(({ draws, fault }) => ({ draws, hits: fault.hits, left: fault.left })));
      for (const rule of rules) added.push(arm(rule, true, tell));
    },
    endProgram: () => {
      armed = armed.filter(({ fault }) => !fault.ofProgram);
    },
    list: () => armed.map(({ fault }) => ({ ...fault })),
    clear: (id) => {
      armed = armed.filter(({ fault }) => fault.ofProgram || (id !== undefined && fault.id !== id));
    },
    take: (method, path) => {
      const hit = armed.find((one) => one.fault.left !== 0 && concerns(one.fault, method, path) && hits(one));
      return hit ? { ...hit.fault } : null;
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

/** The mulberry32 generator: the same seed gives the same numbers at 1, 2, 3 … */
function sequence(seed: number): (at: number) => number {
  return (at) => {
    const state = (seed + Math.imul(at, 0x6d2b79f5)) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
