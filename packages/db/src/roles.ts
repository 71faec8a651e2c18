import { readFile } from "node:fs/promises";
import pg from "pg";

const rolesFile = new URL("../sql/roles.sql", import.meta.url);

/** The roles are missing and this login may not make them; `statements` is what an administrator must run. */
export class RolesMissingError extends Error {
  override readonly name = "RolesMissingError";
  readonly statements: string;

  constructor(statements: string) {
    super(
      "the hr_ roles are missing and this login may not create them: run packages/db/sql/roles.sql as an administrator",
    );
    this.statements = statements;
  }
}

/** Makes the roles and schemas when the login may; otherwise checks that they are there. */
export async function ensureRoles(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const statements = await readFile(rolesFile, "utf8");
    if (await mayCreateRoles(client)) {
      await client.query(statements);
    } else if (!(await rolesStand(client))) {
      throw new RolesMissingError(statements);
    }
  } finally {
    await client.end();
  }
}

async function mayCreateRoles(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    "select rolsuper as may from pg_roles where rolname = current_user",
  );
  return rows[0]?.may ?? false;
}

async function rolesStand(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ stand: boolean }>(
    `select to_regnamespace('headroom') is not null and to_regnamespace('graphile_worker') is not null
       and count(*) = 8 as stand from pg_roles where rolname like 'hr\\_%'`,
  );
  return rows[0]?.stand ?? false;
}

/** Makes or updates an ordinary login that may take every `hr_` role: the development stack's `databaseUrl`. */
export async function ensureLogin(connectionString: string, login: string, password: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const name = client.escapeIdentifier(login);
    const { rowCount } = await client.query("select from pg_roles where rolname = $1", [login]);
    await client.query(
      `${rowCount ? "alter" : "create"} role ${name} login noinherit nosuperuser password ${client.escapeLiteral(password)}`,
    );
    await client.query(
      `grant hr_owner, hr_migrator, hr_engine, hr_jobs, hr_api, hr_worker, hr_webhook, hr_readonly to ${name}`,
    );
  } finally {
    await client.end();
  }
}

/** Makes a database of this name when the server has none. Answers its URL, with the login of `serverUrl`. */
export async function ensureDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (rowCount === 0) {
      await client.query(`create database ${client.escapeIdentifier(name)}`);
    }
  } finally {
    await client.end();
  }
  return Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
}
