import type { Benchmark } from "../benchmark.ts";
import { populate } from "../population.ts";
import { startApi, startServer } from "../servers.ts";

const connections = 64;
const organizations = 1_000;

/** Usage as customers read it, always fresh, against the least that a stock tRPC server can read. */
export const read: Benchmark = {
  name: "read",
  title:
    "usage.get over HTTP with an API key, every answer fresh, against `select 1` on tRPC's stock adapter",
  anchors: ["anchors/trpc-select-one.ts"],
  durable: false,
  async prepare(stage) {
    const database = await stage.createDatabase();
    await populate(database, organizations);
    const url = await startApi(stage, database);
    const bare = await startServer(stage, "packages/benchmarks/src/anchors/trpc-select-one.ts", {
      DATABASE_URL: database.adminUrl,
    });
    return [
      {
        label: "1,000 organizations, one call in fifty after a consume of its own",
        ours: { module: "loads/usage-reads.ts", parameters: { url, connections, organizations } },
        anchor: {
          module: "loads/http-calls.ts",
          parameters: {
            url: bare,
            path: "/read?batch=1&input=%7B%7D",
            connections,
            keys: 0,
            expected: '"one":1',
          },
        },
        goals: [{ measure: "throughput", least: 1.3 }],
      },
    ];
  },
};
