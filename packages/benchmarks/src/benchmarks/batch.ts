import type { Benchmark } from "../benchmark.ts";
import type { KeyForm } from "../draws.ts";
import { keepUp } from "../history.ts";
import { populate } from "../population.ts";
import { startApi } from "../servers.ts";

const callers = 4;
const organizations = 1_000;

/** Lists of events as customers send them, against the same number of rows that PostgreSQL is simply given. */
export const batch: Benchmark = {
  name: "batch",
  title: `record of 1,000 events over HTTP, ${callers} callers, against COPY of 1,000 rows, ${callers} connections`,
  anchors: ["anchors/copy.ts"],
  durable: true,
  async prepare(stage) {
    const database = await stage.createDatabase();
    const ids = await populate(database, 2 * organizations);
    await keepUp(database);
    const api = await startApi(stage, database);
    const forms: [KeyForm, string][] = [
      ["uuidv7", "UUIDv7 keys"],
      ["opaque", "opaque keys"],
    ];
    return forms.map(([keys, label]) => ({
      label,
      ours: {
        module: "ours/http-record.ts",
        parameters: { ...database, api, ids: ids.slice(0, organizations), keys, callers },
      },
      anchor: {
        module: "anchors/copy.ts",
        parameters: { ...database, ids: ids.slice(organizations), keys, callers },
      },
      goals: [{ measure: "throughput", least: 0.4 }],
    }));
  },
};
