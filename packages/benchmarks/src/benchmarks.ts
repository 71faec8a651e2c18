import type { Benchmark } from "./benchmark.ts";
import { batch } from "./benchmarks/batch.ts";
import { consume } from "./benchmarks/consume.ts";
import { consumeAppend } from "./benchmarks/consume-append.ts";
import { growth } from "./benchmarks/growth.ts";
import { hot } from "./benchmarks/hot.ts";
import { httpConsume } from "./benchmarks/http-consume.ts";
import { jobs } from "./benchmarks/jobs.ts";
import { limiter } from "./benchmarks/limiter.ts";
import { noop } from "./benchmarks/noop.ts";
import { organization, permission } from "./benchmarks/organization.ts";
import { read } from "./benchmarks/read.ts";
import { rollup } from "./benchmarks/rollup.ts";
import { solo } from "./benchmarks/solo.ts";
import { webhook } from "./benchmarks/webhook.ts";

/** Every benchmark of `npm run bench`, in the order of `docs/benchmarks.md`. */
export const benchmarks: readonly Benchmark[] = [
  consume,
  consumeAppend,
  hot,
  httpConsume,
  solo,
  noop,
  read,
  growth,
  rollup,
  batch,
  webhook,
  permission,
  organization,
  jobs,
  limiter,
];
