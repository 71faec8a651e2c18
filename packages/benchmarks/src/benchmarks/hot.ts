import type { Benchmark } from "../benchmark.ts";
import { populate } from "../population.ts";

/** One organization whose counter everybody wants. */
export const hot: Benchmark = {
  name: "hot",
  title: "512 callers of one organization, against as many of a transaction that locks its counter",
  anchors: ["anchors/naive-transaction.ts", "anchors/naive-callers.ts"],
  durable: true,
  async prepare(stage) {
    const database = await stage.createDatabase();
    const [ours, anchor] = await populate(database, 2);
    const parameters = { ...database, keys: "uuidv7", callers: 512 };
    return [
      {
        label: "one organization",
        ours: { module: "ours/consume.ts", parameters: { ...parameters, ids: [ours] } },
        anchor: { module: "anchors/naive-callers.ts", parameters: { ...parameters, ids: [anchor] } },
        goals: [
          { measure: "throughput", least: 50 },
          { measure: "p99", most: 0.05 },
        ],
      },
    ];
  },
};
