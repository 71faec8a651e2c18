import type { Benchmark, Comparison } from "../benchmark.ts";
import { populate } from "../population.ts";
import { startApi, startServer } from "../servers.ts";

const connections = 128;
const organizations = 1_000;

/** Consume as customers call it, whole, against the same done the usual way. */
export const httpConsume: Benchmark = {
  name: "http-consume",
  title:
    "consume over HTTP with API key, validation and log on, against a naive transaction on tRPC's stock adapter",
  anchors: ["anchors/naive-server.ts", "anchors/naive-transaction.ts"],
  durable: true,
  async prepare(stage) {
    const database = await stage.createDatabase();
    const ids = await populate(database, 4 * organizations);
    const api = await startApi(stage, database);
    const naive = await startServer(stage, "packages/benchmarks/src/anchors/naive-server.ts", {
      DATABASE_URL: database.adminUrl,
    });
    // Each side of each comparison has organizations of its own, in one and the same table.
    const side = (url: string, form: string, block: number) => ({
      module: "loads/http-consumes.ts",
      parameters: {
        ...database,
        url,
        form,
        connections,
        ids: ids.slice(block * organizations, (block + 1) * organizations),
        firstPlace: block * organizations,
      },
    });
    const compare = (label: string, form: string, block: number): Comparison => ({
      label,
      ours: side(api, form, block),
      anchor: side(naive, "naive", block + 1),
      goals: [
        { measure: "throughput", least: 12 },
        { measure: "p99", most: 1 },
      ],
    });
    return [compare("tRPC, a batch of one", "trpc", 0), compare("REST", "rest", 2)];
  },
};
