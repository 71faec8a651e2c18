import type { RateLimitName, RateLimitState, RateLimits } from "@headroom/domain/rate-limits";
import { sql } from "kysely";
import type { QueryConfig } from "pg";
import { RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import type { Database } from "./client.ts";
import { promptly } from "./silence.ts";

/** What is counted: one limit, and whom it holds for. */
export interface RateLimitClaim {
  name: RateLimitName;
  key: string;
}

/** How each claim stands after the call; `refused` is the one that had no room, null when all were counted. */
export interface RateLimitOutcome {
  states: readonly RateLimitState[];
  refused: RateLimitState | null;
}

/** @throws Error when the database cannot be asked: nobody is let through by guess */
export type TakePoints = (claims: readonly RateLimitClaim[], points?: number) => Promise<RateLimitOutcome>;

/**
 * Counters shared by every process on this database. Never more than the limit gets through, however many ask at once.
 * Points are taken from all claims or from none; only where calls of several points race for the last ones may those
 * be lost to both. A key that is over its limit is refused from memory until its window ends.
 */
export function createRateLimitStore(database: Database, limits: RateLimits): TakePoints {
  const store = { query: (query: object) => database.pool.query(promptly(query) as QueryConfig) };
  const limiters = Object.fromEntries(
    Object.entries(limits).map(([name, { points, windowSeconds }]) => [
      name,
      new RateLimiterPostgres({
        storeClient: store,
        storeType: "pool",
        schemaName: "headroom",
        tableName: "rate_limit",
        // The migration makes the table, the worker keeps it small.
        tableCreated: true,
        clearExpiredByTimeout: false,
        keyPrefix: name,
        points,
        duration: windowSeconds,
        inMemoryBlockOnConsumed: points,
      }),
    ]),
  ) as Record<RateLimitName, RateLimiterPostgres>;

  async function consume({ name, key }: RateLimitClaim, points: number) {
    const found = await limiters[name].consume(key, points).then(
      (result) => ({ result, refused: false }),
      (result: unknown) => {
        if (result instanceof RateLimiterRes) return { result, refused: true };
        throw result;
      },
    );
    const { remainingPoints, msBeforeNext } = found.result;
    const state: RateLimitState = {
      ...limits[name],
      name,
      remaining: Math.max(0, remainingPoints),
      resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
    };
    return { state, refused: found.refused };
  }

  return async (claims, points = 1) => {
    const single = claims.length === 1 && points === 1;
    // Asked before anything is taken: what is refused as a whole takes nothing from any.
    const before = single ? [] : await Promise.all(claims.map((claim) => consume(claim, 0)));
    const full = before.find(({ state, refused }) => refused || state.remaining < points);
    if (full !== undefined) {
      return { states: before.map(({ state }) => state), refused: full.state };
    }
    const taken = await Promise.all(claims.map((claim) => consume(claim, points)));
    return {
      states: taken.map(({ state }) => state),
      refused: taken.find(({ refused }) => refused)?.state ?? null,
    };
  };
}

/** Removes what ended more than a minute ago, at most 50,000 at once; answers how many. */
export async function removeEndedRateLimits(database: Database): Promise<number> {
  const { rows } = await sql<{ removed: number }>`select remove_ended_rate_limits() as removed`.execute(
    database.kysely,
  );
  return rows[0]?.removed ?? 0;
}
