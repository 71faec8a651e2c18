import type pg from "pg";
import { sqlState } from "./retry.ts";

/** What statements are asked of: a pool, or one of its connections. */
export interface Asked {
  query<Row extends unknown[]>(query: pg.QueryArrayConfig): Promise<pg.QueryArrayResult<Row>>;
}

/**
 * One connection of a pool for statements that follow each other: the next one waits at the client while the server works
 * on the one before, and is sent the moment that is done, before anybody reads the answer. It is taken for the first of
 * them and given back after the last. At most two at once: more would wait unsent for a connection's turn.
 */
export function shareConnection(pool: pg.Pool): Asked {
  let taken: { client: Promise<pg.PoolClient>; users: number; broken: boolean } | null = null;

  return {
    async query(query) {
      taken ??= { client: pool.connect(), users: 0, broken: false };
      const own = taken;
      own.users += 1;
      let client: pg.PoolClient | undefined;
      try {
        client = await own.client;
        return await client.query(query);
      } catch (error) {
        // What the server itself refused leaves the connection as it was.
        if (sqlState(error).length !== 5 || /^(08|57P)/.test(sqlState(error))) {
          own.broken = true;
          if (taken === own) taken = null;
        }
        throw error;
      } finally {
        own.users -= 1;
        if (own.users === 0) {
          if (taken === own) taken = null;
          client?.release(own.broken);
        }
      }
    },
  };
}
