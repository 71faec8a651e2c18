import type { Benchmark } from "./benchmark.ts";
import { consume } from "./benchmarks/consume.ts";
import { consumeAppend } from "./benchmarks/consume-append.ts";
import { hot } from "./benchmarks/hot.ts";
import { solo } from "./benchmarks/solo.ts";

/** Every benchmark of `npm run bench`, in the order of `docs/benchmarks.md`. */
export const benchmarks: readonly Benchmark[] = [consume, consumeAppend, hot, solo];
