import type pg from "pg";
import type { Database } from "../client.ts";

/**
 * Counts what is asked of the database, at the driver, while `work` runs. Not counted: begin, commit and rollback, and
 * the `set_config` that names the tenant, which may share a round trip with the first statement.
 */
export async function countStatements<Result>(
  db: Database,
  work: () => Promise<Result>,
): Promise<{ result: Result; statements: string[] }> {
  const statements: string[] = [];
  const watched = new Map<pg.PoolClient, pg.PoolClient["query"]>();
  const watch = (client: pg.PoolClient) => {
    if (watched.has(client)) {
      return;
    }
    const { query } = client;
    watched.set(client, query);
    client.query = ((...call: unknown[]) => {
      const [asked] = call as [string | { text: string }];
      const text = typeof asked === "string" ? asked : asked.text;
      if (!/^\s*(begin|commit|rollback|start transaction|select set_config\()/i.test(text)) {
        statements.push(text);
      }
      return Reflect.apply(query, client, call);
    }) as typeof query;
  };
  db.pool.on("acquire", watch);
  try {
    return { result: await work(), statements };
  } finally {
    db.pool.off("acquire", watch);
    for (const [client, query] of watched) {
      client.query = query;
    }
  }
}
