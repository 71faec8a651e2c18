import type { Benchmark, Comparison } from "../benchmark.ts";
import { populate } from "../population.ts";
import type { StageDatabase } from "../stage.ts";

const callers = 512;

/** Exact consume against nothing but appending, batched in the same way. */
export const consumeAppend: Benchmark = {
  name: "consume-append",
  title: "512 callers, against as many of a batcher that only appends",
  anchors: ["anchors/append-batcher.ts"],
  durable: true,
  async prepare(stage) {
    const database = await stage.createDatabase();
    const ids = await populate(database, 2_002);
    return [
      compare("1,000 organizations", database, { ids, first: 0, count: 1_000 }),
      compare("one hot organization", database, { ids, first: 2_000, count: 1 }),
    ];
  },
};

// Each side has organizations of its own, in one and the same table.
function compare(
  label: string,
  database: StageDatabase,
  { ids, first, count }: { ids: string[]; first: number; count: number },
): Comparison {
  const parameters = { ...database, keys: "uuidv7", callers };
  const middle = first + count;
  return {
    label,
    ours: { module: "ours/consume.ts", parameters: { ...parameters, ids: ids.slice(first, middle), first } },
    anchor: {
      module: "anchors/append-batcher.ts",
      parameters: { ...parameters, ids: ids.slice(middle, middle + count) },
    },
    goals: [{ measure: "throughput", least: 0.85 }],
  };
}
