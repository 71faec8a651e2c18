import process from "node:process";
import type { Benchmark } from "../benchmark.ts";
import type { KeyForm } from "../draws.ts";
import { fillHistory, keepUp } from "../history.ts";
import { populate } from "../population.ts";
import type { Stage, StageDatabase } from "../stage.ts";

/** `BENCH_HISTORY=2000000` stores fewer, for a quick look: filling takes about 12 µs an event, and 430 bytes. */
const stored = Number(process.env.BENCH_HISTORY ?? 50_000_000);
const organizations = 10_000;
const days = 41;

/** Consume on a table that is full of earlier days, against the same on an empty one, in the same server. */
export const growth: Benchmark = {
  name: "growth",
  title: `consume with ${stored.toLocaleString("en-US")} events of ${days} days stored, against consume on an empty table`,
  anchors: ["ours/consume.ts"],
  durable: true,
  async prepare(stage) {
    const [full, empty] = [await open(stage, stored), await open(stage, 0)];
    const forms: [KeyForm, string][] = [
      ["uuidv7", "UUIDv7 keys"],
      ["opaque", "opaque keys"],
    ];
    return forms.map(([keys, label]) => ({
      label,
      ours: { module: "ours/consume.ts", parameters: { ...full, keys, callers: 512 } },
      anchor: { module: "ours/consume.ts", parameters: { ...empty, keys, callers: 512 } },
      goals: [
        { measure: "throughput", least: 0.9 },
        { measure: "wal", most: 1.3 },
      ],
    }));
  },
};

async function open(stage: Stage, events: number): Promise<StageDatabase & { ids: string[] }> {
  const database = await stage.createDatabase();
  const ids = await populate(database, organizations);
  if (events > 0) await fillHistory(database, ids, { events, days });
  await keepUp(database);
  await stage.asAdmin(database, (client) =>
    client.query("vacuum analyze").then(() => client.query("checkpoint")),
  );
  return { ...database, ids };
}
