import { type DatabaseConnection, type Dialect, DummyDriver, type QueryResult, Transaction } from "kysely";
import pg from "pg";
import type { Database } from "./client.ts";
import { askByName, type NamedQuery } from "./named-statements.ts";
import { sqlState } from "./retry.ts";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

/**
 * Runs `read` on the rows of one organization and no others: each of its statements by itself, on a snapshot of its own,
 * and in one exchange with the database, where `withOrganization` takes three. Nothing can be written. For what is read by
 * one statement, or by several that need not fit together.
 */
export function readOrganization<Result>(
  database: Database,
  organizationId: string,
  read: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) {
      return { rows: await ask<Row>(database.pool, organizationId, sql, parameters) } as QueryResult<Row>;
    },
    streamQuery: () => {
      throw new Error("a read of one organization is no stream");
    },
  };
  const executor = database.kysely
    .getExecutor()
    .withConnectionProvider({ provideConnection: (consumer) => consumer(connection) });
  return read(new Transaction<DB>({ config: { dialect }, dialect, driver, executor }));
}

// Kysely wants both and asks neither: the executor has its compiler, and its connection.
const driver = new DummyDriver();
const dialect = {} as Dialect;

const setting = {
  name: "read_organization",
  text: "select set_config('headroom.organization_id', $1, true), set_config('transaction_read_only', 'on', true)",
};

async function ask<Row>(
  pool: pg.Pool,
  organizationId: string,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const client = await pool.connect();
  let broken = true;
  try {
    const { connection } = client as unknown as { connection: Connection };
    // Outside a transaction it sets nothing: it is only parsed, once per connection.
    if (connection.parsedStatements[setting.name] === undefined) {
      await client.query({ ...setting, values: [organizationId] });
    }
    const { rows } = await askByName(pool, client, text, values, (query) =>
      sendTogether(client, organizationId, query),
    );
    broken = false;
    return rows as Row[];
  } catch (error) {
    // What the server has refused is over. A session that it ends (57P…) is told so first, and after anything else
    // nobody knows what the connection still brings.
    broken = !(error instanceof pg.DatabaseError) || sqlState(error).startsWith("57P");
    throw error;
  } finally {
    client.release(broken);
  }
}

/** What pg's own queries are made of; its types do not say so. */
type Connection = {
  parsedStatements: Record<string, string | undefined>;
  bind(options: { portal: string; statement: string; values: readonly string[] }): void;
  execute(options: { portal: string }): void;
};

type SentQuery = pg.Query & {
  callback: (error: Error | undefined, result: pg.QueryResult) => void;
  prepare(connection: Connection): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
};

/**
 * Sends the setting and the statement with one `Sync` behind both. PostgreSQL runs what comes before a `Sync` as one
 * transaction, which ends there, by an error too, and the setting with it (Message Flow, section Pipelining).
 */
function sendTogether(
  client: pg.PoolClient,
  organizationId: string,
  config: NamedQuery,
): Promise<pg.QueryResult> {
  const query = new pg.Query({ ...config, queryMode: "extended" } as pg.QueryConfig) as SentQuery;
  const { prepare, handleDataRow, handleCommandComplete } = query;
  let isSet = false;
  query.prepare = (connection) => {
    connection.bind({ portal: "", statement: setting.name, values: [organizationId] });
    connection.execute({ portal: "" });
    prepare.call(query, connection);
  };
  query.handleDataRow = (message) => {
    if (isSet) handleDataRow.call(query, message);
  };
  query.handleCommandComplete = (message, connection) => {
    if (isSet) handleCommandComplete.call(query, message, connection);
    isSet = true;
  };
  return new Promise((resolve, reject) => {
    query.callback = (error, result) => (error ? reject(error) : resolve(result));
    client.query(query);
  });
}
