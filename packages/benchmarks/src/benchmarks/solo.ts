import type { Benchmark } from "../benchmark.ts";
import { populate } from "../population.ts";

/** One caller who waits for each answer. */
export const solo: Benchmark = {
  name: "solo",
  title: "one caller, against one durable insert of the same row after the other",
  anchors: ["anchors/single-insert.ts"],
  durable: true,
  async prepare(stage) {
    const database = await stage.createDatabase();
    const ids = await populate(database, 2_000);
    const parameters = { ...database, keys: "uuidv7", callers: 1 };
    return [
      {
        label: "one caller",
        ours: { module: "ours/consume.ts", parameters: { ...parameters, ids: ids.slice(0, 1_000) } },
        anchor: { module: "anchors/single-insert.ts", parameters: { ...parameters, ids: ids.slice(1_000) } },
        goals: [{ measure: "p50", most: 1.3 }],
      },
    ];
  },
};
