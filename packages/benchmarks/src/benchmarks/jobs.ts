import path from "node:path";
import type { Benchmark } from "../benchmark.ts";
import { startServer } from "../servers.ts";
import type { StageDatabase } from "../stage.ts";

/**
 * The worker's jobs are graphile-worker's, so this compares two ways to run it. Ours is the worker app as it runs in
 * production, with 24 jobs at once: each is fetched when it can begin and deleted when it has ended, is measured, and is
 * taken over within five seconds from a process that was killed; a slow job holds up no other. The other side fetches
 * 500 at once and deletes them together. The job is the worker's own probe, which does nothing.
 */
export const jobs: Benchmark = {
  name: "jobs",
  title: "jobs that do nothing in the worker, against graphile-worker with a local queue",
  anchors: ["anchors/graphile-worker.ts"],
  durable: true,
  async prepare(stage) {
    const database = await stage.createDatabase();
    const bare = await stage.createDatabase();
    await startServer(stage, "apps/worker/src/main.ts", {
      HEADROOM_ENV: "test",
      HEADROOM_CONFIG: path.resolve(import.meta.dirname, "../../../../headroom.config.ts"),
      DATABASE_URL: database.url,
      WORKER_CONCURRENCY: "24",
    });
    await startServer(stage, "packages/benchmarks/src/anchors/graphile-worker.ts", {
      DATABASE_URL: bare.adminUrl,
    });
    const side = ({ adminUrl }: StageDatabase) => ({ module: "ours/jobs.ts", parameters: { adminUrl } });
    return [
      {
        label: "24 jobs at once",
        ours: side(database),
        anchor: side(bare),
        goals: [{ measure: "throughput", least: 1.2 }],
      },
    ];
  },
};
