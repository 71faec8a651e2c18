/**
 * rate-limiter-flexible with its PostgreSQL store, as its documentation sets it up: one upsert a call on a table of its
 * own making, on a pool of 8 connections. It counts one window of a key, and answers what is left of it. It stores no
 * event, knows no idempotency key (what is sent again counts again), asks for no credential and has no plan.
 */
import pg from "pg";
import { RateLimiterPostgres } from "rate-limiter-flexible";
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { createDraws, type KeyForm } from "../draws.ts";

const day = 86_400;

export const open: OpenSide<{ adminUrl: string; ids: string[]; keys: KeyForm; callers: number }> = async ({
  adminUrl,
  ids,
  keys,
  callers,
}) => {
  const pool = new pg.Pool({ connectionString: adminUrl, max: 8 });
  pool.on("error", () => undefined);
  const limiter = await new Promise<RateLimiterPostgres>((resolve, reject) => {
    const options = { storeClient: pool, tableName: "limits", points: 10 ** 9, duration: day };
    const made = new RateLimiterPostgres(options, (error?: Error) => (error ? reject(error) : resolve(made)));
  });
  const counted = async () => {
    const of =
      "select coalesce(sum(points), 0)::integer as points from limits where right(key, 36) = any($1)";
    return (await pool.query(of, [ids])).rows[0].points;
  };
  const draws = createDraws(ids.length, keys);
  const before = await counted();
  let taken = 0;

  async function take(): Promise<number> {
    const draw = draws.next();
    await limiter.consume(ids[draw.organization] as string, draw.quantity);
    taken += draw.quantity;
    draws.acknowledge(draw);
    return 1;
  }

  return {
    run: (seconds) => runCallers(callers, seconds, take),
    async verify() {
      const points = (await counted()) - before;
      if (points !== taken) throw new Error(`${taken} were taken, ${points} are counted`);
    },
    close: () => pool.end(),
  };
};
