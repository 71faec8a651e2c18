import type { Benchmark } from "./benchmark.ts";
import { consume } from "./benchmarks/consume.ts";
import { jobs } from "./benchmarks/jobs.ts";
import { limiter } from "./benchmarks/limiter.ts";
import { webhook } from "./benchmarks/webhook.ts";

/** Every benchmark of `npm run bench`, in the order of `docs/benchmarks.md`. */
export const benchmarks: readonly Benchmark[] = [consume, webhook, jobs, limiter];
