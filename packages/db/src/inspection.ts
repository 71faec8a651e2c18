import pg from "pg";
import { createDatabase, type Database } from "./client.ts";
import { appliedMigrations, migrationNames } from "./migrations.ts";

/** The roles that `sql/roles.sql` makes. */
const ourRoles = [
  "hr_owner",
  "hr_migrator",
  "hr_engine",
  "hr_jobs",
  "hr_api",
  "hr_worker",
  "hr_webhook",
  "hr_readonly",
];
/** Those that the applications' login must be able to take. */
const rolesOfApplications = ["hr_api", "hr_worker", "hr_webhook", "hr_jobs"];

/** A server as a login finds it, before anything of ours is used. */
export interface ServerInspection {
  /** `18.4`, and the same as a number: 180004. */
  version: string;
  versionNumber: number;
  login: string;
  /** Row-level security would not hold it. */
  privileged: boolean;
  /** Roles of ours that are not there. */
  missingRoles: string[];
  /** Roles of the applications that the login may not take. */
  refusedRoles: string[];
}

/** @throws Error when the server cannot be reached or refuses the login; within 3 seconds */
export async function inspectServer(connectionString: string): Promise<ServerInspection> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 3_000,
    query_timeout: 3_000,
    application_name: "headroom doctor",
  });
  // A connection that dies fails its query; an unheard error event would end the process instead.
  client.on("error", () => {});
  await client.connect();
  try {
    const { rows } = await client.query<ServerInspection>(
      `select current_setting('server_version') as version,
         current_setting('server_version_num')::integer as "versionNumber", session_user as login,
         (select rolsuper or rolbypassrls from pg_roles where rolname = session_user) as privileged,
         array(select r from unnest($1::text[]) r where not exists (select from pg_roles where rolname = r)
           order by 1) as "missingRoles",
         array(select rolname::text from pg_roles
           where rolname = any ($2) and not pg_has_role(session_user, oid, 'member') order by 1) as "refusedRoles"`,
      [ourRoles, rolesOfApplications],
    );
    return rows[0] as ServerInspection;
  } finally {
    await client.end();
  }
}

/** How a database's migrations compare with this code's. */
export interface MigrationStanding {
  applied: string[];
  /** What `migrate` would apply. */
  pending: string[];
  /** What a newer release applied. */
  unknown: string[];
}

/** @param database as hr_api, hr_worker or hr_webhook */
export async function compareMigrations(database: Database): Promise<MigrationStanding> {
  const [known, applied] = await Promise.all([migrationNames(), appliedMigrations(database.pool)]);
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

/** What `migrate` would apply to a database, also to one that has nothing of ours yet. */
export async function listPendingMigrations(connectionString: string): Promise<string[]> {
  const { missingRoles } = await inspectServer(connectionString);
  if (missingRoles.length > 0) {
    return migrationNames();
  }
  const database = createDatabase({ connectionString, role: "hr_api", applicationName: "headroom migrate" });
  try {
    return (await compareMigrations(database)).pending;
  } finally {
    await database.close();
  }
}

/** Real time as the server has it, and the development offset in milliseconds. */
export async function readClocks(database: Database): Promise<{ server: Date; offsetMs: number }> {
  const { rows } = await database.pool.query<{ server: Date; offsetMs: number }>(
    `select clock_timestamp() as server, (extract(epoch from clock_offset) * 1000)::float8 as "offsetMs"
     from dev_clock`,
  );
  return rows[0] as { server: Date; offsetMs: number };
}

/** Workers that said within three seconds that they live. @param jobs as hr_jobs */
export async function countLivingWorkers(jobs: Database): Promise<number> {
  const { rows } = await jobs.pool.query<{ living: number }>(
    "select count(*) as living from worker_heartbeat where beat_at > clock_timestamp() - interval '3 seconds'",
  );
  return rows[0]?.living ?? 0;
}

/** How long ago the last event of Stripe's came, in seconds of real time; null: none is kept. @param database as hr_worker */
export async function secondsSinceLastEvent(database: Database): Promise<number | null> {
  const { rows } = await database.pool.query<{ seconds: number | null }>(
    "select extract(epoch from clock_timestamp() - max(received_at))::float8 as seconds from stripe_inbox",
  );
  return rows[0]?.seconds ?? null;
}
