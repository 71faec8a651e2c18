import type { Benchmark, Comparison } from "../benchmark.ts";
import { populate } from "../population.ts";

const organizations = 1_000;
const callers = 128;

/**
 * Consume of the service, which checks a credential, two windows and an idempotency key, and stores the event, against
 * a rate limiter that counts one window. Both in process, each on a pool of 8 connections in the same database.
 */
export const limiter: Benchmark = {
  name: "limiter",
  title: "consume of 128 callers, against rate-limiter-flexible on PostgreSQL",
  anchors: ["anchors/rate-limiter.ts"],
  durable: true,
  async prepare(stage) {
    const database = await stage.createDatabase();
    const ids = await populate(database, organizations);
    const compare = (label: string, some: string[]): Comparison => {
      const parameters = { ...database, ids: some, keys: "uuidv7", callers };
      return {
        label,
        ours: { module: "ours/consume.ts", parameters },
        anchor: { module: "anchors/rate-limiter.ts", parameters },
        goals: [{ measure: "throughput", least: 1 }],
      };
    };
    return [compare("1,000 keys", ids), compare("one key", ids.slice(0, 1))];
  },
};
