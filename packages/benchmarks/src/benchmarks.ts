import type { Benchmark } from "./benchmark.ts";
import { batch } from "./benchmarks/batch.ts";
import { consume } from "./benchmarks/consume.ts";
import { growth } from "./benchmarks/growth.ts";
import { rollup } from "./benchmarks/rollup.ts";

/** Every benchmark of `npm run bench`, in the order of `docs/benchmarks.md`. */
export const benchmarks: readonly Benchmark[] = [consume, growth, rollup, batch];
