import type { Stage } from "./stage.ts";

/** What one side did in one round. */
export interface Sample {
  operations: number;
  seconds: number;
  /** Of single operations, in milliseconds; absent where single ones are not timed. */
  p50?: number;
  p99?: number;
}

/** One side of a comparison. It lives in a process of its own, apart from PostgreSQL and from the servers it loads. */
export interface Side {
  /** Works as hard as it can for about so long, and resolves when nothing of it is under way any more. */
  run(seconds: number): Promise<Sample>;
  /**
   * Called once, after the last round. Where the benchmark is durable PostgreSQL was stopped at once (`immediate`) and
   * started again before: connections are gone.
   * @throws Error that says what was lost, or counted wrongly
   */
  verify?(): Promise<void>;
  close(): Promise<void>;
}

/** A module that opens a side: `export const open: OpenSide<Parameters>`. Parameters reach it as JSON. */
export type OpenSide<Parameters> = (parameters: Parameters) => Promise<Side>;

/** Where a side's module is, below `src`, and what it is opened with. */
export interface SidePlace {
  module: string;
  parameters: Readonly<Record<string, unknown>>;
}

/**
 * What of a round is compared: operations per second, milliseconds of one operation, bytes of WAL per operation. The
 * ratio of a round is our value by the anchor's.
 */
export type Measure = "throughput" | "p50" | "p99" | "wal";

/** A ratio to reach, as `docs/benchmarks.md` lists it. */
export interface Goal {
  measure: Measure;
  least?: number;
  most?: number;
}

/** Two sides that do the same work. */
export interface Comparison {
  /** What is special about it among the benchmark's comparisons: "10,000 organizations, UUIDv7 keys". */
  label: string;
  ours: SidePlace;
  anchor: SidePlace;
  goals: readonly Goal[];
  /** Seconds of one round of one side, unless they are given to the command; default 2. */
  seconds?: number;
}

export interface Benchmark {
  name: string;
  /** One line: what is measured against what. */
  title: string;
  /** The anchors' files below `src`: what the hash is of. */
  anchors: readonly string[];
  /** Acknowledged work must survive an immediate stop of PostgreSQL. */
  durable: boolean;
  /** Fills databases, starts servers; `stage` ends with the benchmark. */
  prepare(stage: Stage): Promise<readonly Comparison[]>;
}
