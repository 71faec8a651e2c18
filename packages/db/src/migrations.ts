import { readdir } from "node:fs/promises";
import type pg from "pg";

const folder = new URL("../migrations/", import.meta.url);

/** Where a migration's statements are. */
export function migrationFile(name: string): URL {
  return new URL(`${name}.sql`, folder);
}

/** The names of the migrations that this code was written for, in order. */
export async function migrationNames(): Promise<string[]> {
  return (await readdir(folder))
    .filter((file) => file.endsWith(".sql"))
    .map((file) => file.slice(0, -".sql".length))
    .sort();
}

/** The migrations that a database has, in order; none when it was never migrated. */
export async function appliedMigrations(pool: pg.Pool): Promise<string[]> {
  const { rows: there } = await pool.query(
    "select to_regclass('headroom.kysely_migration') is not null as there",
  );
  if (!there[0].there) {
    return [];
  }
  const { rows } = await pool.query<{ name: string }>(
    "select name from headroom.kysely_migration order by name",
  );
  return rows.map((row) => row.name);
}

/** True when the database has exactly this code's migrations: what `/readyz` asks. */
export async function isMigrated(pool: pg.Pool): Promise<boolean> {
  const [known, applied] = await Promise.all([migrationNames(), appliedMigrations(pool)]);
  return known.length === applied.length && known.every((name, index) => name === applied[index]);
}
