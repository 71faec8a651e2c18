import process from "node:process";
import type { Benchmark } from "../benchmark.ts";
import { fillHistory, keepUp } from "../history.ts";
import { populate } from "../population.ts";

/** `BENCH_EVENTS=1000000` tallies fewer, for a quick look. */
const events = Number(process.env.BENCH_EVENTS ?? 10_000_000);
const days = 30;

/** Tallies that are kept and proved, against sums that are only read. */
export const rollup: Benchmark = {
  name: "rollup",
  title: `${events.toLocaleString("en-US")} events of ${days} days into tallies, against a plain GROUP BY over all of them`,
  anchors: ["anchors/group-by.ts"],
  durable: false,
  async prepare(stage) {
    const database = await stage.createDatabase();
    const ids = await populate(database, 10_000);
    await fillHistory(database, ids, { events, days });
    await keepUp(database);
    await stage.asAdmin(database, (client) => client.query("vacuum analyze"));
    const anchor = { module: "anchors/group-by.ts", parameters: { ...database } };
    return [
      { of: days, label: `all ${days} days`, most: 1.3 },
      { of: 1, label: "one day", most: 0.06 },
    ].map(({ of, label, most }) => ({
      label,
      ours: { module: "ours/roll-up.ts", parameters: { ...database, days: of } },
      anchor,
      goals: [{ measure: "p50", most }],
    }));
  },
};
