import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { nameStatements } from "./named-statements.ts";
import type { DB } from "./schema.ts";

/** The database roles that processes run as; `sql/roles.sql` makes them. */
export type DatabaseRole = "hr_api" | "hr_worker" | "hr_webhook" | "hr_jobs" | "hr_readonly" | "hr_owner";

export interface DatabaseOptions {
  connectionString: string;
  role: DatabaseRole;
  applicationName: string;
  /** Connections at most; default 8. */
  max?: number;
  /** Told of connections that die while idle; the pool replaces them. */
  onConnectionError?: (error: Error) => void;
}

export interface Database {
  kysely: Kysely<DB>;
  pool: pg.Pool;
  close(): Promise<void>;
}

const int8 = 20;
const date = 1082;

/** int8 arrives as a string by default: every bigint of ours is at most 2^53 − 1, and one that is not throws. */
export function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`bigint ${text} is beyond 2^53 - 1`);
  }
  return value;
}

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") => {
    if (oid === int8) {
      return parseInt8;
    }
    if (oid === date) {
      return (text: string) => text;
    }
    return format === "binary" ? pg.types.getTypeParser(oid, "binary") : pg.types.getTypeParser(oid, "text");
  }) as pg.CustomTypesConfig["getTypeParser"],
};

/** A pool whose every connection runs as `role` with our schema first. Bounded in every wait: a dead database is an error, never a hang. */
function createPool(options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max: options.max ?? 8,
    connectionTimeoutMillis: 3_000,
    query_timeout: 15_000,
    statement_timeout: 14_000,
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
    // A statement of ours runs for milliseconds; where its cost is overestimated, compiling it takes seconds.
    options: `-c role=${options.role} -c search_path=headroom -c jit=off`,
    types,
  });
  pool.on("error", (error) => options.onConnectionError?.(error));
  // One that dies in a transaction fails its query; an unheard error event would end the process as well.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** Opens the database as one of our roles. Connects lazily: `assertUnprivileged` is the first use. */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = createPool(options);
  // People wait for what the api does; the others have time, and their processes are busy longer with themselves.
  const named = nameStatements(pool, options.role === "hr_api");
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool: named }) });
  return { kysely, pool, close: () => closeAll(kysely, pool) };
}

/**
 * Refuses a login that row-level security would not hold: a superuser or one with BYPASSRLS, as itself or as the
 * role it runs as.
 */
export async function assertUnprivileged(database: Database): Promise<void> {
  const { rows } = await database.pool.query<{ rolname: string }>(
    "select rolname from pg_roles where rolname in (session_user, current_user) and (rolsuper or rolbypassrls)",
  );
  if (rows[0]) {
    throw new Error(
      `the database login ${rows[0].rolname} is a superuser or bypasses row-level security; use an ordinary login`,
    );
  }
}

// Kysely ends the pool only when a statement went through it; one that only the pool saw would keep the process alive.
async function closeAll(kysely: Kysely<DB>, pool: pg.Pool): Promise<void> {
  await kysely.destroy();
  if (!pool.ending) {
    await pool.end();
  }
}
