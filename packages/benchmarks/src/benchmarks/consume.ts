import type { Benchmark } from "../benchmark.ts";
import type { KeyForm } from "../draws.ts";
import { populate } from "../population.ts";

/** Exact consume of many callers, against the most that can be stored in the same table. */
export const consume: Benchmark = {
  name: "consume",
  title: "512 callers over 10,000 organizations, against inserts of 1,000 rows on two connections",
  anchors: ["anchors/unnest-insert.ts"],
  durable: true,
  async prepare(stage) {
    const database = await stage.createDatabase();
    const ids = await populate(database, 20_000);
    const forms: [KeyForm, string][] = [
      ["uuidv7", "UUIDv7 keys"],
      ["opaque", "opaque keys"],
    ];
    // Each side has organizations of its own, in one and the same table.
    return forms.map(([keys, label]) => ({
      label,
      ours: {
        module: "ours/consume.ts",
        parameters: { ...database, ids: ids.slice(0, 10_000), keys, callers: 512 },
      },
      anchor: {
        module: "anchors/unnest-insert.ts",
        parameters: { ...database, ids: ids.slice(10_000), keys },
      },
      goals: [{ measure: "throughput", least: 0.5 }],
    }));
  },
};
