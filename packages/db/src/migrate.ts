import { readFile } from "node:fs/promises";
import { Logger, runMigrations as migrateJobs } from "graphile-worker";
import { Kysely, PostgresDialect, sql } from "kysely";
import { type Migration, type MigrationProvider, Migrator } from "kysely/migration";
import pg from "pg";
import { appliedMigrations, migrationFile, migrationNames } from "./migrations.ts";
import { ensureRoles } from "./roles.ts";

const provider: MigrationProvider = {
  async getMigrations() {
    const names = await migrationNames();
    return Object.fromEntries(names.map((name) => [name, fromFile(name)]));
  },
};

function fromFile(name: string): Migration {
  return {
    async up(db) {
      const statements = await readFile(migrationFile(name), "utf8");
      // A waiting ALTER would make every reader behind it wait too: give up instead, traffic lives on.
      await sql.raw("set local lock_timeout = '5s'; set local role hr_owner;").execute(db);
      await sql.raw(statements).execute(db);
      await sql.raw("set local role hr_owner").execute(db);
    },
  };
}

/** The database has migrations that this code does not know: an older release must not run on it. */
export class DatabaseAheadError extends Error {
  override readonly name = "DatabaseAheadError";
}

export interface MigrationOptions {
  /** A login that may `set role hr_owner` and `hr_jobs`; a superuser makes the roles too. */
  connectionString: string;
  /** Told what is done, line by line. */
  log?: (line: string) => void;
}

export interface MigrationOutcome {
  applied: string[];
}

/**
 * Brings a database to this code's schema: roles, the job queue's schema, then our SQL files in one transaction
 * (killed half way, nothing of it stands). Several at once: one works, the others wait and find nothing to do.
 */
export async function migrate({
  connectionString,
  log = () => {},
}: MigrationOptions): Promise<MigrationOutcome> {
  await ensureRoles(connectionString);
  await withPool(connectionString, "hr_jobs", (pool) =>
    migrateJobs({ pgPool: pool, logger: new Logger(() => (_level, message) => log(message)) }),
  );
  return withPool(connectionString, "hr_owner", async (pool) => {
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
    await refuseIfAhead(pool);
    const migrator = new Migrator({ db, provider, migrationTableSchema: "headroom" });
    const { error, results } = await migrator.migrateToLatest();
    if (error) {
      throw error;
    }
    await pool.query("select ensure_partitions(30)");
    const applied = (results ?? []).map((result) => result.migrationName);
    for (const name of applied) {
      log(`applied ${name}`);
    }
    return { applied };
  });
}

async function refuseIfAhead(pool: pg.Pool): Promise<void> {
  const known = new Set(await migrationNames());
  const unknown = (await appliedMigrations(pool)).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new DatabaseAheadError(`the database is ahead of this release: it has ${unknown.join(", ")}`);
  }
}

async function withPool<Result>(
  connectionString: string,
  role: "hr_owner" | "hr_jobs",
  work: (pool: pg.Pool) => Promise<Result>,
): Promise<Result> {
  const pool = new pg.Pool({
    connectionString,
    max: 2,
    connectionTimeoutMillis: 10_000,
    application_name: "headroom migrate",
    options: `-c role=${role} -c search_path=headroom`,
  });
  // A connection that dies fails its query; an unheard error event would end the process instead.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}
