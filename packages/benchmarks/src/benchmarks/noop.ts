import type { Benchmark, Comparison } from "../benchmark.ts";
import { populate } from "../population.ts";
import { startApi, startServer } from "../servers.ts";
import type { Stage, StageDatabase } from "../stage.ts";

const connections = 64;
const organizations = 1_000;

/** As tRPC's clients write it: `httpLink`, and `httpBatchLink` with one call in it. */
const forms = { "a call": "", "a batch of one": "?batch=1&input=%7B%7D" } as const;

/** The api, whole, with the lightest procedure that a key may call, against a stock server that does nothing. */
export const noop: Benchmark = {
  name: "noop",
  title:
    "me.get with an API key, validation, limits, log and metrics on, against a stock tRPC no-op without them",
  anchors: ["anchors/trpc-noop.ts"],
  durable: false,
  async prepare(stage) {
    const database = await stage.createDatabase();
    await populate(database, organizations);
    const api = await startApi(stage, database);
    const bare = await startServer(stage, "packages/benchmarks/src/anchors/trpc-noop.ts", {});
    const compare = (label: string, url: string, search: string): Comparison => ({
      label,
      ours: {
        module: "loads/http-calls.ts",
        parameters: {
          url,
          path: `/trpc/me.get${search}`,
          connections,
          keys: organizations,
          expected: "org_",
        },
      },
      anchor: {
        module: "loads/http-calls.ts",
        parameters: { url: bare, path: `/noop${search}`, connections, keys: 0, expected: "true" },
      },
      goals: [{ measure: "throughput", least: 2.5 }],
    });
    const unasked = await startWithoutLookUp(stage, database);
    return [
      ...Object.entries(forms).map(([label, search]) => compare(label, api, search)),
      compare("a batch of one, the key not looked up in the database", unasked, forms["a batch of one"]),
    ];
  },
};

function startWithoutLookUp(stage: Stage, database: StageDatabase): Promise<string> {
  return startServer(stage, "packages/benchmarks/src/ours/api-without-look-up.ts", {
    DATABASE_URL: database.url,
    ORGANIZATION_ID: "0198c0de-0000-7000-8000-00000000000a",
  });
}
