/**
 * graphile-worker as its documentation sets it up for the most jobs: 500 fetched at once into a local queue, done ones
 * deleted together. Its task does nothing. It writes no line per job, measures none, and jobs of a process that was
 * killed, the fetched ones with them, wait for four hours.
 */
import { createServer } from "node:http";
import process from "node:process";
import { Logger, run } from "graphile-worker";
import pg from "pg";

const concurrency = 24;

const pgPool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: concurrency + 4 });
pgPool.on("error", () => undefined);

await run({
  pgPool,
  taskList: { probe: () => undefined },
  concurrency,
  noHandleSignals: true,
  logger: new Logger(() => () => undefined),
  preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
});
createServer((_, response) => response.end()).listen(Number(process.env.PORT), process.env.HOST);
process.on("SIGTERM", () => process.exit());
