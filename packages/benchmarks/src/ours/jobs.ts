/** For either side: adds jobs that do nothing, all in one commit, and waits until the worker has done them all. */
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { OpenSide } from "../benchmark.ts";

export const open: OpenSide<{ adminUrl: string }> = async ({ adminUrl }) => {
  const pool = new pg.Pool({ connectionString: adminUrl, max: 1 });
  pool.on("error", () => undefined);
  /** Of the last run: jobs that take about a second. */
  let inASecond = 500;

  async function add(jobs: number): Promise<{ first: number; last: number }> {
    const { rows } = await pool.query(
      `select min(id)::float8 as first, max(id)::float8 as last from graphile_worker.add_jobs(
        (select array_agg(('probe', '{}', null, null, null, null, null, null)::graphile_worker.job_spec)
          from generate_series(1, $1::integer)))`,
      [jobs],
    );
    return rows[0];
  }

  const left = async ({ first, last }: { first: number; last: number }) =>
    (
      await pool.query({
        name: "left",
        text: "select exists (select from graphile_worker._private_jobs where id between $1 and $2) as some",
        values: [first, last],
      })
    ).rows[0].some;

  return {
    async run(seconds) {
      const operations = Math.ceil(inASecond * seconds);
      const began = performance.now();
      const jobs = await add(operations);
      while (await left(jobs)) await pause(20);
      const took = (performance.now() - began) / 1_000;
      inASecond = operations / took;
      return { operations, seconds: took };
    },
    // What was done and deleted stays so.
    async verify() {
      if (await left({ first: 0, last: Number.MAX_SAFE_INTEGER })) {
        const { rows } = await pool.query(
          "select count(*)::integer as count from graphile_worker.jobs where task_identifier = 'probe' and key is null",
        );
        if (rows[0].count > 0) throw new Error(`${rows[0].count} jobs were done and are there again`);
      }
    },
    close: () => pool.end(),
  };
};
