import type { Sample } from "./benchmark.ts";
import { percentile } from "./statistics.ts";

/**
 * A closed loop: so many callers, each asking again as soon as it was answered, until the time is over and the last
 * one has its answer.
 * @param call one operation, or some: answers how many
 */
export async function runCallers(
  callers: number,
  seconds: number,
  call: () => Promise<number>,
): Promise<Required<Sample>> {
  const latencies: number[] = [];
  const began = performance.now();
  const until = began + seconds * 1_000;
  let operations = 0;
  const work = async () => {
    for (let at = performance.now(); at < until; ) {
      const done = await call();
      operations += done;
      const now = performance.now();
      latencies.push(now - at);
      at = now;
    }
  };
  await Promise.all(Array.from({ length: callers }, work));
  const lasted = performance.now() - began;
  const sorted = Float64Array.from(latencies);
  return {
    operations,
    seconds: lasted / 1_000,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  };
}
